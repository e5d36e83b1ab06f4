//go:build cgo

package crash_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
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
	crash.Watch("crashed\n")
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
			if code, text := end(t, name); code != crash.Code || !strings.HasSuffix(text, "crashed\n") {
				t.Errorf("exit code %d, want %d after %q:\n%s", code, crash.Code, "crashed", text)
			}
		})
	}
	if code, text := end(t, "none"); code != 10 || text != "" {
		t.Errorf("its own end: exit code %d, want 10 in silence:\n%s", code, text)
	}
}

// TestLimit: with too little memory for Go itself the end is told as well, and with enough it is as chosen.
// It is never 2, which says that a command line is wrong.
func TestLimit(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere there is no limit of addresses")
	}
	for kilobytes := 200_000; kilobytes <= 4_000_000; kilobytes += 200_000 {
		cmd := exec.Command("sh", "-c", fmt.Sprintf("ulimit -v %d && exec %s", kilobytes, os.Args[0]))
		cmd.Env = append(os.Environ(), endVariable+"=none")
		out, err := cmd.CombinedOutput()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		switch code := cmd.ProcessState.ExitCode(); {
		case code == 10:
		case code == crash.Code && bytes.Contains(out, []byte("memory is too small to start")):
		default:
			t.Errorf("with %d kB: exit code %d, want %d or its own:\n%s", kilobytes, code, crash.Code, out)
		}
	}
}
