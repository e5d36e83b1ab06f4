package libtensorflow

import (
	"archive/zip"
	"context"
	_ "embed" // of cuda.txt
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/pip"
)

// cudaLibraries are the libraries that the GPU build opens by name when it starts; all but the
// driver come with the NVIDIA packages.
var cudaLibraries = []string{
	"libcuda.so.1", // the driver: comes with the machine, never with a package
	"libcudart.so.12",
	"libcublas.so.12",
	"libcublasLt.so.12",
	"libcudnn.so.9",
	"libcufft.so.11",
	"libcurand.so.10",
	"libcusolver.so.11",
	"libcusparse.so.12",
	"libcupti.so.12",
	"libnvrtc.so.12",
	"libnvJitLink.so.12",
	"libnccl.so.2",
}

// CUDALibrary is one library that the GPU build opens.
type CUDALibrary struct {
	Name string // "libcudnn.so.9"
	Path string // where it was found, "" if nowhere
}

// CUDALibraries looks for each library that the GPU build needs: in the runtime
// folder, then in LD_LIBRARY_PATH, then in the system's usual folders. The runtime was never
// tried on a GPU by the project; this says what it would look for.
func CUDALibraries(dir string, getenv Getenv) []CUDALibrary {
	folders, _ := filepath.Glob(filepath.Join(dir, "nvidia", "*", "lib")) // pattern is valid
	for folder := range strings.SplitSeq(getenv("LD_LIBRARY_PATH"), ":") {
		if folder != "" {
			folders = append(folders, folder)
		}
	}
	folders = append(folders, "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib",
		"/usr/lib/wsl/lib", "/usr/local/cuda/lib64", "/usr/local/nvidia/lib64")
	found := make([]CUDALibrary, len(cudaLibraries))
	for i, name := range cudaLibraries {
		found[i].Name = name
		for _, folder := range folders {
			candidate := filepath.Join(folder, name)
			if _, err := os.Stat(candidate); err == nil {
				found[i].Path = candidate
				break
			}
		}
	}
	return found
}

// cudaPins are the NVIDIA packages that the GPU build needs, as pip reads them: a line each,
// with version and checksum.
//
//go:embed cuda.txt
var cudaPins string

// addCUDA downloads the NVIDIA packages that are pinned and unpacks them into whole/nvidia,
// where the libraries' own search path finds them. pip refuses files with other checksums.
func addCUDA(ctx context.Context, pins, staging, whole string, progress func(string)) error {
	file, into := filepath.Join(staging, "cuda.txt"), filepath.Join(staging, "cuda")
	if err := os.WriteFile(file, []byte(pins), 0o644); err != nil {
		return err
	}
	args := []string{"--no-deps", "--require-hashes", "--requirement", file}
	for _, tag := range []string{"manylinux_2_27_x86_64", "manylinux_2_25_x86_64",
		"manylinux_2_17_x86_64", "manylinux2014_x86_64"} {
		args = append(args, "--platform", tag)
	}
	count := strings.Count(pins, "--hash=")
	label := fmt.Sprintf("downloading %d CUDA packages (about 3 GB)", count)
	if err := pip.Download(ctx, pipOptions(staging, into, label, progress), args...); err != nil {
		return fmt.Errorf("download CUDA packages: %w", err)
	}
	wheels, err := filepath.Glob(filepath.Join(into, "*.whl"))
	if err != nil {
		return err
	}
	if len(wheels) != count {
		return fmt.Errorf("download CUDA packages: got %d, want %d", len(wheels), count)
	}
	for _, w := range wheels {
		progress("unpacking " + filepath.Base(w))
		if err := unpackCUDA(ctx, w, whole); err != nil {
			return err
		}
	}
	return nil
}

// unpackCUDA takes the files that programs run with out of an NVIDIA wheel: not its
// headers, Python files or static libraries. The layout stays: nvidia/cudnn/lib/….
func unpackCUDA(ctx context.Context, wheel, whole string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return fmt.Errorf("wheel %q: %w", wheel, err)
	}
	defer z.Close()
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, "nvidia/") || !filepath.IsLocal(f.Name) ||
			strings.HasSuffix(f.Name, "/") || strings.Contains(f.Name, "/include/") ||
			slices.Contains([]string{".py", ".a", ".h"}, path.Ext(f.Name)) {
			continue
		}
		if err := extract(ctx, f, filepath.Join(whole, filepath.FromSlash(f.Name))); err != nil {
			return fmt.Errorf("wheel %q: %w", wheel, err)
		}
	}
	return nil
}
