package copies

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tfpair/tfpair/internal/aside"
)

// write makes a file.
func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// moved returns files of onDisk that were moved, and what was there before.
func moved(t *testing.T) (root, away, undo string, steps []Step, before map[string]string) {
	t.Helper()
	root, prints, groups := onDisk(t)
	before = contents(t, root)
	away = filepath.Join(t.TempDir(), "deep", "away")
	undo = filepath.Join(away, "undo.csv")
	steps = Plan(prints, groups, Move, root, away)
	if done, err := Do(t.Context(), steps, undo); err != nil || done != len(steps) {
		t.Fatalf("Do = %d, %v", done, err)
	}
	return root, away, undo, steps, before
}

// TestUndoGoesOn: a file that is gone and a place that is taken stay in the list, and the rest comes back.
func TestUndoGoesOn(t *testing.T) {
	root, away, undo, steps, before := moved(t)
	gone, taken := steps[0], steps[2]
	kept, err := os.ReadFile(gone.To)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(gone.To); err != nil {
		t.Fatal(err)
	}
	write(t, taken.Copy, []byte("another"))
	done, err := Undo(undo)
	if done != len(steps)-2 || err == nil || !strings.Contains(err.Error(), " taken back; what was not stays in") {
		t.Fatalf("Undo = %d, %v", done, err)
	}
	if data, err := os.ReadFile(taken.Copy); err != nil || string(data) != "another" {
		t.Errorf("%s was overwritten: %q, %v", taken.Copy, data, err)
	}
	if err := os.Remove(taken.Copy); err != nil {
		t.Fatal(err)
	}
	write(t, gone.To, kept)
	if done, err := Undo(undo); done != 2 || err != nil {
		t.Fatalf("second Undo = %d, %v", done, err)
	}
	sameContents(t, "after both", contents(t, root), before)
	if _, err := os.Stat(filepath.Dir(away)); err == nil {
		t.Error("folders that were made and are empty are still there")
	}
}

// TestDoLooksAgain: contents count, also where size and time are what they were, of copies and originals.
func TestDoLooksAgain(t *testing.T) {
	for _, which := range []string{"copy", "original"} {
		root, prints, groups := onDisk(t)
		away := filepath.Join(t.TempDir(), "away")
		steps := Plan(prints, groups, Move, root, away)
		path := map[string]string{"copy": steps[0].Copy, "original": steps[0].Original}[which]
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, bytes.Repeat([]byte("x"), int(info.Size())))
		if err := os.Chtimes(path, time.Time{}, info.ModTime()); err != nil {
			t.Fatal(err)
		}
		done, err := Do(t.Context(), steps, filepath.Join(away, "undo.csv"))
		if done != 0 || err == nil || !strings.Contains(err.Error(), "has changed since it was read") {
			t.Errorf("%s: Do = %d, %v", which, done, err)
		}
		if _, err := os.Stat(away); err == nil {
			t.Errorf("%s: nothing was done, and the folder and its list are there", which)
		}
	}
}

// TestDoIsRefused: what is in the way of the last step keeps the first from being taken.
func TestDoIsRefused(t *testing.T) {
	root, prints, groups := onDisk(t)
	before := contents(t, root)
	away := t.TempDir()
	steps := Plan(prints, groups, Move, root, away)
	to := steps[len(steps)-1].To
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, to, []byte("mine"))
	if err := Ready(steps); err == nil {
		t.Error("Ready: no error")
	}
	if done, err := Do(t.Context(), steps, filepath.Join(away, "undo.csv")); done != 0 || err == nil {
		t.Errorf("Do = %d, %v", done, err)
	}
	sameContents(t, "after a refusal", contents(t, root), before)
}

