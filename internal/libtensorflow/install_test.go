package libtensorflow

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/pip"
)

func TestInstall(t *testing.T) {
	wheel, p := fakeWheel(t, nil)
	parent := t.TempDir()
	dir := filepath.Join(parent, "runtime")
	if err := Install(t.Context(), Options{From: wheel, Dir: dir, pin: &p}); err != nil {
		t.Fatalf("Install: %v", err)
	}
	r, err := Status(dir, environment(nil))
	if err != nil {
		t.Fatalf("Status: %v", err)
	}
	if len(r.Damaged) > 0 || r.Manifest.Version != Version || r.Manifest.Device != CPU ||
		r.Manifest.WheelSHA256 != p.SHA256 || r.Bytes == 0 {
		t.Errorf("Status = %+v, want a whole CPU build of %s", r, Version)
	}
	if got, want := len(r.Manifest.Files), 2+1+len(headers); got != want {
		t.Errorf("manifest has %d files, want two libraries, their licences, headers: %d", got, want)
	}
	stub, err := stubFolder(r.Manifest.Platform)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := entries(t, dir), []string{"MANIFEST.json", notices, recordName, "include", "lib", stub}; !slices.Equal(
		got, want) {
		t.Errorf("runtime holds %v, want %v", got, want)
	}
	if got, want := entries(t, filepath.Join(dir, stub)),
		[]string{"libtensorflow.a", "slots.S", "stub.c"}; !slices.Equal(got, want) {
		t.Errorf("stub holds %v, want %v", got, want)
	}
	beside := []string{".runtime.lock", "runtime"}
	if got := entries(t, parent); !slices.Equal(got, beside) {
		t.Errorf("beside the runtime: %v, want %v", got, beside)
	}
}

func TestInstallAgain(t *testing.T) {
	wheel, p := fakeWheel(t, nil)
	dir := filepath.Join(t.TempDir(), "runtime")
	var lines []string
	o := Options{From: wheel, Dir: dir, pin: &p,
		Progress: func(line string) { lines = append(lines, line) }}
	install := func(want string) {
		t.Helper()
		lines = nil
		if err := Install(t.Context(), o); err != nil {
			t.Fatalf("Install: %v", err)
		}
		if text := strings.Join(lines, "\n"); !strings.Contains(text, want) {
			t.Errorf("progress is %q, want %q in it", text, want)
		}
	}
	install("installed tensorflow-cpu 2.21.0 in " + dir)
	killed := filepath.Join(filepath.Dir(dir), "."+filepath.Base(dir)+".installing-1")
	if err := os.Mkdir(killed, 0o755); err != nil {
		t.Fatal(err)
	}
	install("is already in " + dir)
	if _, err := os.Stat(killed); err == nil {
		t.Errorf("what a killed install left is still there")
	}

	library := filepath.Join(dir, "lib", mainLibrary)
	data, err := os.ReadFile(library)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(library, data, 0o644); err != nil {
		t.Fatal(err)
	}
	install("replacing a damaged runtime: \"lib/" + mainLibrary)
	if r, err := Status(dir, environment(nil)); err != nil || len(r.Damaged) > 0 {
		t.Errorf("Status after mending = %+v, %v", r, err)
	}

	// An install from before the licences were kept.
	manifest := filepath.Join(dir, manifestName)
	if data, err = os.ReadFile(manifest); err != nil {
		t.Fatal(err)
	}
	data = bytes.Replace(data, []byte(notices), []byte("lib/"+mainLibrary), 1)
	if err := os.WriteFile(manifest, data, 0o644); err != nil {
		t.Fatal(err)
	}
	install("replacing " + p.Wheel)

	// What every command that loads it advises.
	if err := os.WriteFile(manifest, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	install("replacing a damaged runtime: manifest ")
	if r, err := Status(dir, environment(nil)); err != nil || len(r.Damaged) > 0 {
		t.Errorf("Status with a new manifest = %+v, %v", r, err)
	}

	stub, err := EnsureStub(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(stub); err != nil {
		t.Fatal(err)
	}
	install("is already in")
	if _, err := os.Stat(filepath.Join(stub, "libtensorflow.a")); err != nil {
		t.Errorf("a missing stub was not built: %v", err)
	}
}

// Whatever goes wrong, the folder is not there afterwards, nor anything half-made
// beside it.
func TestInstallRefuses(t *testing.T) {
	wheel, p := fakeWheel(t, nil)
	empty := filepath.Join(t.TempDir(), "empty.whl")
	writeZip(t, empty, nil)
	emptyPin := p
	var err error
	if emptyPin.SHA256, _, err = pip.Sum(empty); err != nil {
		t.Fatal(err)
	}
	wrongPin := p
	wrongPin.SHA256 = strings.Repeat("0", 64)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name string
		ctx  context.Context
		from string
		pin  pin
		want string
	}{
		{"no file", t.Context(), "/nowhere/x.whl", p, "no such file"},
		{"another file", t.Context(), wheel, wrongPin, "want 000000"},
		{"not a runtime", t.Context(), empty, emptyPin, "has no \"tensorflow/"},
		{"interrupted", cancelled, wheel, p, "context canceled"},
	}
	for _, tt := range tests {
		parent := t.TempDir()
		err := Install(tt.ctx, Options{From: tt.from, Dir: filepath.Join(parent, "r"), pin: &tt.pin})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Install = %v, want %q in it", tt.name, err, tt.want)
		}
		if left := entries(t, parent); !slices.Equal(left, []string{".r.lock"}) {
			t.Errorf("%s: Install left %v", tt.name, left)
		}
	}
}

