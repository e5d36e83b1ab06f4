package libtensorflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/pip"
	"github.com/tfpair/tfpair/internal/regular"
)

const manifestName = "MANIFEST.json"

// Manifest says what a runtime folder holds. It is written last, so a folder that has
// one is whole.
type Manifest struct {
	Version     string `json:"version"`
	Device      Device `json:"device"`   // CPU or GPU
	Platform    string `json:"platform"` // "linux/amd64"
	Wheel       string `json:"wheel"`    // file name of the wheel it came from
	WheelSHA256 string `json:"wheel_sha256"`
	Stripped    bool   `json:"stripped"`
	Files       []File `json:"files"` // all but the manifest and the stubs
}

// File is one file of a runtime.
type File struct {
	Path   string `json:"path"` // slash-separated, inside the runtime folder
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// maxManifest is the largest manifest that is read, in bytes. That of a GPU build has some 20,000.
const maxManifest = 1 << 20

// ManifestError says that a runtime folder has no manifest, or one that does not say what is in it.
type ManifestError struct {
	Path string // of the manifest
	Err  error  // why; wraps fs.ErrNotExist where there is none
}

func (e *ManifestError) Error() string { return fmt.Sprintf("manifest %q: %v", e.Path, e.Err) }

// Unwrap returns Err.
func (e *ManifestError) Unwrap() error { return e.Err }

// ReadManifest reads the manifest of a runtime folder. The error is a *ManifestError.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, manifestName)
	data, err := regular.ReadFile(path, maxManifest)
	if err != nil {
		return nil, &ManifestError{path, regular.Reason(err)}
	}
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&m); err != nil {
		return nil, &ManifestError{path, err}
	}
	if err := m.check(); err != nil {
		return nil, &ManifestError{path, err}
	}
	return &m, nil
}

// check says what is missing where a damaged manifest still reads as one.
func (m *Manifest) check() error {
	if m.Device != CPU && m.Device != GPU {
		return fmt.Errorf("unknown device %q, want %s or %s", m.Device, CPU, GPU)
	}
	for _, library := range []string{frameworkLibrary, mainLibrary} {
		if !m.has("lib/" + library) {
			return fmt.Errorf("it does not name lib/%s", library)
		}
	}
	return nil
}

// has says whether a file is one of the runtime's.
func (m *Manifest) has(path string) bool {
	return slices.ContainsFunc(m.Files, func(f File) bool { return f.Path == path })
}

// Verify returns one error for each file of the manifest that is missing in dir or
// whose checksum differs. It reads every byte: about a second for a CPU build.
func (m *Manifest) Verify(dir string) []error {
	var damaged []error
	for _, f := range m.Files {
		digest, size, err := pip.Sum(filepath.Join(dir, filepath.FromSlash(f.Path)))
		switch {
		case err != nil:
			damaged = append(damaged, err)
		case size != f.Size:
			damaged = append(damaged, fmt.Errorf("%q has %d bytes, want %d", f.Path, size, f.Size))
		case digest != f.SHA256:
			damaged = append(damaged, fmt.Errorf("%q has SHA-256 %s, want %s", f.Path, digest, f.SHA256))
		}
	}
	return damaged
}

// writeManifest writes the manifest of the files that are in whole.
func writeManifest(whole string, p pin, stripped bool) error {
	m := Manifest{
		Version: Version, Device: CPU, Platform: runtime.GOOS + "/" + runtime.GOARCH,
		Wheel: p.Wheel, WheelSHA256: p.SHA256, Stripped: stripped,
	}
	if p.CUDA != "" {
		m.Device = GPU
	}
	err := filepath.WalkDir(whole, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(whole, path)
		if err != nil || strings.HasPrefix(name, "stub-") {
			return err
		}
		digest, size, err := pip.Sum(path)
		if err != nil {
			return err
		}
		m.Files = append(m.Files, File{filepath.ToSlash(name), size, digest})
		return nil
	})
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	return os.WriteFile(filepath.Join(whole, manifestName), append(data, '\n'), 0o644)
}

// Report is what Status found in a runtime folder.
type Report struct {
	Dir      string
	Manifest Manifest
	Bytes    int64   // size of all its files
	Damaged  []error // from Manifest.Verify; empty when the runtime is whole
}

// Status reads a runtime folder and verifies its checksums, whatever VerifyOnce remembers, which
// it brings up to date.
func Status(dir string, getenv Getenv) (*Report, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	r := &Report{Dir: dir, Manifest: *m}
	if now, err := m.stamps(dir); err == nil {
		r.Damaged = m.verify(dir, now, getenv)
	} else {
		r.Damaged = m.Verify(dir)
	}
	for _, f := range m.Files {
		r.Bytes += f.Size
	}
	return r, nil
}
