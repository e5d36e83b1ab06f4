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
	for _, name := range []string{"lib/libtensorflow_cc.so.2", "include/tensorflow/c/c_api.h",
		"hdf5/include/hdf5.h", "hdf5/lib/libhdf5.a"} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"TFPAIR_RUNTIME": folder, "CGO_CFLAGS": "-O3", "CGO_LDFLAGS": "",
		"TFPAIR_HDF5": filepath.Join(folder, "hdf5"), "GOFLAGS": "-v"}
	var stdout, stderr strings.Builder
	getenv := func(name string) string { return env[name] }
	if err := run(t.Context(), "cpu", getenv, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	if stderr.Len() > 0 {
		t.Errorf("nothing was missing, and stderr says %q", stderr.String())
	}
	out, err := exec.Command("sh", "-c",
		stdout.String()+`printf '%s\n%s\n%s\n' "$CGO_CFLAGS" "$CGO_LDFLAGS" "$GOFLAGS"`).Output()
	if err != nil {
		t.Fatal(err)
	}
	flags := strings.Split(string(out), "\n")
	if want := `-O3 "-I` + folder + `/include" "-I` + folder + `/hdf5/include"`; flags[0] != want {
		t.Errorf("CGO_CFLAGS is %s, want %s", flags[0], want)
	}
	if want := `-g -O2 "-L` + folder + `/stub-`; !strings.HasPrefix(flags[1], want) {
		t.Errorf("CGO_LDFLAGS is %s, want it to begin with %s", flags[1], want)
	}
	if want := ` "-L` + folder + `/hdf5/lib"`; !strings.HasSuffix(flags[1], want) {
		t.Errorf("CGO_LDFLAGS is %s, want it to end with %s", flags[1], want)
	}
	if want := "-v -tags=tensorflow,hdf5"; flags[2] != want {
		t.Errorf("GOFLAGS is %s, want %s", flags[2], want)
	}

	env["TFPAIR_HDF5"] = t.TempDir()
	stdout.Reset()
	if err := run(t.Context(), "cpu", getenv, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(stdout.String(), "export GOFLAGS='-v -tags=tensorflow'\n") {
		t.Errorf("without HDF5 run writes %q", stdout.String())
	}
}

func TestWithTag(t *testing.T) {
	for flags, want := range map[string]string{
		"":                            "-tags=hdf5",
		"-mod=vendor":                 "-mod=vendor -tags=hdf5",
		"-tags=osusergo -v":           "-tags=osusergo,hdf5 -v",
		"--tags=a,hdf5":               "--tags=a,hdf5",
		"-tags=old -tags=hdf5turbo,b": "-tags=old -tags=hdf5turbo,b,hdf5",
	} {
		if got := withTag(flags, "hdf5"); got != want {
			t.Errorf("withTag(%q) = %q, want %q", flags, got, want)
		}
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

// A go of the current folder is not asked for GOFLAGS, whatever PATH says.
func TestGoOfTheFolder(t *testing.T) {
	folder, ran := t.TempDir(), filepath.Join(t.TempDir(), "ran")
	if err := os.WriteFile(filepath.Join(folder, "go"), []byte("#!/bin/sh\n: > '"+ran+"'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	t.Setenv("GOFLAGS", "")
	usual := os.Getenv("PATH")
	for _, path := range []string{usual, ".:" + usual, ":" + usual} {
		t.Setenv("PATH", path)
		environment("GOFLAGS")
		if _, err := os.Stat(ran); err == nil {
			t.Fatalf("with PATH %.20q the go of the current folder was executed", path)
		}
	}
}