func TestInstallKeepsForeignFolders(t *testing.T) {
	wheel, p := fakeWheel(t, nil)
	dir := t.TempDir()
	letter := filepath.Join(dir, "letter.txt")
	if err := os.WriteFile(letter, []byte("dear"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := Install(t.Context(), Options{From: wheel, Dir: dir, pin: &p})
	if err == nil || !strings.Contains(err.Error(), "not a runtime") {
		t.Errorf("Install over a folder of the user's = %v, want a refusal", err)
	}
	if got := entries(t, dir); !slices.Equal(got, []string{"letter.txt"}) {
		t.Errorf("folder holds %v afterwards", got)
	}
	// Nor beside something that is called as a manifest is.
	if err := os.WriteFile(filepath.Join(dir, manifestName), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Install(t.Context(), Options{From: wheel, Dir: dir, pin: &p}); err == nil || !strings.Contains(err.Error(), "not a runtime") {
		t.Errorf("Install over a folder of the user's with a manifest = %v, want a refusal", err)
	}
	if err := errors.Join(os.Remove(letter), os.Remove(filepath.Join(dir, manifestName))); err != nil {
		t.Fatal(err)
	}
	// A prefix of a library that somebody else installed.
	library := filepath.Join(dir, "lib", mainLibrary)
	if err := errors.Join(os.Mkdir(filepath.Dir(library), 0o755), os.WriteFile(library, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := Install(t.Context(), Options{From: wheel, Dir: dir, pin: &p}); err == nil || !strings.Contains(err.Error(), "not a runtime") {
		t.Errorf("Install over somebody else's library = %v, want a refusal", err)
	}
	if err := os.RemoveAll(filepath.Dir(library)); err != nil {
		t.Fatal(err)
	}
	if err := Install(t.Context(), Options{From: wheel, Dir: dir, pin: &p}); err != nil {
		t.Errorf("Install into an empty folder: %v", err)
	}
}

func TestInstallRemovesWhatKilledOnesLeft(t *testing.T) {
	wheel, p := fakeWheel(t, nil)
	parent := t.TempDir()
	if err := os.MkdirAll(filepath.Join(parent, ".r.installing-123", "wheel"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Install(t.Context(), Options{From: wheel, Dir: filepath.Join(parent, "r"),
		pin: &p}); err != nil {
		t.Fatal(err)
	}
	if got, want := entries(t, parent), []string{".r.lock", "r"}; !slices.Equal(got, want) {
		t.Errorf("folder holds %v, want %v", got, want)
	}
}

// A runtime whose folder cannot be synced is there, and said to be; one that gets no name leaves the
// one before where it was.
func TestAppear(t *testing.T) {
	parent := t.TempDir()
	dir, staging := filepath.Join(parent, "r"), filepath.Join(parent, "staging")
	made := func(folder, text string) string {
		if err := errors.Join(os.MkdirAll(folder, 0o755),
			os.WriteFile(filepath.Join(folder, manifestName), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
		return folder
	}
	holds := func(want string) {
		t.Helper()
		if text, err := os.ReadFile(filepath.Join(dir, manifestName)); err != nil || string(text) != want {
			t.Errorf("the runtime is %q, %v, want %q", text, err, want)
		}
	}
	fails := errors.New("the disk is gone")
	var unsynced *aside.UnsyncedError
	err := appear(made(filepath.Join(staging, "runtime"), "first"), dir, staging, func(string) error { return fails })
	if !errors.As(err, &unsynced) || unsynced.Path != dir || !errors.Is(err, fails) {
		t.Errorf("appear that cannot sync = %v, want *UnsyncedError of %q", err, dir)
	}
	holds("first")
	// What is inside the old runtime moves away with it, and then there is nothing to rename.
	if err := appear(made(filepath.Join(dir, "inside"), "second"), dir, staging, aside.Sync); err == nil {
		t.Error("appear of a folder inside the one that it replaces did not fail")
	}
	holds("first")
}

func TestInstallConcurrently(t *testing.T) {
	wheel, p := fakeWheel(t, nil)
	dir := filepath.Join(t.TempDir(), "runtime")
	var mu sync.Mutex // guards installed
	installed := 0
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			err := Install(t.Context(), Options{From: wheel, Dir: dir, pin: &p,
				Progress: func(line string) {
					mu.Lock()
					defer mu.Unlock()
					if strings.HasPrefix(line, "installed ") {
						installed++
					}
				}})
			if err != nil {
				t.Errorf("Install: %v", err)
			}
		})
	}
	group.Wait()
	if installed != 1 {
		t.Errorf("%d of 4 processes installed, want 1", installed)
	}
	if r, err := Status(dir, environment(nil)); err != nil || len(r.Damaged) > 0 {
		t.Errorf("Status = %+v, %v", r, err)
	}
}

// fakePip puts a python3 into PATH that answers "-m pip download … --dest DIR … " by running
// a shell script with DIR in $dest.
func fakePip(t *testing.T, script string) {
	t.Helper()
	needTools(t, "sh")
	bin := t.TempDir()
	text := "#!/bin/sh\nwhile [ $# -gt 0 ]; do\n" +
		"\tif [ \"$1\" = --dest ]; then dest=$2; fi\n\targs=\"$args $1\"\n\tshift\ndone\n" + script
	if err := os.WriteFile(filepath.Join(bin, "python3"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
}

func TestDownload(t *testing.T) {
	wheel, p := fakeWheel(t, nil)
	log := filepath.Join(t.TempDir(), "args")
	fakePip(t, "echo \"$args\" > "+log+"\ncp "+wheel+" \"$dest\"\n")
	dir := filepath.Join(t.TempDir(), "runtime")
	if err := Install(t.Context(), Options{Dir: dir, pin: &p}); err != nil {
		t.Fatalf("Install: %v", err)
	}
	args, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"-m pip download", "--no-deps", "--only-binary=:all:",
		"--python-version 3.11", "--platform fake_x86_64", "tensorflow-cpu==2.21.0"} {
		if !strings.Contains(string(args), want) {
			t.Errorf("pip was called with %q, want %q in it", args, want)
		}
	}
}

func TestDownloadFails(t *testing.T) {
	_, p := fakeWheel(t, nil)
	parent := t.TempDir()
	o := Options{Dir: filepath.Join(parent, "r"), pin: &p}
	fakePip(t, "echo 'No matching distribution found' >&2\nexit 1\n")
	err := Install(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "No matching distribution found") {
		t.Errorf("Install = %v, want what pip said", err)
	}
	t.Setenv("PATH", t.TempDir())
	err = Install(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "--from FILE") {
		t.Errorf("Install without python3 = %v, want the way without it", err)
	}
	if left := entries(t, parent); !slices.Equal(left, []string{".r.lock"}) {
		t.Errorf("Install left %v", left)
	}
}

func TestStatusMissing(t *testing.T) {
	if _, err := Status(t.TempDir(), environment(nil)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Status of an empty folder = %v, want os.ErrNotExist in it", err)
	}
}
