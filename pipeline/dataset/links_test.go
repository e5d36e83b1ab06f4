package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// linked makes class folders a and b with two pictures each, and returns their folder.
func linked(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for _, name := range []string{"a/1.png", "a/2.png", "b/1.png", "b/2.png"} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// TestLinksToNothing: they are named and left out, under whatever name.
func TestLinksToNothing(t *testing.T) {
	root := linked(t)
	for link, to := range map[string]string{"a/3.png": "none.png", "b/itself.png": "itself.png"} {
		if err := os.Symlink(to, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	d, err := Open(Options{Data: root})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const want = `left out 2 names that cannot be read as a picture or folder: "a/3.png" (a link that leads nowhere), "b/itself.png" (a link that leads nowhere)`
	if notes := strings.Join(d.Notes, "\n"); len(d.Images) != 4 || !strings.Contains(notes, want) {
		t.Errorf("%d images and notes %q, want 4 and %q", len(d.Images), notes, want)
	}
	if want := []string{"a/3.png", "b/itself.png"}; !slices.Equal(d.Nowhere, want) {
		t.Errorf("links that lead nowhere are %q, want %q", d.Nowhere, want)
	}
}

// TestLinkedAgain: 23 folders with two links each to the next are 2²³ paths. They are refused at once.
func TestLinkedAgain(t *testing.T) {
	root := linked(t)
	const depth = 23
	for i := range depth {
		folder := filepath.Join(root, fmt.Sprintf("level%02d", i))
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"x", "y"} {
			if err := os.Symlink(fmt.Sprintf("../level%02d", i+1), filepath.Join(folder, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Mkdir(filepath.Join(root, fmt.Sprintf("level%02d", depth)), 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := Open(Options{Data: root})
	if err == nil || !strings.Contains(err.Error(), "more than 8 links to folders lead there") {
		t.Errorf("Open = %v, want the links refused", err)
	}
}

// TestLinkAround: a link to the folder around the data leads to the data once more, which is named and left out; what lies beside it is not.
func TestLinkAround(t *testing.T) {
	root := linked(t)
	data, beside := filepath.Join(root, "data"), filepath.Join(root, "c")
	for _, folder := range []string{data, beside} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(root, "a"), filepath.Join(data, "a")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(beside, "1.png"), []byte("c"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..", filepath.Join(data, "up")); err != nil {
		t.Fatal(err)
	}
	d, err := Open(Options{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const want = `left out 1 name that cannot be read as a picture or folder: "up/data" (the data itself, which a link led out of)`
	if notes := strings.Join(d.Notes, "\n"); len(d.Images) != 5 || !strings.Contains(notes, want) {
		t.Errorf("%d images and notes %q, want 5 and %q", len(d.Images), notes, want)
	}
}
