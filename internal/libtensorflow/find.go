package libtensorflow

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// InstallCommand is the one command that mends a missing runtime.
const InstallCommand = "tfpair runtime install"

// FolderVariable is the environment variable that names another runtime folder.
const FolderVariable = "TFPAIR_RUNTIME"

// Getenv reads one environment variable; os.Getenv is one.
type Getenv func(name string) string

// MissingError says that no runtime was found.
type MissingError struct {
	Device  Device
	Folders []string // that were looked at, in order
	Named   bool     // the folder was named by TFPAIR_RUNTIME
}

// Error says what was looked for, where, and the command that mends it. The stub
// prints the same of its own.
func (e *MissingError) Error() string {
	quoted := make([]string, len(e.Folders))
	for i, folder := range e.Folders {
		quoted[i] = fmt.Sprintf("%q", filepath.Join(folder, "lib"))
	}
	where := strings.Join(quoted, " or ")
	if e.Named {
		where += " (named by " + FolderVariable + ")"
	}
	return fmt.Sprintf("libtensorflow is not loaded: no %s in %s; install it with: %s",
		mainLibrary, where, e.Hint())
}

// Hint is the command that mends it.
func (e *MissingError) Hint() string {
	if e.Device == GPU {
		return InstallCommand + " --gpu"
	}
	return InstallCommand
}

// Folder returns the folder that the runtime of a device is installed to: the one that
// TFPAIR_RUNTIME names, whatever the device, else the device's own in the user's cache.
// Auto means the CPU build.
func Folder(getenv Getenv, d Device) (string, error) {
	if named := getenv(FolderVariable); named != "" {
		return filepath.Abs(named)
	}
	cache, err := cacheFolder(getenv)
	if err != nil {
		return "", err
	}
	if d == Auto {
		d = CPU
	}
	return filepath.Join(cache, "tfpair", "runtime", Version+"-"+string(d)), nil
}

// cacheFolder is os.UserCacheDir on Linux, with the environment as an argument. The
// stub has the same rule in C; a test compares all three.
func cacheFolder(getenv Getenv) (string, error) {
	if xdg := getenv("XDG_CACHE_HOME"); xdg != "" {
		if !filepath.IsAbs(xdg) {
			return "", fmt.Errorf("cache folder: XDG_CACHE_HOME %q is not an absolute path", xdg)
		}
		return xdg, nil
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".cache"), nil
	}
	return "", errors.New("cache folder: neither XDG_CACHE_HOME nor HOME is set; " +
		"name a runtime folder in " + FolderVariable)
}

// Find returns the folder of the runtime for a device. With TFPAIR_RUNTIME that is the
// folder it names; else CPU takes the CPU build or, without one, the GPU build, which
// runs on a CPU too; Auto prefers the GPU build; GPU takes no other. The error is a
// *MissingError where nothing is there.
func Find(getenv Getenv, d Device) (string, error) {
	missing := &MissingError{Device: d, Named: getenv(FolderVariable) != ""}
	order := map[Device][]Device{Auto: {GPU, CPU}, CPU: {CPU, GPU}, GPU: {GPU}}[d]
	if missing.Named {
		order = []Device{d}
	}
	for _, candidate := range order {
		folder, err := Folder(getenv, candidate)
		if err != nil {
			return "", fmt.Errorf("libtensorflow is not loaded: %w", err)
		}
		if _, err := os.Stat(filepath.Join(folder, "lib", mainLibrary)); err == nil {
			return folder, nil
		}
		missing.Folders = append(missing.Folders, folder)
	}
	return "", missing
}
