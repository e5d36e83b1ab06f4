package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/models/index"
)

// labelImages are rows of a list: label images by their names, with class and coarse class.
type labelImages map[string][2]string

// write writes the list, with a photo of each.
func (l labelImages) write(t *testing.T) {
	t.Helper()
	text := "image,label_image,class,coarse\n"
	for _, path := range slices.Sorted(maps.Keys(l)) {
		text += fmt.Sprintf("%s,%s,%s,%s\n", strings.Replace(path, "train", "test", 1), path, l[path][0], l[path][1])
	}
	writeText(t, "list.csv", text)
}

// TestIndexSame: what is new, changed and out of date is the same to a service as to a folder, and so is what they
// have afterwards. Without --metadata that stays.
func TestIndexSame(t *testing.T) {
	model, data := storedModel(t)
	t.Chdir(t.TempDir())
	if err := sample.Write("pictures", sample.Options{Classes: 4, Train: 3, Test: 2}); err != nil {
		t.Fatal(err)
	}
	arrow, house := "pictures/train/arrow/000.png", "pictures/train/house/000.png"
	rows := labelImages{arrow: {"arrow", "signs"}, house: {"house", "things"}, "pictures/train/cross/000.png": {"cross", "signs"}}
	priced := []string{"--metadata", "prices.csv"}
	indexes := []string{"served.index", "local.index"}
	for _, name := range indexes {
		tfpair(t, "index", "build", "--quiet", "--model", model, "--data", data, "--out", name)
	}
	s := serveIndex(t, model, "served.index")
	for _, step := range []struct {
		what    string
		do      func()
		command string
		flags   []string
		want    [4]int // added, replaced, renewed, images
	}{
		{"three images with prices", func() { writeText(t, "prices.csv", "path,price\n"+arrow+",3.20\n"+house+",7\n") },
			"add", priced, [4]int{3, 0, 0, 27}},
		{"nothing, and no word of prices", func() {}, "update", nil, [4]int{0, 0, 0, 27}},
		{"another class", func() { rows[arrow] = [2]string{"pointer", "signs"} }, "update", nil, [4]int{0, 0, 1, 27}},
		{"another class of a class", func() { rows[house] = [2]string{"house", "homes"} }, "update", nil, [4]int{0, 0, 1, 27}},
		{"what add leaves alone", func() { rows[house] = [2]string{"house", "huts"} }, "add", nil, [4]int{0, 0, 0, 27}},
		{"another file, and the huts", func() {
			file, err := os.ReadFile("pictures/train/arrow/002.png")
			if err != nil {
				t.Fatal(err)
			}
			writeText(t, arrow, string(file))
		}, "update", nil, [4]int{0, 1, 1, 27}},
		{"a new price, and one that is gone", func() { writeText(t, "prices.csv", "path,price\n"+arrow+",2.95\n") },
			"update", priced, [4]int{0, 0, 2, 27}},
		{"no thumbnail", func() {
			for _, name := range indexes {
				loseThumbnail(t, name, house)
			}
		}, "update", nil, [4]int{0, 0, 1, 27}},
		{"nothing", func() {}, "update", priced, [4]int{0, 0, 0, 27}},
	} {
		step.do()
		rows.write(t)
		args := slices.Concat([]string{step.command, "--data", "list.csv"}, step.flags)
		served, _ := s.change(t, exitDone, append(args, "--token-file", s.token)...)
		var local changedIndex
		line := slices.Concat([]string{"index"}, args, []string{"--model", model, "--index", "local.index", "--json"})
		if err := json.Unmarshal(tfpair(t, line...), &local); err != nil {
			t.Fatal(err)
		}
		for name, r := range map[string]changedIndex{"the service": served, "the folder": local} {
			if got := [4]int{r.Added, r.Replaced, r.Renewed, r.Images}; got != step.want {
				t.Errorf("%s: %s added, replaced, renewed and has %v, want %v", step.what, name, got, step.want)
			}
		}
		sameIndexes(t, "served.index", "local.index")
	}
	x, err := index.Read("served.index")
	if err != nil {
		t.Fatal(err)
	}
	for row, item := range x.All() {
		if item.ID == arrow && (item.Class != "pointer" || x.Metadata(row)["price"] != "2.95") {
			t.Errorf("in the end %+v has %v", item, x.Metadata(row))
		}
	}
}

// loseThumbnail takes the thumbnail of an image out of an index.
func loseThumbnail(t *testing.T, path, id string) {
	t.Helper()
	f, err := index.OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	x, row, ok := f.Find(id)
	if !ok {
		t.Fatalf("%s has no %s: %s", path, id, strings.Join(ids(x), " "))
	}
	e, err := x.Entry(row)
	if err != nil {
		t.Fatal(err)
	}
	e.Picture = nil
	if err := f.Put(e); err != nil {
		t.Fatal(err)
	}
}

// ids returns those of an index.
func ids(x *index.Index) (list []string) {
	for _, item := range x.All() {
		list = append(list, item.ID)
	}
	return list
}
