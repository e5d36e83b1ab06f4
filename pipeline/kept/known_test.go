package kept

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tfpair/tfpair/pipeline/phash"
)

// TestKnown: the checksum of a file is known from packs of every way, until the file changes.
func TestKnown(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.jpg")
	if err := os.WriteFile(path, []byte("a picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := os.DirFS(folder)
	o := at(filepath.Join(t.TempDir(), "pixels"), 1<<20, time.Now().Add(time.Hour))
	if _, ok := Known(o)(files, "a.jpg"); ok {
		t.Error("a file is known of which nothing was kept")
	}
	sum := sha256.Sum256([]byte("a picture"))
	p := Open(o, "some way", AnyLength)
	for _, data := range [][]uint8{[]uint8("short"), []uint8("much longer")} { // each may have a length of its own
		if !p.Put(StampOf(files, "a.jpg"), About{Identity: phash.Identity{SHA256: sum}}, data) {
			t.Fatal("nothing is kept")
		}
	}
	p.Close()
	p = Open(o, "some way", AnyLength)
	defer p.Close()
	if e, ok := p.Stamped(StampOf(files, "a.jpg")); !ok || string(p.ReadAll(e)) != "much longer" {
		t.Errorf("what is kept is %q (%t), want what was kept last", p.ReadAll(e), ok)
	}
	known := Known(o)
	if got, ok := known(files, "a.jpg"); !ok || got != sum {
		t.Errorf("the checksum is %x (%t), want %x", got, ok, sum)
	}
	if _, ok := known(files, "b.jpg"); ok {
		t.Error("a file that is not there is known")
	}
	if err := os.WriteFile(path, []byte("another picture"), 0o600); err != nil { // of another size: the clock of the disk may stand still
		t.Fatal(err)
	}
	if _, ok := known(files, "a.jpg"); ok {
		t.Error("a file that has changed is known")
	}
}
