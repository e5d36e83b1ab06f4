package libtensorflow

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/pip"
)

// cudaWheels writes two small NVIDIA wheels into a folder, and returns it and their pins.
func cudaWheels(t *testing.T) (folder, pins string) {
	t.Helper()
	folder = t.TempDir()
	for _, name := range []string{"cublas", "cudnn"} {
		info := "nvidia_" + name + "_cu12-12.1.dist-info/"
		wheel := filepath.Join(folder, "nvidia_"+name+"_cu12-12.1-py3-none-any.whl")
		writeZip(t, wheel, map[string]string{
			"nvidia/" + name + "/lib/lib" + name + ".so.12": "library",
			"nvidia/" + name + "/include/x.h":               "header",
			"nvidia/__init__.py":                            "",
			info + "METADATA":                               "Metadata-Version: 2.1\nName: nvidia-" + name + "-cu12\nVersion: 12.1\n",
			info + "WHEEL":                                  "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
			info + "RECORD":                                 "",
		})
		digest, _, err := pip.Sum(wheel)
		if err != nil {
			t.Fatal(err)
		}
		pins += "nvidia-" + name + "-cu12==12.1 --hash=sha256:" + digest + "\n"
	}
	return folder, pins
}

// TestInstallGPU: the CUDA packages come by the machine's pip, which has them in a folder here,
// and one with another checksum is refused.
func TestInstallGPU(t *testing.T) {
	if err := exec.Command("python3", "-I", "-m", "pip", "--version").Run(); err != nil {
		t.Skip("python3 with pip is not installed")
	}
	wheel, p := fakeWheel(t, nil)
	packages, pins := cudaWheels(t)
	t.Setenv("PIP_NO_INDEX", "1")
	t.Setenv("PIP_FIND_LINKS", packages)

	dir := filepath.Join(t.TempDir(), "gpu")
	p.CUDA = regexp.MustCompile("[0-9a-f]{64}").ReplaceAllString(pins, strings.Repeat("0", 64))
	err := Install(t.Context(), Options{From: wheel, Dir: dir, GPU: true, pin: &p})
	if err == nil || !strings.Contains(err.Error(), "HASH") {
		t.Errorf("Install with other checksums: %v, want pip's refusal", err)
	}
	if found := entries(t, dir); found != nil {
		t.Errorf("a refused Install left %q", found)
	}

	p.CUDA = pins
	if err := Install(t.Context(), Options{From: wheel, Dir: dir, GPU: true, pin: &p}); err != nil {
		t.Fatal(err)
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

// TestCUDAPins: every package is pinned to one version and one checksum.
func TestCUDAPins(t *testing.T) {
	line := regexp.MustCompile(`^nvidia-[a-z-]+-cu12==[0-9.]+ --hash=sha256:[0-9a-f]{64}$`)
	packages := 0
	for text := range strings.Lines(cudaPins) {
		if text = strings.TrimSpace(text); text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		packages++
		if !line.MatchString(text) {
			t.Errorf("cuda.txt: %q has not one version and one checksum", text)
		}
	}
	if packages != 12 { // that many the extra "and-cuda" of tensorflow 2.21.0 names
		t.Errorf("cuda.txt has %d packages, want 12", packages)
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
