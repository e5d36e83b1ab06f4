package venv

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakePython writes an interpreter that makes environments of nothing: "-m venv --clear
// FOLDER" copies itself into FOLDER, "-I -m pip …" ends with the given code.
func fakePython(t *testing.T, pip string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python")
	text := `#!/bin/sh
case "$3" in
venv) mkdir -p "$5/bin" && cp "$0" "$5/bin/python";;
pip) echo "no such package"; exit ` + pip + `;;
esac
`
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func requirements(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "requirements.txt")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMake(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	said := 0
	of := func(pip, text string) (string, error) {
		return Make(context.Background(), Options{Python: fakePython(t, pip), Name: "x",
			Requirements: requirements(t, text), Say: func(string) { said++ }})
	}
	if _, err := of("1", "a==1"); err == nil || !strings.Contains(err.Error(), "no such package") {
		t.Errorf("Make with a failing pip: %v, want what pip said", err)
	}
	first, err := of("0", "a==1") // the failed one did not count as made
	if err != nil {
		t.Fatal(err)
	}
	again, err := of("1", "a==1")
	if err != nil || again != first || said != 2 {
		t.Errorf("second Make = %q, %v, after %d installations; want %q after 2", again, err, said, first)
	}
	if other, err := of("0", "a==2"); err != nil || other == first {
		t.Errorf("Make of other requirements = %q, %v, want another folder", other, err)
	}
}
