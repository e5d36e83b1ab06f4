package run

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models/checkpoint"
)

func mustCreate(t *testing.T) *Folder {
	t.Helper()
	f, err := OpenOrCreate(filepath.Join(t.TempDir(), "a", "run"), []byte("spec\n"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestCreate(t *testing.T) {
	f := mustCreate(t)
	text, err := f.Spec()
	if err != nil || string(text) != string(seal([]byte("spec\n"))) {
		t.Errorf("Spec() = %q, %v", text, err)
	}
	if err := f.SetSpec([]byte("other\n")); err != nil {
		t.Fatal(err)
	}
	again, err := OpenOrCreate(f.Path(), []byte("third\n"))
	if err != nil {
		t.Fatal(err)
	}
	if text, err = again.Spec(); err != nil || string(text) != string(seal([]byte("other\n"))) {
		t.Errorf("Spec() of the folder opened again = %q, %v", text, err)
	}
	left, err := os.ReadDir(filepath.Dir(f.Path()))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the folder there is %v, %v", left, err)
	}
}

func TestRefuse(t *testing.T) {
	dir := t.TempDir()
	full := filepath.Join(dir, "full")
	if err := os.Mkdir(full, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(full, "precious.txt")
	if err := os.WriteFile(file, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	var notRun *NotRunError
	for _, path := range []string{full, file} {
		if _, err := OpenOrCreate(path, nil); !errors.As(err, &notRun) {
			t.Errorf("OpenOrCreate(%q) = %v, want *NotRunError", path, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "missing")); !errors.As(err, &notRun) {
		t.Errorf("Open of nothing = %v, want *NotRunError", err)
	}
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenOrCreate(empty, []byte("spec\n")); err != nil {
		t.Errorf("OpenOrCreate of an empty folder = %v", err)
	}
}

// TestLock: flock belongs to the open file, so two Folders of one process stand
// for two processes.
func TestLock(t *testing.T) {
	f := mustCreate(t)
	if err := errors.Join(f.Lock(), f.AppendEvent(json.RawMessage(`{}`))); err != nil {
		t.Fatal(err)
	}
	second, err := Open(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if err := second.Lock(); !errors.As(err, &locked) || locked.PID == "" {
		t.Errorf("second Lock() = %v, want a *LockedError with a process number", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := second.Lock(); err != nil {
		t.Errorf("Lock() after the first was closed = %v", err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestLockOnly: a lock that changes nothing leaves nothing, and not another process number.
func TestLockOnly(t *testing.T) {
	f := mustCreate(t)
	path := filepath.Join(f.Path(), "lock")
	if err := errors.Join(f.Lock(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("7\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"7\n", ""} {
		if text == "" {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		again, err := Open(f.Path())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(again.Lock(), again.Close()); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); string(got) != text || (err == nil) != (text != "") {
			t.Errorf("the lock holds %q, %v; want %q", got, err, text)
		}
	}
}

// TestLostLock: whose file of the lock is gone, or another's, notices.
func TestLostLock(t *testing.T) {
	f := mustCreate(t)
	if err := errors.Join(f.Lock(), f.CheckLock()); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(f.Path(), "lock")); err != nil {
		t.Fatal(err)
	}
	var lost *LostLockError
	if err := f.CheckLock(); !errors.As(err, &lost) {
		t.Errorf("CheckLock without the file = %v, want *LostLockError", err)
	}
	second, err := Open(f.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if err := second.Lock(); err != nil {
		t.Fatal(err)
	}
	if err := f.CheckLock(); !errors.As(err, &lost) {
		t.Errorf("CheckLock of another's file = %v, want *LostLockError", err)
	}
	if err := errors.Join(f.Close(), second.CheckLock()); err != nil {
		t.Errorf("the second lock after the first is closed: %v", err)
	}
}

// TestLinks: links in the place of what is written to, or out of the folder, are refused, and
// what they lead to stays.
func TestLinks(t *testing.T) {
	precious := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(precious, []byte("1"), 0o644); err != nil {
		t.Fatal(err)
	}
	opens := func(f *Folder) error { _, err := Open(f.Path()); return err }
	for name, do := range map[string]func(*Folder) error{
		"lock":           (*Folder).Lock,
		"events.jsonl":   func(f *Folder) error { return errors.Join(f.Lock(), f.AppendEvent(json.RawMessage(`{}`))) },
		"checkpoints":    opens,
		"tensorboard":    opens,
		"cache":          opens,
		"cache/features": opens,
		"folds":          opens,
		"spec.yaml":      func(f *Folder) error { _, err := f.Spec(); return err },
		"seen":           func(f *Folder) error { _, err := f.Seen(); return err },
	} {
		f := mustCreate(t)
		path := filepath.Join(f.Path(), name)
		if err := errors.Join(os.RemoveAll(path), os.MkdirAll(filepath.Dir(path), 0o755), os.Symlink(precious, path)); err != nil {
			t.Fatal(err)
		}
		err := do(f)
		if err == nil || !strings.Contains(err.Error(), path) && !strings.Contains(err.Error(), filepath.Base(name)) {
			t.Errorf("%s is a link: %v, want an error that names it", name, err)
		}
		if text, err := os.ReadFile(precious); string(text) != "1" {
			t.Errorf("%s is a link: what it leads to is %q, %v", name, text, err)
		}
	}
}

// TestTornEvent: a line that a kill cut off is gone when training goes on.
func TestTornEvent(t *testing.T) {
	f := mustCreate(t)
	if err := os.WriteFile(f.EventsPath(), []byte("{\"step\":1}\n{\"st"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := f.Lock(); err != nil {
		t.Fatal(err)
	}
	if err := f.AppendEvent(json.RawMessage(`{"step":2}`)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(f.EventsPath())
	if err != nil || string(text) != "{\"step\":1}\n{\"step\":2}\n" {
		t.Errorf("events = %q, %v", text, err)
	}
}

// TestSyncEvents: events can be synced before there are any, and then with each more.
func TestSyncEvents(t *testing.T) {
	f := mustCreate(t)
	for range 3 {
		if err := f.SyncEvents(); err != nil {
			t.Fatal(err)
		}
		if err := f.AppendEvent([]byte(`{"event":"x"}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.events.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.SyncEvents(); err == nil {
		t.Error("a sync of a closed file is no error")
	}
}

func TestResolve(t *testing.T) {
	f := mustCreate(t)
	if _, err := f.Resolve("best"); !errors.Is(err, checkpoint.ErrNone) {
		t.Errorf("Resolve without checkpoints = %v, want ErrNone", err)
	}
	for _, step := range []int{5, 20} {
		if _, err := checkpoint.Save(f.Checkpoints(), &checkpoint.Checkpoint{Step: step}); err != nil {
			t.Fatal(err)
		}
	}
	resolve := func(which string, want int) {
		t.Helper()
		if got, err := f.Resolve(which); err != nil || got != want {
			t.Errorf("Resolve(%q) = %d, %v; want %d", which, got, err, want)
		}
	}
	resolve("best", 20) // nothing evaluated yet
	save := func(step int, meta string) {
		t.Helper()
		c := &checkpoint.Checkpoint{Step: step, Meta: json.RawMessage(meta)}
		if _, err := checkpoint.Save(f.Checkpoints(), c); err != nil {
			t.Fatal(err)
		}
	}
	save(20, `{"best_step":-1}`)
	resolve("best", 20)
	save(20, `{"best_step":5}`)
	resolve("best", 5)
	// Whatever RUN/best says: a kill can leave it behind the checkpoints.
	if err := f.ShowBest(20, "val.auc", 0.9); err != nil {
		t.Fatal(err)
	}
	resolve("best", 5)
	resolve("last", 20)
	resolve("20", 20)
	if _, err := f.Resolve("7"); err == nil || !strings.Contains(err.Error(), `no checkpoint "7" (known: best, last, 5, 20)`) {
		t.Errorf("Resolve(7) = %v", err)
	}
	manifest := filepath.Join(checkpoint.Path(f.Checkpoints(), 20), "MANIFEST.json")
	if err := os.WriteFile(manifest, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	var corrupt *checkpoint.CorruptError
	if step, err := f.Resolve("best"); !errors.As(err, &corrupt) {
		t.Errorf("Resolve(best) where the last checkpoint is damaged = %d, %v, want *CorruptError", step, err)
	}
}

// TestDiscard: only a folder that was made for it goes.
func TestDiscard(t *testing.T) {
	f := mustCreate(t)
	if err := f.Lock(); err != nil {
		t.Fatal(err)
	}
	again, err := OpenOrCreate(f.Path(), []byte("spec\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Discard(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(f.Path()); err != nil {
		t.Errorf("after Discard by one that did not make it: %v", err)
	}
	if err := f.Discard(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(f.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Discard by its maker: %v, want it gone", err)
	}
}

// TestFill: an empty folder is filled where it is, as one that is mounted must be,
// also where a kill left a half-written spec in it.
func TestFill(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "."+specName+"123"), []byte("sp"), 0o644); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := OpenOrCreate(dir, []byte("spec\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	after, err := os.Stat(dir)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the folder was replaced (%v)", err)
	}
	if _, err := checkpoint.Latest(f.Checkpoints(), nil); !errors.Is(err, checkpoint.ErrNone) {
		t.Errorf("Latest of a new run = %v, want ErrNone", err)
	}
}
