package decode

import (
	"encoding/csv"
	"errors"
	"image/color"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// dataDir returns a folder of the shared image data, or skips the test.
func dataDir(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("TFPAIR_DATA")
	if dir == "" {
		root, err := filepath.Abs(".")
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			if root == filepath.Dir(root) {
				t.Skip("no go.mod above this folder, TFPAIR_DATA is not set")
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared", "data")
	}
	dir = filepath.Join(dir, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("image data: %v (set TFPAIR_DATA)", err)
	}
	return dir
}

// records returns the rows of a CSV file without its header.
func records(t *testing.T, fsys fs.FS, name string) [][]string {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("%s: %d rows, %v", name, len(rows), err)
	}
	return rows[1:]
}

// TestTorture holds each file of the torture set to its manifest.csv
// (file,expected,why) and probes.csv (file,width,height,x,y,r,g,b,tolerance).
func TestTorture(t *testing.T) {
	fsys := os.DirFS(dataDir(t, "torture"))
	probes := map[string][][]string{}
	for _, p := range records(t, fsys, "probes.csv") {
		probes[p[0]] = append(probes[p[0]], p[1:])
	}
	for _, row := range records(t, fsys, "manifest.csv") {
		name, expected := row[0], row[1]
		t.Run(name, func(t *testing.T) {
			img, err := Open(fsys, name, Limits{})
			if expected == "reject" {
				var imageError *ImageError
				if !errors.As(err, &imageError) || !strings.Contains(err.Error(), name) {
					t.Fatalf("error %v, want an *ImageError that names the file", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkForm(t, img)
			for _, p := range probes[name] {
				v := make([]int, len(p))
				for i := range p {
					if v[i], err = strconv.Atoi(p[i]); err != nil {
						t.Fatal(err)
					}
				}
				if img.Rect.Dx() != v[0] || img.Rect.Dy() != v[1] {
					t.Fatalf("size %v, want %dx%d", img.Rect.Size(), v[0], v[1])
				}
				want := color.NRGBA{uint8(v[4]), uint8(v[5]), uint8(v[6]), 255}
				if got := img.NRGBAAt(v[2], v[3]); !near(got, want, v[7]) {
					t.Errorf("pixel (%d,%d) = %v, want %v ± %d", v[2], v[3], got, want, v[7])
				}
			}
		})
	}
}
