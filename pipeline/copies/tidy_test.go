package copies

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// onDisk writes the pictures of folder and returns their folder, prints and groups.
func onDisk(t *testing.T) (root string, prints []Print, groups []Group) {
	t.Helper()
	files, d := folder(t)
	root = t.TempDir()
	for name, f := range files {
		path := filepath.Join(root, "in", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	of := &dataset.Dataset{Name: "disk", Root: os.DirFS(root)}
	for _, i := range d.Images {
		of.Images = append(of.Images, dataset.Image{Path: "in/" + i.Path, Class: -1})
	}
	prints, _, err := Read(context.Background(), of, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return root, prints, Find(prints, Same)
}

// contents returns what each file below root holds.
func contents(t *testing.T, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	if err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(root, path)
		all[name] = string(data)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func sameContents(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name, data := range want {
		if got[name] != data {
			t.Errorf("%s: %s is not as it was", what, name)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d files, want %d", what, len(got), len(want))
	}
}

// TestMoveAndBack: copies go away and come back, also where only some had gone.
func TestMoveAndBack(t *testing.T) {
	root, prints, groups := onDisk(t)
	before := contents(t, root)
	away := filepath.Join(t.TempDir(), "away")
	undo := filepath.Join(t.TempDir(), "undo.csv")
	steps := Plan(prints, groups, Move, root, away)
	if len(steps) != 5 { // four copies of a, one of the text
		t.Fatalf("%d steps, want 5", len(steps))
	}
	if done, err := Do(t.Context(), steps[:3], undo); err != nil || done != 3 {
		t.Fatalf("Do = %d, %v", done, err)
	}
	if n := len(contents(t, root)); n != len(before)-3 {
		t.Errorf("%d files are left, want %d", n, len(before)-3)
	}
	if done, err := Do(t.Context(), steps[3:], undo); err != nil || done != 2 { // into the same list
		t.Fatalf("Do of the rest = %d, %v", done, err)
	}
	if done, err := Undo(undo); err != nil || done != 5 {
		t.Fatalf("Undo = %d, %v", done, err)
	}
	sameContents(t, "after Undo", contents(t, root), before)
	if _, err := os.Stat(undo); err == nil {
		t.Error("the list is still there")
	}
}

// TestMoveStops: a file that changed, or a place that is taken, stops the work, and what was done can be taken back.
func TestMoveStops(t *testing.T) {
	root, prints, groups := onDisk(t)
	steps := Plan(prints, groups, Move, root, filepath.Join(t.TempDir(), "away"))
	if err := os.WriteFile(steps[1].Copy, []byte("new"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := contents(t, root)
	undo := filepath.Join(t.TempDir(), "undo.csv")
	if done, err := Do(t.Context(), steps, undo); err == nil || done != 1 {
		t.Fatalf("Do = %d, %v, want 1 and an error", done, err)
	}
	if done, err := Undo(undo); err != nil || done != 1 {
		t.Fatalf("Undo = %d, %v", done, err)
	}
	sameContents(t, "after Undo", contents(t, root), before)
}

// TestLinkAndBack: only copies of one file become links, and then files of their own again.
func TestLinkAndBack(t *testing.T) {
	root, prints, groups := onDisk(t)
	before := contents(t, root)
	undo := filepath.Join(t.TempDir(), "undo.csv")
	steps := Plan(prints, groups, Link, root, "")
	if len(steps) != 2 { // of a, and of the text
		t.Fatalf("%d steps, want 2", len(steps))
	}
	if _, err := Do(t.Context(), steps, undo); err != nil {
		t.Fatal(err)
	}
	sameContents(t, "linked", contents(t, root), before)
	linked := func() bool {
		a, err := os.Lstat(steps[0].Copy)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.Lstat(steps[0].Original)
		if err != nil {
			t.Fatal(err)
		}
		return os.SameFile(a, b)
	}
	if !linked() {
		t.Error("no link was made")
	}
	if done, err := Undo(undo); err != nil || done != 2 {
		t.Fatalf("Undo = %d, %v", done, err)
	}
	sameContents(t, "after Undo", contents(t, root), before)
	if linked() {
		t.Error("it is still a link")
	}
}
