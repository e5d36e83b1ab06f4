package libtensorflow

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// unpack takes the two libraries, their licences and the C headers out of a wheel, which
// is a zip.
func unpack(ctx context.Context, wheel, whole string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return fmt.Errorf("wheel %q: %w", wheel, err)
	}
	defer z.Close()
	wanted := map[string]string{
		"tensorflow/" + frameworkLibrary: "lib/" + frameworkLibrary,
		"tensorflow/" + mainLibrary:      "lib/" + mainLibrary,
		"tensorflow/" + notices:          notices,
	}
	for _, header := range headers {
		wanted["tensorflow/include/"+header] = "include/" + header
	}
	for _, f := range z.File {
		to, ok := wanted[f.Name]
		if !ok {
			continue
		}
		if err := extract(ctx, f, filepath.Join(whole, filepath.FromSlash(to))); err != nil {
			return fmt.Errorf("wheel %q: %w", wheel, err)
		}
		delete(wanted, f.Name)
	}
	for name := range wanted {
		return fmt.Errorf("wheel %q: has no %q", wheel, name)
	}
	return nil
}

// extract writes one file of a zip to a path, keeping whether it is executable.
func extract(ctx context.Context, f *zip.File, path string) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("%q: %w", f.Name, err)
	}
	defer r.Close()
	mode := 0o644 | f.Mode().Perm()&0o111
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, r); err != nil {
		return errors.Join(fmt.Errorf("%q: %w", f.Name, err), w.Close())
	}
	return w.Close()
}

// strip removes what the libraries need only for debugging: a quarter of their size.
// Without a strip program they stay as they are.
// scratch is a folder for what is on the way.
func strip(ctx context.Context, lib, scratch string, progress func(string)) (bool, error) {
	if _, err := exec.LookPath("strip"); err != nil {
		progress("no strip program found: the libraries stay at their full size")
		return false, nil
	}
	progress("stripping the libraries")
	if err := os.Mkdir(scratch, 0o755); err != nil {
		return false, err
	}
	for _, name := range []string{frameworkLibrary, mainLibrary} {
		whole, stripped := filepath.Join(lib, name), filepath.Join(scratch, name)
		if err := tool(ctx, scratch, "strip", "--strip-unneeded", "-o", stripped, whole); err != nil {
			return false, err
		}
		if err := os.Rename(stripped, whole); err != nil {
			return false, err
		}
	}
	return true, nil
}
