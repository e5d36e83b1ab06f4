package libtensorflow

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFolder(t *testing.T) {
	tests := []struct {
		env  map[string]string
		d    Device
		want string // "" for an error
	}{
		{map[string]string{"HOME": "/h"}, CPU, "/h/.cache/tfpair/runtime/2.21.0-cpu"},
		{map[string]string{"HOME": "/h"}, Auto, "/h/.cache/tfpair/runtime/2.21.0-cpu"},
		{map[string]string{"HOME": "/h"}, GPU, "/h/.cache/tfpair/runtime/2.21.0-gpu"},
		{map[string]string{"HOME": "/h", "XDG_CACHE_HOME": "/x"}, CPU, "/x/tfpair/runtime/2.21.0-cpu"},
		{map[string]string{"HOME": "/h", "XDG_CACHE_HOME": "x"}, CPU, ""},
		{map[string]string{"HOME": "/h", "TFPAIR_RUNTIME": "/r"}, GPU, "/r"},
		{nil, CPU, ""},
	}
	for _, tt := range tests {
		got, err := Folder(environment(tt.env), tt.d)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("Folder(%v, %s) = %q, %v, want %q", tt.env, tt.d, got, err, tt.want)
		}
	}
}

// The cache folder is that of the standard library on Linux.
func TestCacheFolder(t *testing.T) {
	for _, env := range []map[string]string{
		{"HOME": "/h", "XDG_CACHE_HOME": ""},
		{"HOME": "/h", "XDG_CACHE_HOME": "/x"},
		{"HOME": "/h", "XDG_CACHE_HOME": "x"},
		{"HOME": "", "XDG_CACHE_HOME": ""},
	} {
		for name, value := range env {
			t.Setenv(name, value)
		}
		want, wantErr := os.UserCacheDir()
		got, err := cacheFolder(os.Getenv)
		if got != want || (err == nil) != (wantErr == nil) {
			t.Errorf("cacheFolder(%v) = %q, %v, want %q, %v", env, got, err, want, wantErr)
		}
	}
}

func TestFind(t *testing.T) {
	cache := t.TempDir()
	cpu := filepath.Join(cache, "tfpair", "runtime", "2.21.0-cpu")
	gpu := filepath.Join(cache, "tfpair", "runtime", "2.21.0-gpu")
	find := func(d Device, want string) {
		t.Helper()
		got, err := Find(environment(map[string]string{"XDG_CACHE_HOME": cache}), d)
		var missing *MissingError
		if got != want || (want == "") != errors.As(err, &missing) {
			t.Errorf("Find(%s) = %q, %v, want %q", d, got, err, want)
		}
	}
	put := func(folder string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(folder, "lib"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "lib", mainLibrary), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []Device{Auto, CPU, GPU} {
		find(d, "")
	}
	put(gpu)
	for _, d := range []Device{Auto, CPU, GPU} {
		find(d, gpu)
	}
	put(cpu)
	find(Auto, gpu)
	find(CPU, cpu)
	if err := os.RemoveAll(gpu); err != nil {
		t.Fatal(err)
	}
	find(Auto, cpu)
	find(GPU, "")
}

func TestMissingError(t *testing.T) {
	tests := []struct {
		err  MissingError
		want string
	}{
		{MissingError{CPU, []string{"/a", "/b"}, false}, "libtensorflow is not loaded: " +
			`no libtensorflow_cc.so.2 in "/a/lib" or "/b/lib"; install it with: tfpair runtime install`},
		{MissingError{GPU, []string{"/a"}, true}, "libtensorflow is not loaded: " +
			`no libtensorflow_cc.so.2 in "/a/lib" (named by TFPAIR_RUNTIME); ` +
			"install it with: tfpair runtime install --gpu"},
	}
	for _, tt := range tests {
		if got := tt.err.Error(); got != tt.want {
			t.Errorf("Error() = %s, want %s", got, tt.want)
		}
	}
}

func TestParseDevice(t *testing.T) {
	for _, name := range []string{"auto", "cpu", "gpu"} {
		if d, err := ParseDevice(name); err != nil || string(d) != name {
			t.Errorf("ParseDevice(%q) = %q, %v", name, d, err)
		}
	}
	if _, err := ParseDevice("tpu"); err == nil || !strings.Contains(err.Error(), `"tpu" (known:`) {
		t.Errorf(`ParseDevice("tpu") = %v`, err)
	}
}

func TestPins(t *testing.T) {
	release := strings.Replace(Version, "-rc", "rc", 1) // as wheels name a candidate
	for platform, machine := range map[string]string{"linux/amd64": "x86_64", "linux/arm64": "aarch64"} {
		p, err := pinFor(platform, CPU)
		if err != nil || len(p.SHA256) != 64 || !strings.Contains(p.Wheel, "-"+release+"-") {
			t.Errorf("pinFor(%s) = %+v, %v", platform, p, err)
		}
		if tag := p.tag(); !strings.HasPrefix(tag, "manylinux") || !strings.HasSuffix(tag, machine) || strings.Contains(tag, ".") {
			t.Errorf("tag of %s = %q, want one manylinux tag of %s", platform, tag, machine)
		}
	}
	// Wheels of some releases have two tags. The version is one that no bump renames.
	p := pin{Wheel: "tensorflow_cpu-2.0.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"}
	if want := "manylinux_2_17_x86_64"; p.tag() != want {
		t.Errorf("tag of two = %q, want %q", p.tag(), want)
	}
	if p, err := pinFor("linux/amd64", GPU); err != nil || p.CUDA == "" {
		t.Errorf("pinFor(linux/amd64, gpu) = %+v, %v, want one that needs CUDA", p, err)
	}
	for _, platform := range []string{"linux/arm64", "darwin/arm64"} {
		if _, err := pinFor(platform, GPU); err == nil {
			t.Errorf("pinFor(%s, gpu) has a pin", platform)
		}
	}
}

func TestPrepareFlags(t *testing.T) {
	if got, err := flag("-I", "/a b"); got != "'-I/a b'" || err != nil {
		t.Errorf("flag = %s, %v", got, err)
	}
	if got, err := flag("-I", "/a'b"); got != `"-I/a'b"` || err != nil {
		t.Errorf("flag = %s, %v", got, err)
	}
	if _, err := flag("-I", `/a'b"c`); err == nil {
		t.Error("flag takes both kinds of quotes")
	}
	tests := []struct{ have, want string }{
		{"", "-g -O2 -L/x"}, // the go command's default
		{"-O3", "-O3 -L/x"},
		{"-O3 -L/x", "-O3 -L/x"}, // a second eval adds nothing
		{"-L/xy", "-L/xy -L/x"},
	}
	for _, tt := range tests {
		if got := withFlags(tt.have, "-L/x"); got != tt.want {
			t.Errorf("withFlags(%q) = %q, want %q", tt.have, got, tt.want)
		}
	}
}
