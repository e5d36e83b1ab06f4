package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/pipeline/phash"
	"github.com/tfpair/tfpair/runner/trained"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// people returns a run that remembers pictures of three people, one bad.
func people(t *testing.T) string {
	t.Helper()
	folder := trainedtest.Run(t, func(_ *checkpoint.Checkpoint, s *trained.State) {
		s.Classes, s.Seen = []string{"Anna", "Berta", "Clara"}, []string{"Anna", "Berta"}
		s.Skipped = []string{"Clara/bad.png"}
		s.Validation.Strangers = &index.Strangers{Classes: []string{"Berta"}, Vectors: make(index.Vectors, 8)}
	})
	f, err := run.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var list seen.List
	for _, path := range []string{"Anna/1.png", "Berta/2.png"} {
		list = append(list, seen.Image{Path: path, Role: seen.Train,
			Identity: phash.Identity{SHA256: sha256.Sum256([]byte(path)), Hash: 5, Hashed: true}})
	}
	if err := f.SetSeen(list); err != nil {
		t.Fatal(err)
	}
	return folder
}

// text returns all bytes of a folder.
func text(t *testing.T, folder string) []byte {
	t.Helper()
	var all []byte
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all = append(append(all, path...), data...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// carrying returns what makes a gallery of two pictures of Clara and Dora.
func carrying(_ context.Context, m *models.Model) (*index.Index, error) {
	a := index.About{Kind: "flat", Space: m.Info().Manifest.Space, Model: "m", Distance: "euclidean", Dim: m.Dim(), Root: "/photos/staff"}
	data := make([]float32, 2*m.Dim())
	data[0], data[m.Dim()+1] = 1, 1
	return index.New(a, []index.Item{{ID: "Clara/3.png", Path: "Clara/3.png", SHA256: "cc", Class: "Clara", Coarse: "Sales"},
		{ID: "Dora/4.png", Path: "Dora/4.png", SHA256: "dd", Class: "Dora", Coarse: "Sales"}}, data)
}

// TestNoHashes: a model carries no hash of a picture of its training unless it is asked to.
func TestNoHashes(t *testing.T) {
	folder := people(t)
	sum := sha256.Sum256([]byte("Anna/1.png"))
	of := seen.Image{Identity: phash.Identity{SHA256: sum}}
	line, err := seen.List{of}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	hash := strings.Fields(string(bytes.Split(line, []byte("\n"))[2]))[0] // of a role that is ""
	if len(hash) != 2*sha256.Size {
		t.Fatalf("%q is no SHA-256", hash)
	}
	for _, with := range []bool{false, true} {
		c := config(folder, filepath.Join(t.TempDir(), "model"))
		c.WithSeen = with
		r, err := Run(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		if got := bytes.Contains(text(t, c.Out), []byte(hash)); got != with || (r.Seen == 2) != with {
			t.Errorf("with seen %t: hashes are there: %t, of %d images", with, got, r.Seen)
		}
		for _, name := range []string{models.SeenName, models.StrangersName} {
			if _, listed := r.Manifest.Files[name]; listed != with {
				t.Errorf("with seen %t: %s is listed: %t", with, name, listed)
			}
		}
	}
	c := config(trainedtest.Run(t, nil), filepath.Join(t.TempDir(), "model"))
	c.WithSeen = true
	if _, err := Run(context.Background(), c); !errors.Is(err, ErrNotRemembered) {
		t.Errorf("of a run without list: %v, want ErrNotRemembered", err)
	}
	if _, err := os.Stat(c.Out); err == nil {
		t.Error("a refused export left its folder")
	}
}

// TestAliases: no name of a class, no path and no folder of pictures is in the model; the run
// says what each alias stands for, and the next export uses the same.
func TestAliases(t *testing.T) {
	folder, before := people(t), map[string]string{}
	for range 2 {
		c := config(folder, filepath.Join(t.TempDir(), "model"))
		c.WithSeen, c.AliasClasses, c.Gallery = true, true, carrying
		r, err := Run(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		all := text(t, c.Out)
		for _, name := range []string{"Anna", "Berta", "Clara", "Dora", "Sales", "staff"} {
			if bytes.Contains(all, []byte(name)) {
				t.Errorf("the model holds the name %q", name)
			}
		}
		a, err := readAliases(r.Aliases)
		if err != nil {
			t.Fatal(err)
		}
		name := map[string]string{}
		for _, row := range a.rows {
			name[row[0]] = row[1]
		}
		if len(before) > 0 && len(name) != len(before) {
			t.Errorf("the second export has other aliases: %v, before %v", name, before)
		}
		before = name
		var classes []string
		for _, alias := range r.Manifest.Classes {
			classes = append(classes, name[alias])
		}
		slices.Sort(classes)
		if !slices.Equal(classes, []string{"Anna", "Berta", "Clara"}) || len(r.Manifest.Seen) != 2 || !r.Manifest.Aliased {
			t.Errorf("classes %v stand for %v; seen are %v", r.Manifest.Classes, classes, r.Manifest.Seen)
		}
		checkAliased(t, c.Out, name)
	}
}

// checkAliased looks at the gallery and the list of images of a model.
func checkAliased(t *testing.T, out string, name map[string]string) {
	t.Helper()
	m, g := galleryOf(t, out)
	for row := range 2 {
		item := g.Vectors().Item(row)
		at := map[string]int{"Clara": 0, "Dora": 1}[name[item.Class]]
		if want := []string{"Clara/3.png", "Dora/4.png"}[at]; name[item.Path] != want || item.ID != item.Path ||
			g.Vectors().Vector(row)[at] != 1 {
			t.Errorf("item %+v at %v stands for %q, want %q", item, g.Vectors().Vector(row), name[item.Path], want)
		}
	}
	list, err := seen.Read(m.Info().Path, models.SeenName)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		if i.SHA256 != sha256.Sum256([]byte(name[i.Path])) {
			t.Errorf("image %q stands for %q, of another hash", i.Path, name[i.Path])
		}
	}
}

// TestAliasesAreRead: a file that is no list of aliases is refused before anything is written.
func TestAliasesAreRead(t *testing.T) {
	for _, content := range []string{"alias,name\nAnna,class-0001\n", "alias\nx\n", "alias,name\n\"class-0001,x\n"} {
		folder := people(t)
		if err := os.WriteFile(filepath.Join(folder, "aliases.csv"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		c := config(folder, filepath.Join(t.TempDir(), "model"))
		c.AliasClasses = true
		_, err := Run(context.Background(), c)
		var wrong *AliasesError
		if !errors.As(err, &wrong) {
			t.Errorf("%q: %v, want an *AliasesError", content, err)
		}
		if _, err := os.Stat(c.Out); err == nil {
			t.Errorf("%q: a refused export left its folder", content)
		}
	}
}

// TestAliasesOfTwo: an export does not replace the aliases that another one gave meanwhile.
func TestAliasesOfTwo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "aliases.csv")
	one, err := readAliases(path)
	if err != nil {
		t.Fatal(err)
	}
	two, err := readAliases(path)
	if err != nil {
		t.Fatal(err)
	}
	one.add(classAlias, []string{"Anna", "Berta"})
	two.add(classAlias, []string{"Berta", "Clara"})
	if err := one.store(); err != nil {
		t.Fatal(err)
	}
	var changed *AliasesError
	if err := two.store(); !errors.As(err, &changed) {
		t.Errorf("the second export: %v, want an *AliasesError", err)
	}
	if again, err := readAliases(path); err != nil || len(again.rows) != 2 {
		t.Errorf("aliases are %v, %v; want those of the first", again, err)
	}
}
