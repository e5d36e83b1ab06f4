package seen

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/pipeline/phash"
)

// image returns an image with the given content; hash 0 stands for none.
func image(path string, role Role, content string, hash phash.Hash) Image {
	return Image{Path: path, Role: role, Identity: phash.Identity{SHA256: sha256.Sum256([]byte(content)), Hash: hash, Hashed: hash != 0}}
}

// list has a picture of two roles, and copies that are near.
func list() List {
	l := List{
		image("b.jpg", Val, "one", 0xff),
		image("a.jpg", Train, "one", 0xff),
		image("line\nfeed \"and\" ünïcode.png", Val, "two", 0),
		image("d.jpg", Val, "three", 0xff00ff),
		image("e.jpg", Train, "four", 0xff00ff^1),
		image("f.jpg", Label, "five", 0xf0f0f0f0f0f0f0f0),
	}
	l.Sort()
	return l
}

func TestRoundTrip(t *testing.T) {
	folder := t.TempDir()
	want := list()
	text, err := want.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "seen"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Read(folder, "seen")
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Read = %v, %v, want %v", got, err, want)
	}
	if _, err := Read(folder, "seenx"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read of nothing = %v, want fs.ErrNotExist", err)
	}
	if _, err := Read(folder, "."); err == nil {
		t.Error("Read of a folder = nil error")
	}
}

// TestDamage: each bit and each length matters.
func TestDamage(t *testing.T) {
	text, err := list().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		damaged := slices.Clone(text)
		damaged[i] ^= 1 << (i % 8)
		if _, err := Unmarshal(damaged); err == nil {
			t.Fatalf("a flipped bit in byte %d goes unseen", i)
		}
		if _, err := Unmarshal(text[:i]); err == nil {
			t.Fatalf("a file cut after %d bytes is read", i)
		}
	}
}

// TestOtherHash: hashes of another version are no hashes of this one.
func TestOtherHash(t *testing.T) {
	text, err := list().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Replace(string(text[:len(text)-65]), phash.Name, "dct-sign-64/0", 1)
	sum := sha256.Sum256([]byte(body))
	got, err := Unmarshal([]byte(body + Image{Identity: phash.Identity{SHA256: sum}}.sum() + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if n := got.Unhashed(); n != 5 { // of six, one has no hash
		t.Errorf("%d images have a hash of another version, want 5", n)
	}
	if got.Sum() != list().Sum() {
		t.Error("the sum of a list depends on its perceptual hashes")
	}
	for _, i := range got {
		if i.Hashed {
			t.Errorf("%s has hash %v of another version", i.Path, i.Hash)
		}
	}
}

func TestSet(t *testing.T) {
	s := NewSet(list())
	if got, ok := s.Find(image("", "", "one", 0).Identity); !ok || got.Role != Train || got.Path != "a.jpg" {
		t.Errorf("Find(one) = %+v, %t, want a.jpg of train: the most exposed role counts", got, ok)
	}
	if got, ok := s.Find(image("", "", "other", 0xff).Identity); ok {
		t.Errorf("Find(other) = %+v, want none", got)
	}
	for _, c := range []struct {
		name, content string
		hash          phash.Hash
		want          string // path, "" for none
	}{
		{"re-encoded", "other", 0xff ^ 0b111, "a.jpg"},
		{"nearest", "other", 0xff00ff ^ 1, "e.jpg"},
		{"itself is no copy", "four", 0xff00ff ^ 1, "d.jpg"},
		{"too far", "other", 0x0f0f0f0f0f0f0f0f, ""},
		{"drawing", "other", 0, ""},
	} {
		got, ok := s.Copy(image("", "", c.content, c.hash).Identity)
		if ok != (c.want != "") || got.Path != c.want {
			t.Errorf("%s: Copy = %q, %t, want %q", c.name, got.Path, ok, c.want)
		}
	}
}

func TestCompare(t *testing.T) {
	before := List{image("a", Train, "1", 0), image("b", Train, "2", 0), image("c", Val, "3", 0), image("d", Label, "4", 0)}
	after := List{image("a", Train, "1", 0), image("b", Train, "x", 0), image("c", Train, "3", 0), image("e", Label, "4", 0)}
	want := []Difference{{"b", "other content"}, {"c", "was val, is train"}, {"d", "not in the data any more"}, {"e", "new"}}
	if got := Compare(before, after); !slices.Equal(got, want) {
		t.Errorf("Compare = %v, want %v", got, want)
	}
	if got := Compare(before, before); got != nil {
		t.Errorf("Compare with itself = %v", got)
	}
}

func FuzzUnmarshal(f *testing.F) {
	text, err := list().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = Unmarshal(text) })
}
