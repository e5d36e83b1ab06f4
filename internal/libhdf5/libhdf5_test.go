package libhdf5

import (
	"os"
	"path/filepath"
	"testing"
)

// install puts a header and a library into their folders.
func install(t *testing.T, include, lib string) {
	t.Helper()
	for folder, name := range map[string]string{include: "hdf5.h", lib: "libhdf5.so"} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFind(t *testing.T) {
	root := t.TempDir()
	debian := systems[0]
	install(t, filepath.Join(root, debian.Include), filepath.Join(root, debian.Lib))
	cache := filepath.Join(t.TempDir(), "cache")
	cached := Library{filepath.Join(cache, "tfpair/hdf5/include"), filepath.Join(cache, "tfpair/hdf5/lib")}
	install(t, cached.Include, cached.Lib)
	plain := t.TempDir()
	install(t, filepath.Join(plain, "usr/include"), filepath.Join(plain, "usr/lib64"))
	half := t.TempDir()
	install(t, filepath.Join(half, "usr/include"), filepath.Join(half, "opt"))

	tests := []struct {
		name string
		env  map[string]string
		root string
		want Library
		ok   bool
	}{
		{"system", nil, root, debian, true},
		{"cache before system", map[string]string{"XDG_CACHE_HOME": cache}, root, cached, true},
		{"named before all", map[string]string{"XDG_CACHE_HOME": cache,
			FolderVariable: filepath.Join(cache, "tfpair/hdf5")}, root, cached, true},
		{"named and empty", map[string]string{FolderVariable: half}, root, Library{}, false},
		{"where compilers look", map[string]string{"HOME": half}, plain, Library{}, true},
		{"header alone", nil, half, Library{}, false},
		{"nothing", nil, t.TempDir(), Library{}, false},
	}
	for _, tt := range tests {
		got, ok := find(func(name string) string { return tt.env[name] }, tt.root)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s: find = %v, %t, want %v, %t", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}
