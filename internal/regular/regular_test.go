package regular

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestReadFile(t *testing.T) {
	dir, err := os.MkdirTemp("", "regular") // a short path: a socket's has a limit of some 100 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(at("file"), []byte("four"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(at("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", at("socket"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	for _, link := range []string{"file", "pipe"} {
		if err := os.Symlink(at(link), at(link+"-link")); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		path string
		most int64
		want string // of the error; "" for none
	}{
		{at("file"), 4, ""},
		{at("file-link"), 5, ""},
		{at("file"), 3, "larger than 3 bytes"},
		{at("pipe"), 4, "it is a named pipe, want a file"},
		{at("pipe-link"), 4, "it is a named pipe, want a file"},
		{at("socket"), 4, "it is a socket, want a file"},
		{os.DevNull, 4, "it is a device, want a file"},
		{dir, 4, "it is a folder, want a file"},
		{at("none"), 4, "no such file"},
	} {
		data, err := ReadFile(c.path, c.most)
		switch {
		case c.want == "" && (err != nil || string(data) != "four"):
			t.Errorf("ReadFile(%q, %d) = %q, %v, want four", c.path, c.most, data, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("ReadFile(%q, %d) = %v, want %q", c.path, c.most, err, c.want)
		}
	}
	var of *fs.PathError
	if _, _, err := Open(at("pipe"), 4); !errors.As(err, &of) || of.Path != at("pipe") {
		t.Errorf("Open of a pipe = %v, want an *fs.PathError of it", err)
	}
}

// TestReadFileIn: a file in a folder is read, also through a link that stays inside, and nothing
// outside of it is, by whatever path.
func TestReadFileIn(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "in")
	for _, sub := range []string{"", "sub"} {
		if err := os.Mkdir(filepath.Join(folder, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"out", "in/file", "in/sub/file"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("four"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"inside": "sub/file", "outside": "../out", "absolute": filepath.Join(dir, "out"),
		"up": ".."} {
		if err := os.Symlink(to, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"file": "", "sub/file": "", "inside": "",
		"outside": "escapes", "absolute": "escapes", "up/out": "escapes",
		"../out": "leads out of its folder", filepath.Join(dir, "out"): "leads out of its folder",
		"pipe": "it is a named pipe, want a file", "sub": "it is a folder, want a file", "none": "no such file",
	} {
		data, err := ReadFileIn(folder, name, 4)
		switch {
		case want == "" && (err != nil || string(data) != "four"):
			t.Errorf("ReadFileIn(%q) = %q, %v, want four", name, data, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("ReadFileIn(%q) = %v, want %q", name, err, want)
		}
	}
	if _, err := ReadFileIn(folder, "file", 3); err == nil || !strings.Contains(err.Error(), "larger than 3 bytes") {
		t.Errorf("ReadFileIn of at most 3 bytes = %v, want it refused", err)
	}
}

// TestReadUnsized: files of the kernel have no size and a content all the same.
func TestReadUnsized(t *testing.T) {
	const path = "/proc/version"
	want, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("no such file of the kernel: %v", err)
	}
	if got, err := ReadFile(path, 1<<20); err != nil || string(got) != string(want) {
		t.Errorf("ReadFile(%q) = %q, %v, want %q", path, got, err, want)
	}
	if _, err := ReadFile(path, 3); err == nil || !strings.Contains(err.Error(), "larger than 3 bytes") {
		t.Errorf("ReadFile(%q, 3) = %v, want it refused", path, err)
	}
}

// TestPlace: an error about a relative path says where it leads, one about a whole path need not.
func TestPlace(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"a/../b": " (" + filepath.Join(here, "b") + ")", filepath.Join(here, "b"): ""} {
		if got := Place(path); got != want {
			t.Errorf("Place(%q) = %q, want %q", path, got, want)
		}
	}
}
