package libtensorflow

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestReadManifestDamaged: a manifest that reads as one, but says too little, is refused.
func TestReadManifestDamaged(t *testing.T) {
	dir := installFake(t)
	path := filepath.Join(dir, manifestName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ old, new, want string }{
		{`"files"`, `"fires"`, "does not name lib/" + frameworkLibrary},
		{`"lib/` + mainLibrary, `"lib/x` + mainLibrary, "does not name lib/" + mainLibrary},
		{`"device": "cpu"`, `"device": "cpt"`, `unknown device "cpt"`},
		{`"device"`, `"devise"`, `unknown device ""`},
	} {
		damaged := strings.Replace(string(whole), tt.old, tt.new, 1)
		if damaged == string(whole) {
			t.Fatalf("the manifest does not hold %q:\n%s", tt.old, whole)
		}
		if err := os.WriteFile(path, []byte(damaged), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadManifest(dir); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ReadManifest with %q for %q = %v, want %q", tt.new, tt.old, err, tt.want)
		}
	}
}

// TestReadManifestPipe: what is no file is refused, and not waited for.
func TestReadManifestPipe(t *testing.T) {
	dir := installFake(t)
	path := filepath.Join(dir, manifestName)
	if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
		t.Fatal(err)
	}
	var damaged *ManifestError
	if _, err := ReadManifest(dir); !errors.As(err, &damaged) || !strings.Contains(err.Error(), "named pipe") {
		t.Errorf("ReadManifest of a pipe = %v, want a *ManifestError that says so", err)
	}
}
