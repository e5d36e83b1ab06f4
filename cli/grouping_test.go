package cli

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// shelves writes pictures of six classes: of each, three bursts of five pictures, each of one
// colour with a little noise; or, where bursts is false, fifteen pictures of colours of their own.
func shelves(t *testing.T, bursts bool) string {
	t.Helper()
	folder := t.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	for class := range 6 {
		if err := os.Mkdir(filepath.Join(folder, fmt.Sprint(class)), 0o755); err != nil {
			t.Fatal(err)
		}
		var c [3]int
		for i := range 15 {
			if !bursts || i%5 == 0 {
				c = [3]int{r.IntN(240), r.IntN(240), r.IntN(240)}
			}
			img := image.NewNRGBA(image.Rect(0, 0, 12, 12))
			for p := range 144 {
				n := r.IntN(16)
				img.SetNRGBA(p%12, p/12, color.NRGBA{uint8(c[0] + n), uint8(c[1] + n), uint8(c[2] + n), 255})
			}
			file, err := os.Create(filepath.Join(folder, fmt.Sprint(class), fmt.Sprintf("%02d.png", i)))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(file, img); err != nil {
				t.Fatal(err)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	return folder
}

// TestGrouping: data whose pictures come in bursts is grouped by look where a training parts it,
// says so, and is so opened again without another look at the pictures. What says how it is
// grouped, or parted, stays as it is.
func TestGrouping(t *testing.T) {
	for _, c := range []struct {
		name    string
		bursts  bool
		parted  bool
		groupBy string
		groups  int
		want    string // value of group-by afterwards
	}{
		{"bursts", true, true, "", 24, "look"},
		{"independent", false, true, "", 0, ""},
		{"not parted", true, false, "", 0, ""},
		{"none", true, true, "none", 0, "none"},
		{"asked", false, true, "look", 24, "look"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := dataOptions{path: shelves(t, c.bursts), groupBy: c.groupBy}
			g := grouping{data: &o, parted: c.parted, out: output{IO: IO{Out: io.Discard, Err: io.Discard}}}
			open := func() *dataset.Dataset {
				d, err := g.open(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = d.Close() })
				return d
			}
			first := open()
			if len(first.Groups) != c.groups || o.groupBy != c.want {
				t.Errorf("%d groups, group-by %q, want %d and %q", len(first.Groups), o.groupBy, c.groups, c.want)
			}
			if got, want := strings.Contains(strings.Join(first.Notes, "\n"), "--group-by none"), c.bursts && c.want == "look"; got != want {
				t.Errorf("notes %q: say how to switch groups off: %t, want %t", first.Notes, got, want)
			}
			for i := range first.Images { // whoever looks again finds no picture
				if err := os.WriteFile(filepath.Join(o.path, first.Images[i].Path), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if again := open(); !reflect.DeepEqual(again.GroupOf, first.GroupOf) {
				t.Error("opened again, the groups are others")
			}
			if got, want := g.forget(), c.name == "bursts"; got != want {
				t.Errorf("forget() = %t, want %t", got, want)
			}
			if again := open(); c.name == "bursts" && (again.Groups != nil || o.groupBy != "") {
				t.Errorf("what was found is forgotten, and there are %d groups, group-by %q", len(again.Groups), o.groupBy)
			}
		})
	}
}
