package holder

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// remembered makes a run that has seen one photo.
func remembered(t *testing.T, path string) {
	t.Helper()
	f, err := run.OpenOrCreate(path, []byte("backbone: smallconv\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	err = f.SetSeen(seen.List{{Path: "a.jpg", Role: seen.Train, Identity: photo("a", 0)}})
	if err != nil {
		t.Fatal(err)
	}
}

func photo(content string, hash phash.Hash) phash.Identity {
	return phash.Identity{SHA256: sha256.Sum256([]byte(content)), Hash: hash, Hashed: true}
}

// TestHolds: a file is known by its content; a hash of up to phash.Near bits away is a copy.
func TestHolds(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	remembered(t, folder)
	found, _, err := Find(context.Background(), folder)
	if err != nil || len(found) != 1 || found[0].Kind != Run || found[0].Unknown != "" {
		t.Fatalf("Find = %+v, %v; want the run, which knows all", found, err)
	}
	for _, of := range []struct {
		content  string
		hash     phash.Hash
		held     bool
		exact    bool
		distance int
	}{
		{"a", 1 << 60, true, true, 0}, // the same file, whatever its hash
		{"b", 1<<phash.Near - 1, true, false, phash.Near},
		{"b", 1<<(phash.Near+1) - 1, false, false, 0}, // one bit more
	} {
		held := found[0].Holds(photo(of.content, of.hash))
		if (len(held) == 1) != of.held || of.held && (held[0].Exact != of.exact || held[0].Distance != of.distance) {
			t.Errorf("%q, hash %v: held %+v, want %+v", of.content, of.hash, held, of)
		}
	}
}

// TestFind: each holder once, by links too where they are named; none in hidden folders; what
// is too deep is said.
func TestFind(t *testing.T) {
	t.Chdir(t.TempDir())
	deep := strings.Repeat("d"+string(filepath.Separator), maxDepth+1)
	for _, path := range []string{"one", filepath.Join("more", "two"), filepath.Join(".hidden", "three"), deep + "four"} {
		remembered(t, path)
	}
	if err := os.Symlink("one", "link"); err != nil {
		t.Fatal(err)
	}
	found, notes, err := Find(context.Background(), ".", "link")
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, h := range found {
		paths = append(paths, h.Path)
	}
	if got, want := strings.Join(paths, " "), filepath.Join("more", "two")+" one"; got != want {
		t.Errorf("found %s, want %s", got, want)
	}
	if len(notes) != 1 || !strings.Contains(notes[0], "too deep") {
		t.Errorf("notes %q, want one of a folder that is too deep", notes)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Find(ctx, "."); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	var nothing *NothingError
	for _, path := range []string{"none", ".hidden/three/checkpoints"} { // where "not found" would say too much
		if _, _, err := Find(context.Background(), path); !errors.As(err, &nothing) {
			t.Errorf("of %s: %v, want a *NothingError", path, err)
		}
	}
}

// TestOtherHashes: a run whose perceptual hashes are of another version says that it cannot tell copies.
func TestOtherHashes(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	remembered(t, folder)
	file := filepath.Join(folder, "seen")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Replace(string(text[:len(text)-2*sha256.Size-1]), phash.Name, "another/1", 1)
	text = fmt.Appendf(nil, "%s%x\n", body, sha256.Sum256([]byte(body)))
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	found, _, err := Find(context.Background(), folder)
	if err != nil || len(found) != 1 {
		t.Fatalf("Find = %+v, %v; want the run", found, err)
	}
	want := "copies of 1 of the 1 images that its training has seen are not known: their perceptual hashes are of another version, not " + phash.Name
	if h := found[0]; h.Unknown != want || len(h.Holds(photo("a", 0))) != 1 || len(h.Holds(photo("b", 0))) != 0 {
		t.Errorf("the run cannot tell %q, and holds a: %v, b: %v; want %q, and the same file alone", h.Unknown,
			h.Holds(photo("a", 0)), h.Holds(photo("b", 0)), want)
	}
}
