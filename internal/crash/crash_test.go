//go:build cgo

package crash_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/crash"
	"github.com/tfpair/tfpair/internal/crash/crashtest"
)

// endVariable says how the test binary, run by itself, ends.
const endVariable = "TFPAIR_CRASH_TEST"

// ends are all ways in which a process ends that the program did not choose.
var ends = map[string]func(){
	"exit of C":              crashtest.Exit,
	"abort of C":             crashtest.Abort,
	"fault in C":             crashtest.Fault,
	"fault on a thread of C": crashtest.FaultOnThread,
	"panic":                  func() { panic("on purpose") },
	"panic in a goroutine": func() {
		go panic("on purpose")
		select {}
	},
	"fault in Go": func() {
		var nowhere *int
		*nowhere = 1
	},
	"fatal error of Go": func() {
		var unlocked struct{ m map[int]int }
		unlocked.m = map[int]int{}
		for range 8 {
			go func() {
				for i := 0; ; i++ {
					unlocked.m[i&7] = i
				}
			}()
		}
		select {}
	},
}

func TestMain(m *testing.M) {
	name := os.Getenv(endVariable)
	if name == "" {
		os.Exit(m.Run())
	}
	crash.Watch(7, "crashed\n")
	if end := ends[name]; end != nil {
		end()
	}
	crash.Done()
	os.Exit(10)
}

// TestWatch: each such end is told by its exit code and by the last line, and the end that the
// program chose is as it chose.
func TestWatch(t *testing.T) {
	end := func(t *testing.T, name string) (code int, stderr string) {
		t.Helper()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), endVariable+"="+name)
		var text strings.Builder
		cmd.Stderr = &text
		err := cmd.Run()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), text.String()
	}
	for name := range ends {
		t.Run(name, func(t *testing.T) {
			if code, text := end(t, name); code != 7 || !strings.HasSuffix(text, "crashed\n") {
				t.Errorf("exit code %d, want 7 after %q:\n%s", code, "crashed", text)
			}
		})
	}
	if code, text := end(t, "none"); code != 10 || text != "" {
		t.Errorf("its own end: exit code %d, want 10 in silence:\n%s", code, text)
	}
}
