package libtensorflow

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// callerC calls the stub as the binding would. The expected number is 1·1 + 2·2 + … +
// 15·15, the sum of the squares to 15, = 15·16·31/6 = 1240.
const callerC = `
#include <stdio.h>
#include <string.h>
const char *TF_Version(void);
void TF_NewGraph(void);
double TF_Dim(long, long, long, long, long, long, double, double, double, double, double, double,
              double, double, long);
int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "help") == 0) return puts("help") < 0;
  if (argc > 1 && strcmp(argv[1], "unknown") == 0) TF_NewGraph();
  for (int i = 0; i < 2; i++)  // first by way of the resolver, then directly
    printf("%g\n", TF_Dim(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  return puts(TF_Version()) < 0;
}
`

// installFake installs the fake runtime and returns its folder.
func installFake(t *testing.T) string {
	t.Helper()
	wheel, p := fakeWheel(t, nil)
	dir := filepath.Join(t.TempDir(), "runtime")
	if err := Install(t.Context(), Options{From: wheel, Dir: dir, pin: &p}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// buildCaller builds a program with the stub of a runtime.
func buildCaller(t *testing.T, dir string, flags ...string) (program string) {
	t.Helper()
	env, err := Prepare(t.Context(), dir, environment(map[string]string{"CGO_LDFLAGS": "-g"}))
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(t.TempDir(), "caller.c")
	if err := os.WriteFile(source, []byte(callerC), 0o644); err != nil {
		t.Fatal(err)
	}
	program = filepath.Join(filepath.Dir(source), "caller")
	args := slices.Concat(flags, []string{"-o", program, source}, strings.Fields(env.LDFlags),
		[]string{"-ltensorflow", "-ldl", "-lpthread"})
	if out, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	return program
}

// result is what a run of a program came to.
type result struct {
	code           int
	stdout, stderr string
}

// runWith runs a program with nothing but env in its environment.
func runWith(t *testing.T, env []string, program string, args ...string) result {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := exec.Command(program, args...)
	cmd.Env = env
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func TestStub(t *testing.T) {
	dir := installFake(t)
	program := buildCaller(t, dir)
	cache := t.TempDir()
	byCache := filepath.Join(cache, "tfpair", "runtime", Version+"-cpu")
	if err := os.MkdirAll(filepath.Dir(byCache), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, byCache); err != nil {
		t.Fatal(err)
	}
	const called = "1240\n1240\nfake\n"
	missing := "tfpair: libtensorflow is not loaded: no libtensorflow_cc.so.2 in \"%s/lib\"%s\n" +
		"tfpair: hint: install it with: tfpair runtime install\n"
	said := func(folder, named string) string {
		return strings.NewReplacer("%s/lib", folder+"/lib", "\"%s\n", "\""+named+"\n").Replace(missing)
	}
	tests := []struct {
		name string
		env  []string
		arg  string
		want result
	}{
		{"help needs nothing", []string{}, "help", result{0, "help\n", ""}},
		{"named folder, no chatter", []string{"TFPAIR_RUNTIME=" + dir}, "", result{0, called, ""}},
		{"log at the user's level", []string{"TFPAIR_RUNTIME=" + dir, "TF_CPP_MIN_LOG_LEVEL=0"}, "", result{0, called, "I0000\n"}},
		{"cache", []string{"XDG_CACHE_HOME=" + cache}, "", result{0, called, ""}},
		{"missing where named", []string{"TFPAIR_RUNTIME=/nowhere"}, "",
			result{4, "", said("/nowhere", " (named by TFPAIR_RUNTIME)")}},
		{"missing in cache", []string{"HOME=/nohome"}, "",
			result{4, "", said("/nohome/.cache/tfpair/runtime/2.21.0-cpu", "")}},
		{"no such name", []string{"TFPAIR_RUNTIME=" + dir}, "unknown",
			result{4, "", "tfpair: libtensorflow is not loaded: the library has no TF_NewGraph\n" +
				"tfpair: hint: install it with: tfpair runtime install\n"}},
		{"no folder at all", []string{}, "", result{4, "", "tfpair: libtensorflow is not loaded: " +
			"no cache folder to look in: HOME and XDG_CACHE_HOME are not usable, " +
			"TFPAIR_RUNTIME is not set\n"}},
	}
	for _, tt := range tests {
		if got := runWith(t, tt.env, program, tt.arg); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// The stub works wherever the linker places it.
func TestStubPositionIndependent(t *testing.T) {
	dir := installFake(t)
	for _, flag := range []string{"-pie", "-no-pie"} {
		program := buildCaller(t, dir, flag)
		got := runWith(t, []string{"TFPAIR_RUNTIME=" + dir}, program)
		if want := (result{0, "1240\n1240\nfake\n", ""}); got != want {
			t.Errorf("%s: got %+v, want %+v", flag, got, want)
		}
	}
}

// What the stub prints is what Find returns.
func TestStubSaysWhatFindSays(t *testing.T) {
	program := buildCaller(t, installFake(t))
	for _, env := range []map[string]string{{"TFPAIR_RUNTIME": "/nowhere"}, {"HOME": "/nohome"}} {
		_, err := Find(environment(env), Auto)
		if err == nil {
			t.Fatalf("Find(%v) found something", env)
		}
		problem, hint, _ := strings.Cut(err.Error(), "; install it with: ")
		// With two folders to look in, the stub names the last.
		if i := strings.LastIndex(problem, " or "); i >= 0 {
			problem = problem[:strings.Index(problem, `"`)] + problem[i+len(" or "):]
		}
		want := "tfpair: " + problem + "\ntfpair: hint: install it with: " + hint + "\n"
		var list []string
		for name, value := range env {
			list = append(list, name+"="+value)
		}
		if got := runWith(t, list, program); got.stderr != want {
			t.Errorf("stub says %q, Find %q", got.stderr, want)
		}
	}
}

// Both architectures have every name; here only one can run.
func TestAssembly(t *testing.T) {
	names := strings.Fields(stubNames)
	if len(names) < 100 || !slices.IsSorted(names) || !slices.Contains(names, "TF_SessionRun") {
		t.Fatalf("names.txt has %d names, sorted %v", len(names), slices.IsSorted(names))
	}
	for _, platform := range []string{"linux/amd64", "linux/arm64"} {
		text, err := stubAssembly(platform, names)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if !strings.Contains(text, "\n"+name+":\n") {
				t.Errorf("%s: no %s", platform, name)
			}
		}
	}
	if _, err := stubAssembly("plan9/mips", names); err == nil {
		t.Error("stubAssembly knows plan9/mips")
	}
	if runtime.GOOS+"/"+runtime.GOARCH != "linux/amd64" {
		return
	}
	if a, err := stubFolder("linux/amd64"); err != nil || !strings.HasPrefix(a, "stub-") {
		t.Errorf("stubFolder = %q, %v", a, err)
	}
}

// TestNothingOfTheFolderRuns: no cc or strip of the current folder is run, whatever PATH says.
func TestNothingOfTheFolderRuns(t *testing.T) {
	needTools(t, "cc", "strip")
	pictures, ran := t.TempDir(), filepath.Join(t.TempDir(), "ran")
	for _, name := range []string{"cc", "strip"} {
		if err := os.WriteFile(filepath.Join(pictures, name), []byte("#!/bin/sh\n: > '"+ran+"'\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	wheel, p := fakeWheel(t, nil)
	t.Chdir(pictures)
	usual := os.Getenv("PATH")
	for _, path := range []string{usual, ".:" + usual, ":" + usual} {
		t.Setenv("PATH", path)
		err := Install(t.Context(), Options{From: wheel, Dir: filepath.Join(t.TempDir(), "runtime"), pin: &p})
		if path == usual && err != nil || path != usual && !errors.Is(err, exec.ErrDot) {
			t.Errorf("Install with PATH %.20q = %v", path, err)
		}
		if _, err := os.Stat(ran); err == nil {
			t.Fatalf("with PATH %.20q a file of the current folder was executed", path)
		}
	}
}
