package load

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

// The test binary runs itself with this set to do one thing in a process of its own:
// a library that was loaded stays loaded.
const childVariable = "TFPAIR_LOAD_TEST"

func TestMain(m *testing.M) {
	switch os.Getenv(childVariable) {
	case "":
		os.Exit(m.Run())
	case "version":
		println(Version())
	case "load":
		if err := Load(os.Args[1]); err != nil {
			println(err.Error())
			os.Exit(1)
		}
		println(Folder())
	}
}

// child runs the test binary in another process and returns what it wrote to stderr,
// to which println goes, and its exit code.
func child(t *testing.T, what string, env []string, args ...string) (stderr string, code int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childVariable+"="+what)
	cmd.Env = append(cmd.Env, env...)
	var text strings.Builder
	cmd.Stderr = &text
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return text.String(), cmd.ProcessState.ExitCode()
}

// installed returns the runtime of this machine, or skips.
func installed(t *testing.T) string {
	t.Helper()
	folder, err := libtensorflow.Find(os.Getenv, libtensorflow.CPU)
	if err != nil {
		t.Skip(err)
	}
	return folder
}

// The library loads, by itself or explicitly, and nothing is heard of it.
func TestLoads(t *testing.T) {
	folder := installed(t)
	env := []string{"TFPAIR_RUNTIME=" + folder}
	if got, code := child(t, "version", env); got != libtensorflow.Version+"\n" || code != 0 {
		t.Errorf("Version wrote %q, exit code %d, want %q alone", got, code, libtensorflow.Version)
	}
	if got, code := child(t, "load", env, "cpu"); got != folder+"\n" || code != 0 {
		t.Errorf("Load wrote %q, exit code %d, want %q alone", got, code, folder)
	}
}

func TestLoadTwice(t *testing.T) {
	folder := installed(t)
	for range 2 {
		if err := Load("cpu"); err != nil {
			t.Fatalf("Load: %v", err)
		}
	}
	if got := Folder(); got != folder {
		t.Errorf("Folder() = %q, want %q", got, folder)
	}
	if level := os.Getenv("TF_CPP_MIN_LOG_LEVEL"); level != "" && level != "2" {
		t.Logf("TF_CPP_MIN_LOG_LEVEL is %q, the user's own", level)
	}
	m, err := libtensorflow.ReadManifest(folder)
	if err != nil || m.Device == libtensorflow.GPU {
		t.Skip("not a CPU build")
	}
	var wrong *Error
	if err := Load("gpu"); !errors.As(err, &wrong) || wrong.Remedy != replaceGPU {
		t.Errorf("Load(gpu) of a CPU build = %v, want a *Error that names the command for the GPU build", err)
	}
}

func TestLoadFails(t *testing.T) {
	broken := t.TempDir()
	if err := os.Mkdir(filepath.Join(broken, "lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"libtensorflow_framework.so.2", "libtensorflow_cc.so.2"} {
		if err := os.WriteFile(filepath.Join(broken, "lib", name), []byte("no"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct{ name, folder, device, want string }{
		{"no manifest", broken, "cpu", "it has no manifest to verify its files by; to load it as it is, set TFPAIR_VERIFY=off\n"},
		{"missing", "/nowhere", "cpu", `libtensorflow is not loaded: no libtensorflow_cc.so.2 in ` +
			`"/nowhere/lib" (named by TFPAIR_RUNTIME); install it with: tfpair runtime install` + "\n"},
		{"broken", broken, "auto", "too short"},
		{"another release", otherRelease(t), "cpu", "it is TensorFlow 9.8.7, and this program is made for " + libtensorflow.Version},
		{"half of it", halfRuntime(t), "cpu", "libtensorflow_framework.so.2: cannot open shared object file"},
		{"device", "/nowhere", "tpu", `unknown device "tpu" (known: auto, cpu, gpu)` + "\n"},
	}
	for _, tt := range tests {
		env := []string{"TFPAIR_RUNTIME=" + tt.folder, "TFPAIR_VERIFY=off"}
		if tt.name == "no manifest" {
			env[1] = "TFPAIR_VERIFY="
		}
		got, code := child(t, "load", env, tt.device)
		if code != 1 || !strings.Contains(got, tt.want) {
			t.Errorf("%s: Load wrote %q, exit code %d, want %q and 1", tt.name, got, code, tt.want)
		}
	}
	got, code := child(t, "version", []string{"TFPAIR_RUNTIME=/nowhere"})
	if code != 4 || !strings.HasPrefix(got, "tfpair: libtensorflow is not loaded: no ") {
		t.Errorf("Version without a runtime wrote %q, exit code %d, want 4", got, code)
	}
}

// otherRelease returns a runtime of another version: two small libraries.
func otherRelease(t *testing.T) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	folder := t.TempDir()
	source := filepath.Join(folder, "version.c")
	if err := os.WriteFile(source, []byte(`const char *TF_Version(void) { return "9.8.7"; }`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "lib"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"libtensorflow_framework.so.2", "libtensorflow_cc.so.2"} {
		build := exec.Command(cc, "-shared", "-fPIC", "-o", filepath.Join(folder, "lib", name), source)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return folder
}

// halfRuntime returns a runtime that lacks one of its libraries.
func halfRuntime(t *testing.T) string {
	t.Helper()
	folder := otherRelease(t)
	if err := os.Remove(filepath.Join(folder, "lib", "libtensorflow_framework.so.2")); err != nil {
		t.Fatal(err)
	}
	return folder
}

// One rule for where a runtime lies, in Go and in C.
func TestFolderRulesAgree(t *testing.T) {
	names := []string{"TFPAIR_RUNTIME", "XDG_CACHE_HOME", "HOME"}
	for _, values := range [][3]string{
		{"", "", "/home/x"},
		{"", "/cache", "/home/x"},
		{"", "/cache", ""},
		{"", "relative", "/home/x"},
		{"/named", "/cache", "/home/x"},
		{"/named", "relative", ""},
		{"", "", ""},
		{"/with space/ü", "", ""},
	} {
		for i, name := range names {
			t.Setenv(name, values[i])
		}
		for _, d := range []libtensorflow.Device{libtensorflow.CPU, libtensorflow.GPU} {
			want, err := libtensorflow.Folder(os.Getenv, d)
			got, ok := defaultFolder(d)
			if got != want || ok != (err == nil) {
				t.Errorf("%v, %s: C says %q, Go %q, %v", values, d, got, want, err)
			}
		}
	}
}
