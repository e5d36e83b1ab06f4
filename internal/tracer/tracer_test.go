//go:build linux && amd64

package tracer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) {
	Main()
	os.Exit(m.Run())
}

// traced runs a shell script in a folder, and returns the calls that were looked at.
func traced(t *testing.T, folder, script string, decide func(Call) Action) (Result, []string) {
	t.Helper()
	var told []string
	result, err := Run(Command{Path: "/bin/sh", Args: []string{"-c", script}, Env: os.Environ(), Dir: folder,
		Below: folder, Data: true, Decide: func(c Call) Action {
			told = append(told, strings.ReplaceAll(c.Name+" "+string(c.Data), folder+"/", ""))
			return decide(c)
		}})
	if errors.Is(err, unix.EPERM) {
		t.Skipf("this machine allows no tracing: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return result, told
}

// TestRun: calls of a shell and of its children are seen in their order, fail when told to, and
// are the last ones when told so.
func TestRun(t *testing.T) {
	const script = "echo one > a && (echo two >> a) && mv a b"
	for _, c := range []struct {
		name   string
		class  Class
		k      int
		action Action
		code   int
		left   string // file: contents
	}{
		{"undisturbed", "", 0, Action{}, 0, "b: one\ntwo\n"},
		{"the first write fails", Write, 1, Action{Fail: unix.ENOSPC}, 1, "a: "},
		{"the write of a child fails", Write, 2, Action{Fail: unix.EIO}, 1, "a: one\n"},
		{"the rename of another program fails", Rename, 1, Action{Fail: unix.EIO}, 1, "a: one\ntwo\n"},
		{"a kill before the second write", Write, 2, Action{Kill: true}, -1, "a: one\n"},
	} {
		folder, n := t.TempDir(), 0
		result, told := traced(t, folder, script, func(call Call) Action {
			if call.Class != c.class {
				return Action{}
			}
			if n++; n == c.k {
				return c.action
			}
			return Action{}
		})
		if result.Code != c.code || c.action.Kill != (result.Signal == unix.SIGKILL) {
			t.Errorf("%s: code %d, signal %v, want code %d; calls %q", c.name, result.Code, result.Signal, c.code, told)
		}
		name, want, _ := strings.Cut(c.left, ": ")
		if text, err := os.ReadFile(filepath.Join(folder, name)); err != nil || string(text) != want {
			t.Errorf("%s: %s holds %q (%v), want %q; calls %q", c.name, name, text, err, want, told)
		}
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
			t.Errorf("%s: the folder holds %v (%v), want one file", c.name, entries, err)
		}
	}
}
