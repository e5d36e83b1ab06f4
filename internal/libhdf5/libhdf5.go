// Package libhdf5 finds the headers and the library of HDF5, which reading Keras' weight
// files needs at build time. It is pure Go and builds nothing: programs link what it finds
// when they are built with Tag.
package libhdf5

import (
	"os"
	"path/filepath"
)

// Tag is the build tag of the code that reads HDF5.
const Tag = "hdf5"

// FolderVariable is the environment variable that names another folder than the one in the
// user's cache: one with include/hdf5.h and lib/libhdf5.so or .a.
const FolderVariable = "TFPAIR_HDF5"

// Library is where the compiler and the linker find HDF5. Empty folders are those that they
// search anyway.
type Library struct {
	Include string
	Lib     string
}

// systems are the places where packages of systems put HDF5: Debian's have a folder for
// each way of being parallel.
var systems = []Library{
	{"/usr/include/hdf5/serial", "/usr/lib/x86_64-linux-gnu/hdf5/serial"},
	{"/usr/include/hdf5/serial", "/usr/lib/aarch64-linux-gnu/hdf5/serial"},
	{"/usr/local/include", "/usr/local/lib"},
	{"/usr/include", "/usr/lib64"},
	{"/usr/include", "/usr/lib"},
}

// Find returns the library for a build: that of the folder which TFPAIR_HDF5 names, and of no
// other; else that of the folder in the user's cache, which links into the program, or
// the system's.
func Find(getenv func(name string) string) (Library, bool) {
	return find(getenv, "/")
}

// find is Find in a file system whose systems begin at root.
func find(getenv func(string) string, root string) (Library, bool) {
	if folder := getenv(FolderVariable); folder != "" {
		return under(folder)
	}
	cache := getenv("XDG_CACHE_HOME")
	if home := getenv("HOME"); cache == "" && home != "" {
		cache = filepath.Join(home, ".cache")
	}
	if cache != "" {
		if l, ok := under(filepath.Join(cache, "tfpair", "hdf5")); ok {
			return l, true
		}
	}
	for _, l := range systems {
		if there(filepath.Join(root, l.Include), filepath.Join(root, l.Lib)) {
			if l.Include == "/usr/include" {
				return Library{}, true
			}
			return l, true
		}
	}
	return Library{}, false
}

// under returns the library of a folder that holds nothing else.
func under(folder string) (Library, bool) {
	l := Library{filepath.Join(folder, "include"), filepath.Join(folder, "lib")}
	return l, there(l.Include, l.Lib)
}

// there says whether the header and the library are in their folders.
func there(include, lib string) bool {
	if _, err := os.Stat(filepath.Join(include, "hdf5.h")); err != nil {
		return false
	}
	for _, name := range []string{"libhdf5.so", "libhdf5.a"} {
		if _, err := os.Stat(filepath.Join(lib, name)); err == nil {
			return true
		}
	}
	return false
}
