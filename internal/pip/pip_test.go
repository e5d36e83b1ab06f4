package pip

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestDownload: pip is run in the staging folder, and what it complains of is passed on.
func TestDownload(t *testing.T) {
	tests := []struct {
		name, python string // a shell script, "" for none
		want         string // in the error, "" for none
	}{
		{"works", `for last; do :; done; test -d "$TMPDIR" && echo "$last" > "$9/wheel"`, ""},
		{"fails", "echo no such package; exit 1", "no such package"},
		{"no Python", "", "python3 with pip is needed to download; without it, fetch it elsewhere"},
	}
	for _, tt := range tests {
		bin, staging := t.TempDir(), t.TempDir()
		t.Setenv("PATH", bin)
		if tt.python != "" {
			script := "#!/bin/sh\nwhile [ \"$1\" != --dest ]; do shift; done\nset -- 1 2 3 4 5 6 7 8 \"$2\" \"$3\"\n" + tt.python
			if err := os.WriteFile(filepath.Join(bin, "python3"), []byte(script), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		var told []string
		into := filepath.Join(staging, "wheels")
		err := Download(context.Background(), Options{Staging: staging, Into: into, Label: "downloading x",
			Offline: "fetch it elsewhere", Progress: func(line string) { told = append(told, line) }}, "x==1")
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Download = %v, want %q", tt.name, err, tt.want)
		}
		if len(told) == 0 || told[0] != "downloading x" {
			t.Errorf("%s: told %q", tt.name, told)
		}
		if got, err := os.ReadFile(filepath.Join(into, "wheel")); tt.want == "" && (err != nil || string(got) != "x==1\n") {
			t.Errorf("%s: the wheel holds %q, %v", tt.name, got, err)
		}
	}
}

// TestComplaint: of many tries to connect the last is told, so that the reason behind them is read.
func TestComplaint(t *testing.T) {
	const text = "WARNING: Retrying 3\nWARNING: Retrying 2\nWARNING: Retrying 1: refused\nERROR: none fits\n"
	if got, want := complaint(text, 6), "WARNING: Retrying 1: refused\nERROR: none fits"; got != want {
		t.Errorf("complaint = %q, want %q", got, want)
	}
	if got, want := complaint("one\ntwo\nthree", 2), "two\nthree"; got != want {
		t.Errorf("complaint = %q, want %q", got, want)
	}
}

// TestNothingOfTheFolderRuns: neither a pip.py nor a python3 beside the user's pictures is run.
func TestNothingOfTheFolderRuns(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("there is no python3 here")
	}
	pictures, staging := t.TempDir(), t.TempDir()
	ran := filepath.Join(t.TempDir(), "ran")
	files := map[string]string{"python3": "#!/bin/sh\n: > '" + ran + "'\n"}
	for _, module := range []string{"pip.py", "ssl.py", "sitecustomize.py"} {
		files[module] = "open(" + strconv.Quote(ran) + ", 'w').close()\n"
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(pictures, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(pictures)
	t.Setenv("PYTHONPATH", pictures)
	usual := os.Getenv("PATH")
	for _, tt := range []struct{ path, want string }{
		{usual, "pip: "}, // there is no such package: pip itself says so
		{".:" + usual, "PATH finds it in the current folder"},
		{":" + usual, "PATH finds it in the current folder"}, // an empty entry means the current folder
		{"../" + filepath.Base(pictures) + ":" + usual, "PATH finds it in the current folder"},
	} {
		t.Setenv("PATH", tt.path)
		err := Download(t.Context(), Options{Staging: staging, Into: "wheels", Progress: func(string) {}}, "--no-index", "nothing==1")
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Download with PATH %.20q = %v, want %q in it", tt.path, err, tt.want)
		}
		if _, err := os.Stat(ran); err == nil {
			t.Fatalf("with PATH %.20q a file of the current folder was executed", tt.path)
		}
	}
}