// TestUnlinkAttributes: a link gets back the permissions and the time that it had.
func TestUnlinkAttributes(t *testing.T) {
	root, prints, groups := onDisk(t)
	steps := Plan(prints, groups, Link, root, "")
	when := time.Unix(1_600_000_000, 0)
	if err := os.Chmod(steps[0].Copy, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(steps[0].Copy, time.Time{}, when); err != nil {
		t.Fatal(err)
	}
	undo := filepath.Join(t.TempDir(), "undo.csv")
	if _, err := Do(t.Context(), steps, undo); err != nil {
		t.Fatal(err)
	}
	if _, err := Undo(undo); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(steps[0].Copy)
	if err != nil || info.Mode().Perm() != 0o640 || !info.ModTime().Equal(when) {
		t.Errorf("after Undo: %v, %v, %v", info.Mode(), info.ModTime(), err)
	}
}

// TestPlanLeavesLinks: what is a link already is not linked again.
func TestPlanLeavesLinks(t *testing.T) {
	root, prints, groups := onDisk(t)
	undo := filepath.Join(t.TempDir(), "undo.csv")
	if done, err := Do(t.Context(), Plan(prints, groups, Link, root, ""), undo); err != nil || done != 2 {
		t.Fatalf("Do = %d, %v", done, err)
	}
	for i := range prints {
		info, err := os.Stat(filepath.Join(root, prints[i].Path))
		if err != nil {
			t.Fatal(err)
		}
		prints[i].Stamp = stampOf(info)
	}
	if prints[0].Stamp.Changed == 0 {
		t.Skip("the system does not tell when an entry changed")
	}
	if steps := Plan(prints, groups, Link, root, ""); len(steps) != 0 {
		t.Errorf("%d steps to link what is linked: %+v", len(steps), steps)
	}
}

// TestUndoLists: lists that a killed program left, and files that are none.
func TestUndoLists(t *testing.T) {
	root, _, undo, _, before := moved(t)
	text, err := os.ReadFile(undo)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(filepath.Dir(undo), "other.csv")
	for name, data := range map[string]string{"empty": "", "header": string(text[:20]), "text": "some text\n",
		"other columns": "group,path\n1,a.png\n", "damaged": strings.Replace(string(text), "move,", "mov,", 1)} {
		write(t, path, []byte(data))
		if done, err := Undo(path); done != 0 || err == nil {
			t.Errorf("%s: Undo = %d, %v", name, done, err)
		}
		if now, err := os.ReadFile(path); err != nil || string(now) != data {
			t.Errorf("%s: the file is not as it was: %v", name, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, undo, append(text, "move,\"/begun\nand not en"...))
	if done, err := Undo(undo); done != 5 || err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("a last row that was cut: %d, %v", done, err)
	}
	if done, err := Undo(undo); done != 0 || err != nil {
		t.Errorf("the rest of it: %d, %v", done, err)
	}
	sameContents(t, "after Undo", contents(t, root), before)
}

// TestAnimation: files of which only the first picture is read are the same only where their bytes are.
func TestAnimation(t *testing.T) {
	_, prints, _ := onDisk(t)
	a, b := prints[0], prints[0]
	b.SHA256[0] ^= 1
	b.Path = "other"
	if kind, _, ok := Compare(&a, &b); !ok || kind != Pixels {
		t.Fatalf("Compare = %q, %v", kind, ok)
	}
	b.Facts.More = true
	if kind, _, ok := Compare(&a, &b); !ok || kind != Edited {
		t.Errorf("a picture and an animation that begins with it: %q, %v, want edited", kind, ok)
	}
	a.Facts.More = true
	for level, want := range map[Level]int{Same: 0, Alike: 1} {
		if n := len(Find([]Print{a, b}, level)); n != want {
			t.Errorf("%s: %d groups, want %d", level, n, want)
		}
	}
	b.SHA256 = a.SHA256
	if n := len(Find([]Print{a, b}, Same)); n != 1 {
		t.Errorf("one animation in two files: %d groups", n)
	}
}

// TestUndoElsewhere: a list holds no path that depends on the current folder, and what was made a folder and is
// one no more stays.
func TestUndoElsewhere(t *testing.T) {
	root, prints, groups := onDisk(t)
	before := contents(t, root)
	t.Chdir(t.TempDir())
	steps := Plan(prints, groups, Move, root, mustAbs(t, "away"))
	if _, err := Do(t.Context(), steps, filepath.Join("away", "undo.csv")); err != nil {
		t.Fatal(err)
	}
	list := mustAbs(t, "away/undo.csv")
	t.Chdir(t.TempDir())
	write(t, "away", []byte("mine"))
	if _, err := Undo(list); err != nil {
		t.Fatal(err)
	}
	sameContents(t, "after Undo", contents(t, root), before)
	if data, err := os.ReadFile("away"); err != nil || string(data) != "mine" {
		t.Errorf("a file of the name of a folder: %q, %v", data, err)
	}
	if _, err := os.Stat(filepath.Dir(list)); err == nil {
		t.Error("the folder that was made is still there")
	}
	write(t, "relative.csv", []byte("act,path,to,sha256,mode,modified,owner,group\nfolder,away,,,,,,\n"))
	if _, err := Undo("relative.csv"); err == nil || !strings.Contains(err.Error(), "not absolute") {
		t.Errorf("a relative path: %v", err)
	}
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// TestOddNames: names with ends of lines, and names as long as a disk takes, are moved, linked and brought back.
func TestOddNames(t *testing.T) {
	for _, act := range []Act{Move, Link} {
		root, prints, _ := onDisk(t)
		long := strings.Repeat("n", 251) + ".png"
		var two []Print
		for _, name := range []string{"in/a.png", "in/" + long, "in/b\r\nc.png"} {
			if name != "in/a.png" {
				data, err := os.ReadFile(filepath.Join(root, "in/a.png"))
				if err != nil {
					t.Fatal(err)
				}
				write(t, filepath.Join(root, name), data)
			}
			p := prints[0]
			if prints[0].Path != "in/a.png" {
				t.Fatalf("first is %s", prints[0].Path)
			}
			p.Path, p.Stamp = name, Stamp{Size: p.Stamp.Size}
			two = append(two, p)
		}
		before := contents(t, root)
		groups := Find(two, Same)
		undo := filepath.Join(t.TempDir(), "undo.csv")
		steps := Plan(two, groups, act, root, filepath.Join(t.TempDir(), "away"))
		if done, err := Do(t.Context(), steps, undo); done != 2 || err != nil {
			t.Fatalf("%s: Do = %d, %v", act, done, err)
		}
		if done, err := Undo(undo); done != 2 || err != nil {
			t.Errorf("%s: Undo = %d, %v", act, done, err)
		}
		sameContents(t, string(act), contents(t, root), before)
	}
}

// TestLinkedAnew: links whose original was saved anew are still made files of their own; what a killed program
// left beside a file is in nobody's way.
func TestLinkedAnew(t *testing.T) {
	root, prints, groups := onDisk(t)
	steps := Plan(prints, groups, Link, root, "")
	write(t, besideOf(steps[0].Copy), []byte("left"))
	undo := filepath.Join(t.TempDir(), "undo.csv")
	if _, err := Do(t.Context(), steps, undo); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "new"), []byte("new"))
	if err := os.Rename(filepath.Join(root, "new"), steps[0].Original); err != nil {
		t.Fatal(err)
	}
	other := steps[0].Copy + ".more" // a third name, as another link of the group would be
	if err := os.Link(steps[0].Copy, other); err != nil {
		t.Fatal(err)
	}
	if done, err := Undo(undo); done != 2 || err != nil {
		t.Fatalf("Undo = %d, %v", done, err)
	}
	a, errA := os.Stat(steps[0].Copy)
	b, errB := os.Stat(other)
	if errA != nil || errB != nil || os.SameFile(a, b) {
		t.Errorf("it is still a link: %v, %v", errA, errB)
	}
}

// TestNothingIsReplaced: rename refuses what came meanwhile, and a list is for one process.
func TestNothingIsReplaced(t *testing.T) {
	folder := t.TempDir()
	from, to := filepath.Join(folder, "from"), filepath.Join(folder, "to")
	write(t, from, []byte("from"))
	write(t, to, []byte("to"))
	var exists *aside.ExistsError
	if err := rename(from, to); !errors.As(err, &exists) {
		t.Errorf("rename = %v, want an ExistsError", err)
	}
	list := filepath.Join(folder, "undo.csv")
	l, err := openUndo(list)
	if err != nil {
		t.Fatal(err)
	}
	defer l.file.Close() // nothing is written
	if _, err := openUndo(list); err == nil || !strings.Contains(err.Error(), "another tfpair") {
		t.Errorf("a second writer: %v", err)
	}
}

// TestDoStops: a context that has ended stops the work between two files.
func TestDoStops(t *testing.T) {
	root, prints, groups := onDisk(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	undo := filepath.Join(t.TempDir(), "undo.csv")
	if done, err := Do(ctx, Plan(prints, groups, Move, root, filepath.Join(t.TempDir(), "away")), undo); done != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("Do = %d, %v", done, err)
	}
	if _, err := os.Stat(undo); err == nil {
		t.Error("nothing was done, and there is a list")
	}
}

// TestForget: a list into which nothing could be written, or not all of the first row, is gone again, with the folders
// that were made for it.
func TestForget(t *testing.T) {
	for _, text := range []string{"", "act,pa"} {
		folder := filepath.Join(t.TempDir(), "a")
		path := filepath.Join(folder, "b", "undo.csv")
		made := missing(filepath.Dir(path))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		l := &undoList{file: file, path: path, made: made}
		if err := errors.Join(l.forget(), file.Close()); err != nil {
			t.Errorf("forget after %q: %v", text, err)
		}
		if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("after %q something stays: %v", text, err)
		}
	}
}
