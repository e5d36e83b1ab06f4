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
	if _, _, err := Open(at("pipe")); !errors.As(err, &of) || of.Path != at("pipe") {
		t.Errorf("Open of a pipe = %v, want an *fs.PathError of it", err)
	}
}
