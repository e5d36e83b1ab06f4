package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tfpair/tfpair/models"
)

// TestExitDocs: docs/scripting.md has the table of exit.go, row for row.
func TestExitDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/scripting.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "| code | meaning |\n|---|---|\n")
	got, _, _ := strings.Cut(after, "\n\n")
	var want []string
	for _, c := range exitCodes {
		want = append(want, fmt.Sprintf("| %d | %s |", c.code, c.meaning))
	}
	if got != strings.Join(want, "\n") {
		t.Errorf("docs/scripting.md has\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// TestFullDisk: a command whose results are lost fails, whatever it is.
func TestFullDisk(t *testing.T) {
	for _, line := range []string{"--help", "--version", "version", "version --json", "list", "list --json",
		"help train", "train --help", "completion bash"} {
		var said bytes.Buffer
		code := Run(context.Background(), append([]string{"tfpair"}, strings.Fields(line)...),
			IO{Out: fullDisk{}, Err: &said, Getenv: os.Getenv})
		if code != exitFailed || !strings.Contains(said.String(), syscall.ENOSPC.Error()) {
			t.Errorf("tfpair %s with a full disk behind it: exit code %d, said %q; want %d, and %q",
				line, code, said.String(), exitFailed, syscall.ENOSPC.Error())
		}
	}
}

// TestOpenLimit: where too many files are open nothing is said to be damaged.
func TestOpenLimit(t *testing.T) {
	for _, reason := range []string{"open tfpair.json: " + syscall.EMFILE.Error(), "variables.index; Too many open files"} {
		var said bytes.Buffer
		code := reported(IO{Err: &said}, &models.CorruptError{Path: "model", File: "file", Reason: reason})
		if code != exitFailed || !strings.Contains(said.String(), "hint: raise the limit of open files") {
			t.Errorf("%s: exit code %d, said %q; want %d, and which limit to raise", reason, code, said.String(), exitFailed)
		}
	}
}

// TestLinkedOut: a link to a file elsewhere can be copied; what a manifest names outside of its model, or a device, is not
// to be.
func TestLinkedOut(t *testing.T) {
	folder := t.TempDir()
	model := filepath.Join(folder, "model")
	elsewhere := filepath.Join(folder, "file")
	err := errors.Join(os.Mkdir(model, 0o755), os.WriteFile(elsewhere, nil, 0o600), os.Symlink(elsewhere, filepath.Join(model, "link")),
		os.Symlink(os.DevNull, filepath.Join(model, "device")))
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]bool{"link": true, "device": false, "../file": false, elsewhere: false, "none": false} {
		if got := isLinkedOut(&models.CorruptError{Path: model, File: file}); got != want {
			t.Errorf("isLinkedOut(%q) = %v, want %v", file, got, want)
		}
	}
}
