package load

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

// linked returns a runtime like the installed one, of links to its files and a copy of its
// smallest one, which the test may change.
func linked(t *testing.T) (folder, small string) {
	t.Helper()
	from, folder := installed(t), t.TempDir()
	m, err := libtensorflow.ReadManifest(from)
	if err != nil {
		t.Skip(err)
	}
	smallest := m.Files[0]
	for _, f := range m.Files {
		if f.Size < smallest.Size {
			smallest = f
		}
		to := filepath.Join(folder, f.Path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Symlink(filepath.Join(from, f.Path), to)); err != nil {
			t.Fatal(err)
		}
	}
	small = filepath.Join(folder, smallest.Path)
	for to, source := range map[string]string{small: smallest.Path, filepath.Join(folder, "MANIFEST.json"): "MANIFEST.json"} {
		data, err := os.ReadFile(filepath.Join(from, source))
		_ = os.Remove(to) // the link, so that what it leads to stays as it is
		if err := errors.Join(err, os.WriteFile(to, data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	return folder, small
}

// A runtime whose files are not those that were installed is not loaded, unless it is asked for.
func TestLoadVerifies(t *testing.T) {
	folder, small := linked(t)
	env := []string{"TFPAIR_RUNTIME=" + folder, "TFPAIR_VERIFY="}
	if got, code := child(t, "load", env, "cpu"); got != folder+"\n" || code != 0 {
		t.Fatalf("Load of a whole runtime wrote %q, exit code %d", got, code)
	}
	if _, err := os.Stat(filepath.Join(folder, "VERIFIED.json")); err != nil {
		t.Errorf("nothing is remembered: %v", err)
	}
	data, err := os.ReadFile(small)
	if err != nil {
		t.Fatal(err)
	}
	data[0] ^= 1
	if err := os.WriteFile(small, data, 0o644); err != nil {
		t.Fatal(err)
	}
	got, code := child(t, "load", env, "cpu")
	if code != 1 || !strings.Contains(got, "it is damaged: ") || !strings.Contains(got, "; replace it with: tfpair runtime install\n") {
		t.Errorf("Load of a damaged runtime wrote %q, exit code %d, want what is damaged and 1", got, code)
	}
	if got, code := child(t, "load", []string{env[0], "TFPAIR_VERIFY=off"}, "cpu"); got != folder+"\n" || code != 0 {
		t.Errorf("Load with TFPAIR_VERIFY=off wrote %q, exit code %d, want it loaded as it is", got, code)
	}
	if got, code := child(t, "load", []string{env[0], "TFPAIR_VERIFY=no"}, "cpu"); code != 1 || !strings.Contains(got, `TFPAIR_VERIFY is "no"; unset it`) {
		t.Errorf("Load with TFPAIR_VERIFY=no wrote %q, exit code %d, want it refused", got, code)
	}
}

// A damaged GPU build is not mended by installing the CPU build.
func TestReplace(t *testing.T) {
	folder := t.TempDir()
	for device, want := range map[string]string{"cpu": "tfpair runtime install", "gpu": "tfpair runtime install --gpu"} {
		text := `{"device": "` + device + `", "files": [{"path": "lib/libtensorflow_framework.so.2"}, {"path": "lib/libtensorflow_cc.so.2"}]}`
		if err := os.WriteFile(filepath.Join(folder, "MANIFEST.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		err := verify(folder, func(string) string { return "" })
		if err == nil || !strings.HasSuffix(err.Error(), "replace it with: "+want) {
			t.Errorf("a damaged %s build: %v, want %q", device, err, want)
		}
	}
}

// A limit of the process is not a fault of the runtime: nobody is told to install it again.
func TestLimits(t *testing.T) {
	folder := installed(t)
	under := func(limit string) (text string, loaded bool) {
		cmd := exec.Command("sh", "-c", "ulimit "+limit+` && exec "$0" cpu`, os.Args[0])
		cmd.Env = append(os.Environ(), childVariable+"=load", "TFPAIR_RUNTIME="+folder)
		out, err := cmd.CombinedOutput()
		if strings.Contains(string(out), libtensorflow.InstallCommand) {
			t.Errorf("Load with ulimit %s advises to install: %s", limit, out)
		}
		return string(out), err == nil
	}
	if text, _ := under("-n 8"); !strings.Contains(text, "raise it with ulimit -n") {
		t.Errorf("Load with ulimit -n 8: %s", text)
	}
	// The libraries map 0.6 GB, and Go about 1 GB, more or less with the threads that it happens to
	// start: below some limit it is Go that ends the process, and above another all is loaded.
	const kB = 100_000
	for limit := 13 * kB; ; limit += kB {
		text, loaded := under(fmt.Sprintf("-v %d", limit))
		if strings.Contains(text, "memory is too small for it") {
			break
		}
		if loaded {
			t.Fatalf("no limit below %d kB says that memory is too small", limit)
		}
	}
}

// A processor that lacks what the libraries are compiled with is a message.
func TestProcessor(t *testing.T) {
	if err := checkProcessor("/r", []feature{{"AVX", true}}); err != nil {
		t.Errorf("a processor with AVX: %v", err)
	}
	err := checkProcessor("/r", []feature{{"AVX", false}, {"other", true}})
	if e := (*Error)(nil); !errors.As(err, &e) || !strings.Contains(err.Error(), "lacks AVX, and") {
		t.Errorf("a processor without AVX: %v, want a *Error that names it", err)
	}
	folder := installed(t)
	if len(processor()) == 0 {
		t.Skip("the libraries need no more than every processor has")
	}
	got, code := child(t, "load", []string{"TFPAIR_RUNTIME=" + folder, "GODEBUG=cpu.avx=off"}, "cpu")
	if code != 1 || !strings.Contains(got, "lacks AVX") {
		t.Errorf("Load without AVX wrote %q, exit code %d, want a message and 1", got, code)
	}
}
