package libtensorflow

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// metadata is an excerpt of that of the wheel tensorflow 2.21.0.
const metadata = `Metadata-Version: 2.4
Name: tensorflow
Requires-Dist: numpy>=1.26.0
Provides-Extra: and-cuda
Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"
Requires-Dist: nvidia-cudnn-cu12<10.0,>=9.3.0.75; extra == "and-cuda"
Requires-Dist: tensorflow-io-gcs-filesystem>=0.23.1; python_version < "3.13" and extra == "gcs-filesystem"
`

func TestInstallGPU(t *testing.T) {
	wheel, p := fakeWheel(t, map[string]string{"tensorflow-2.21.0.dist-info/METADATA": metadata})
	p.CUDA = true
	packages := t.TempDir()
	for _, name := range []string{"cublas", "cudnn"} {
		writeZip(t, filepath.Join(packages, "nvidia_"+name+"_cu12-1-py3-none-any.whl"),
			map[string]string{
				"nvidia/" + name + "/lib/lib" + name + ".so.12": "library",
				"nvidia/" + name + "/include/x.h":               "header",
				"nvidia/__init__.py":                            "",
				"nvidia_" + name + ".dist-info/METADATA":        "",
			})
	}
	log := filepath.Join(t.TempDir(), "args")
	fakePip(t, "echo \"$args\" > "+log+"\ncp "+packages+"/*.whl \"$dest\"\n")
	dir := filepath.Join(t.TempDir(), "gpu")
	if err := Install(t.Context(), Options{From: wheel, Dir: dir, GPU: true, pin: &p}); err != nil {
		t.Fatal(err)
	}
	args, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	asked := "nvidia-cublas-cu12<13.0,>=12.5.3.2 nvidia-cudnn-cu12<10.0,>=9.3.0.75"
	if !strings.Contains(string(args), asked) {
		t.Errorf("pip was called with %q, want %q in it", args, asked)
	}
	m, err := ReadManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	var cuda []string
	for _, f := range m.Files {
		if strings.HasPrefix(f.Path, "nvidia/") {
			cuda = append(cuda, f.Path)
		}
	}
	want := []string{"nvidia/cublas/lib/libcublas.so.12", "nvidia/cudnn/lib/libcudnn.so.12"}
	if m.Device != GPU || !slices.Equal(cuda, want) {
		t.Errorf("manifest: device %s, CUDA files %v, want gpu, %v", m.Device, cuda, want)
	}
	for _, l := range CUDALibraries(dir, environment(nil)) {
		if l.Name == "libcublas.so.12" && l.Path != filepath.Join(dir, want[0]) {
			t.Errorf("libcublas.so.12 is at %q, want it in the runtime", l.Path)
		}
	}
}

func TestCUDALibraries(t *testing.T) {
	dir := t.TempDir()
	driver := filepath.Join(dir, "libcuda.so.1")
	if err := os.WriteFile(driver, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	env := environment(map[string]string{"LD_LIBRARY_PATH": "/nowhere::" + dir})
	found := CUDALibraries(t.TempDir(), env)
	if found[0] != (CUDALibrary{"libcuda.so.1", driver}) {
		t.Errorf("driver: %+v, want it found in LD_LIBRARY_PATH", found[0])
	}
	for _, l := range found {
		if l.Name == "" {
			t.Errorf("a library without a name in %+v", found)
		}
	}
}
