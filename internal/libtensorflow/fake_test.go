package libtensorflow

import (
	"archive/zip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tfpair/tfpair/internal/pip"
)

// fakeC is a library of two functions of the C API. Like TensorFlow it writes to
// stderr when it is loaded, and TF_Version writes through Abseil's log. TF_Dim returns a number that every
// argument register takes part in.
const fakeC = `
#include <unistd.h>
static int min_log_level;
void _ZN4absl12lts_2023080214SetMinLogLevelENS0_18LogSeverityAtLeastE(int level) { min_log_level = level; }
__attribute__((constructor)) static void chatter(void) {
  if (write(2, "chatter\n", 8) < 0) _exit(9);
}
const char *TF_Version(void) {
  if (min_log_level == 0 && write(2, "I0000\n", 6) < 0) _exit(9);
  return "fake";
}
double TF_Dim(long a, long b, long c, long d, long e, long f, double g, double h, double i,
              double j, double k, double l, double m, double n, long onstack) {
  return a + 2*b + 3*c + 4*d + 5*e + 6*f + 7*g + 8*h + 9*i + 10*j + 11*k + 12*l + 13*m + 14*n
    + 15*onstack;
}
`

// needTools skips a test where a tool that Install needs is missing.
func needTools(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed", name)
		}
	}
}

// fakeWheel writes a wheel with tiny libraries and headers and returns its path and
// the pin that fits it. The entries of more are added to it, by name.
func fakeWheel(t *testing.T, more map[string]string) (string, pin) {
	t.Helper()
	needTools(t, "cc")
	dir := t.TempDir()
	source := filepath.Join(dir, "fake.c")
	if err := os.WriteFile(source, []byte(fakeC), 0o644); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"tensorflow/python/big.py": "not wanted",
		"tensorflow/" + notices: "licences"}
	for name, flags := range map[string][]string{
		frameworkLibrary: {"-x", "c", os.DevNull},
		mainLibrary:      {source},
	} {
		out := filepath.Join(dir, name)
		args := append([]string{"-shared", "-fPIC", "-g", "-o", out}, flags...)
		if text, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
			t.Fatalf("cc: %v\n%s", err, text)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		files["tensorflow/"+name] = string(data)
	}
	for _, h := range headers {
		files["tensorflow/include/"+h] = "// " + h + "\n"
	}
	for name, text := range more {
		files[name] = text
	}
	p := pin{Project: "tensorflow-cpu", Wheel: "fake-2.21.0-cp311-cp311-fake_x86_64.whl"}
	path := filepath.Join(dir, p.Wheel)
	writeZip(t, path, files)
	var err error
	if p.SHA256, p.Size, err = pip.Sum(path); err != nil {
		t.Fatal(err)
	}
	return path, p
}

// writeZip writes a zip of the given files.
func writeZip(t *testing.T, path string, files map[string]string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name, text := range files {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// environment is a Getenv of fixed values.
func environment(values map[string]string) Getenv {
	return func(name string) string { return values[name] }
}

// entries returns the names in a folder, nil if there is none.
func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}
