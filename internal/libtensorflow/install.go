package libtensorflow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/aside"
)

// Options say what Install installs and from where.
type Options struct {
	From     string            // a local wheel; "" downloads it with pip
	Dir      string            // the runtime folder; see Folder
	GPU      bool              // the GPU build and its CUDA packages instead of the CPU build
	Progress func(line string) // told what happens, one line at a time; nil tells nobody

	pin *pin // replaces the pinned wheel in tests
}

// Install puts the runtime into o.Dir: whole, by one rename, or not at all. A folder
// that already holds it whole is left alone, one that is damaged is replaced, and one that
// is no runtime is refused. Installs of several processes into one folder wait
// for each other. The error is an *aside.UnsyncedError where the runtime is there, but a power cut
// may undo it.
func Install(ctx context.Context, o Options) (err error) {
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH
	p, err := o.pinned(platform)
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return fmt.Errorf("install runtime: %w", err)
	}
	parent, base := filepath.Split(dir)
	if err := aside.MkdirAll(parent); err != nil {
		return fmt.Errorf("install runtime: %w", err)
	}
	unlock, err := lock(ctx, filepath.Join(parent, "."+base+".lock"), o.Progress)
	if err != nil {
		return fmt.Errorf("install runtime: %w", err)
	}
	defer unlock()
	if err := sweep(parent, base); err != nil {
		return fmt.Errorf("install runtime: %w", err)
	}
	if done, err := o.installed(ctx, dir, p); done || err != nil {
		return err
	}
	staging, err := os.MkdirTemp(parent, stagingPrefix(base)+"*")
	if err != nil {
		return fmt.Errorf("install runtime: %w", err)
	}
	defer func() {
		if os.RemoveAll(staging) != nil { // there may be a descriptor more now
			err = errors.Join(err, sweep(parent, base))
		}
	}()
	whole := filepath.Join(staging, "runtime")
	if err := o.assemble(ctx, staging, whole, p); err != nil {
		return fmt.Errorf("install runtime: %w", err)
	}
	if err := appear(whole, dir, staging, aside.Sync); err != nil {
		return fmt.Errorf("install runtime: %w", err)
	}
	o.Progress("installed " + p.describe() + " in " + dir)
	return nil
}

// pinned is the wheel that the options ask for.
func (o Options) pinned(platform string) (pin, error) {
	if o.pin != nil {
		return *o.pin, nil
	}
	if o.GPU {
		return pinFor(platform, GPU)
	}
	return pinFor(platform, CPU)
}

// installed says whether dir holds the runtime of the pin whole already, and then
// builds the stub of this program in it if it lacks one.
func (o Options) installed(ctx context.Context, dir string, p pin) (bool, error) {
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) || err == nil && len(entries) == 0 {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("install runtime: %w", err)
	}
	m, err := ReadManifest(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !slices.ContainsFunc(entries, foreign) {
		o.Progress(fmt.Sprintf("replacing a damaged runtime: %v", err))
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("install runtime: folder %q is not empty and not a runtime: %w",
			dir, err)
	}
	if m.Wheel != p.Wheel || m.WheelSHA256 != p.SHA256 || !m.has(notices) {
		o.Progress(fmt.Sprintf("replacing %s in %s", m.Wheel, dir))
		return false, nil
	}
	if damaged := m.Verify(dir); len(damaged) > 0 {
		o.Progress(fmt.Sprintf("replacing a damaged runtime: %v", damaged[0]))
		return false, nil
	}
	if _, err := EnsureStub(ctx, dir); err != nil {
		return false, fmt.Errorf("install runtime: %w", err)
	}
	o.Progress(p.describe() + " is already in " + dir)
	return true, nil
}

// assemble makes a whole runtime in the folder whole, with staging for what is only
// needed on the way.
func (o Options) assemble(ctx context.Context, staging, whole string, p pin) error {
	wheel := o.From
	if wheel == "" {
		var err error
		if wheel, err = download(ctx, staging, p, o.Progress); err != nil {
			return err
		}
	}
	o.Progress("verifying " + filepath.Base(wheel))
	if err := verifyWheel(wheel, p); err != nil {
		return err
	}
	o.Progress("unpacking the two libraries, their licences and the C headers")
	if err := unpack(ctx, wheel, whole); err != nil {
		return err
	}
	if p.CUDA != "" {
		if err := addCUDA(ctx, p.CUDA, staging, whole, o.Progress); err != nil {
			return err
		}
	}
	stripped, err := strip(ctx, filepath.Join(whole, "lib"), filepath.Join(staging, "stripped"), o.Progress)
	if err != nil {
		return err
	}
	if _, err := EnsureStub(ctx, whole); err != nil {
		return err
	}
	return writeManifest(whole, p, stripped)
}

// describe names a pin for people: "tensorflow-cpu 2.21.0".
func (p pin) describe() string { return p.Project + " " + Version }

// foreign reports whether something in a folder is not what a runtime has there.
func foreign(e fs.DirEntry) bool {
	switch name := e.Name(); name {
	case manifestName, recordName, notices, "lib", "include", "nvidia":
		return false
	default:
		return !strings.HasPrefix(name, "stub-")
	}
}

// stagingPrefix begins the name of the folder that an install works in, beside its target.
func stagingPrefix(base string) string { return "." + base + ".installing-" }

// sweep removes the folders that killed installs worked in. The caller holds the lock.
func sweep(parent, base string) error {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), stagingPrefix(base)) {
			if err := os.RemoveAll(filepath.Join(parent, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// appear renames a whole runtime to its place and syncs the folder around it. A damaged or an older one
// that is there moves into staging first, which is removed afterwards, and back where the new one gets
// no name. The error is an *aside.UnsyncedError where the runtime is there and could not be synced.
func appear(whole, dir, staging string, sync func(folder string) error) error {
	if err := syncTree(whole); err != nil {
		return err
	}
	back := func() error { return nil }
	if there, err := os.ReadDir(dir); err == nil && len(there) > 0 {
		replaced := filepath.Join(staging, "replaced")
		if err := os.Rename(dir, replaced); err != nil {
			return err
		}
		back = func() error { return os.Rename(replaced, dir) }
	} else if err := os.Remove(dir); err != nil && !os.IsNotExist(err) {
		return err // an empty folder gives way; nothing else is removed
	}
	if err := os.Rename(whole, dir); err != nil {
		return errors.Join(err, back())
	}
	if err := sync(filepath.Dir(dir)); err != nil {
		return &aside.UnsyncedError{Path: dir, Err: err}
	}
	return nil
}
