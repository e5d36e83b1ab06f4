package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The lines mean the same to a shell as to us, whatever is in the folder's name.
func TestRun(t *testing.T) {
	for _, tool := range []string{"cc", "ar", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
	folder := filepath.Join(t.TempDir(), "it's $HOME `x`")
	for _, name := range []string{"lib/libtensorflow_cc.so.2", "include/tensorflow/c/c_api.h"} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"TFPAIR_RUNTIME": folder, "CGO_CFLAGS": "-O3", "CGO_LDFLAGS": ""}
	var stdout, stderr strings.Builder
	getenv := func(name string) string { return env[name] }
	if err := run(t.Context(), "cpu", getenv, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	if stderr.Len() > 0 {
		t.Errorf("nothing was missing, and stderr says %q", stderr.String())
	}
	out, err := exec.Command("sh", "-c",
		stdout.String()+`printf '%s\n%s\n' "$CGO_CFLAGS" "$CGO_LDFLAGS"`).Output()
	if err != nil {
		t.Fatal(err)
	}
	flags := strings.Split(string(out), "\n")
	if want := `-O3 "-I` + folder + `/include"`; flags[0] != want {
		t.Errorf("CGO_CFLAGS is %s, want %s", flags[0], want)
	}
	if want := `-g -O2 "-L` + folder + `/stub-`; !strings.HasPrefix(flags[1], want) {
		t.Errorf("CGO_LDFLAGS is %s, want it to begin with %s", flags[1], want)
	}
}

func TestRunFails(t *testing.T) {
	for device, want := range map[string]string{
		"cpu": "HOME", // there is no cache folder without it
		"tpu": `unknown device "tpu" (known: auto, cpu, gpu)`,
	} {
		var stdout, stderr strings.Builder
		err := run(t.Context(), device, func(string) string { return "" }, &stdout, &stderr)
		if err == nil || !strings.Contains(err.Error(), want) || stdout.Len() > 0 {
			t.Errorf("run for %s without an environment = %v with output %q, want %q and no output",
				device, err, stdout.String(), want)
		}
	}
}
