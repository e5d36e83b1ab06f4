package models

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tfpair/tfpair/models/savedmodel"
)

// TestLocate: the highest version is taken, also one that cannot be looked into: it is an error then, and no older version
// answers in its place. What holds no SavedModel is passed over.
func TestLocate(t *testing.T) {
	folder := t.TempDir()
	in := func(words ...string) string { return filepath.Join(append([]string{folder}, words...)...) }
	for _, version := range []string{"1", "2", "3", "10", "next"} {
		if err := os.Mkdir(in(version), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{in("1", savedmodel.FileName), in("2", savedmodel.FileName), in("next", savedmodel.FileName), in("11")} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found := func(want string) {
		t.Helper()
		if got, err := Locate(folder); err != nil || got != want {
			t.Errorf("Locate = %q, %v, want %q", got, err, want)
		}
	}
	found(in("2"))
	if err := os.Symlink(savedmodel.FileName, in("3", savedmodel.FileName)); err != nil { // a loop, which not even root can follow
		t.Fatal(err)
	}
	found(in("3"))
	if os.Getuid() == 0 {
		t.Skip("root may look into every folder")
	}
	if err := os.Chmod(in("10"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(in("10"), 0o700) }) //nolint:gosec // for TempDir to remove it
	found(in("10"))
	var corrupt *CorruptError
	if _, err := Describe(folder); !errors.As(err, &corrupt) || !errors.Is(err, fs.ErrPermission) || corrupt.Path != in("10") {
		t.Errorf("Describe = %v, want a *CorruptError of version 10 that is fs.ErrPermission", err)
	}
}
