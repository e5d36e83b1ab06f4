//go:build linux && amd64 && tensorflow

package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

// pinFile holds the checksums of the wheels that the program takes a runtime from.
const pinFile = "internal/libtensorflow/pin.go"

// tinyWheel makes a wheel of some kilobytes in the stage, and the program that takes it for the
// pinned one:
//
//	manifest of the runtime → a wheel of the same names; pin.go, with its checksum → go build -overlay
//
// The wheel lies there as tiny.whl, and under its name in wheels, where pip looks for it. What it installs
// lies there as runtime, without a stub.
func (c *campaign) tinyWheel() error {
	if c.installer != "" {
		return nil
	}
	m, err := libtensorflow.ReadManifest(c.runtime)
	if err != nil {
		return fmt.Errorf("which wheel the runtime is from: %w", err)
	}
	wheel, err := c.packWheel(m)
	if err != nil {
		return err
	}
	for _, name := range []string{"tiny.whl", filepath.Join("wheels", m.Wheel)} {
		path := c.at("stage", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, wheel, 0o644); err != nil {
			return err
		}
	}
	return c.buildInstaller(m.WheelSHA256, fmt.Sprintf("%x", sha256.Sum256(wheel)))
}

// packWheel returns a wheel with the files of a runtime: its libraries are empty ones, and all else is
// its own name.
func (c *campaign) packWheel(m *libtensorflow.Manifest) ([]byte, error) {
	library := c.at("library.so")
	if err := c.command("cc", "-shared", "-fPIC", "-g", "-o", library, "-x", "c", os.DevNull); err != nil {
		return nil, err
	}
	shared, err := os.ReadFile(library)
	if err != nil {
		return nil, err
	}
	stem := strings.Join(strings.SplitN(m.Wheel, "-", 3)[:2], "-") // project-version
	project, version, _ := strings.Cut(stem, "-")
	contents := map[string][]byte{
		stem + ".dist-info/METADATA": fmt.Appendf(nil, "Metadata-Version: 2.1\nName: %s\nVersion: %s\n", project, version),
		stem + ".dist-info/WHEEL":    []byte("Wheel-Version: 1.0\nRoot-Is-Purelib: false\n"),
		stem + ".dist-info/RECORD":   nil,
	}
	for _, f := range m.Files {
		if name, ok := strings.CutPrefix(f.Path, "lib/"); ok {
			contents["tensorflow/"+name] = shared
		} else {
			contents["tensorflow/"+f.Path] = []byte(f.Path + "\n")
		}
	}
	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	for name, text := range contents {
		w, err := z.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(text); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

// buildInstaller builds the program with another checksum in the place of a pinned one.
func (c *campaign) buildInstaller(pinned, sum string) error {
	source, err := filepath.Abs(pinFile)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	if !bytes.Contains(text, []byte(pinned)) {
		return fmt.Errorf("%s has no wheel with SHA-256 %s, which the runtime is from", pinFile, pinned)
	}
	replaced, overlay := c.at("pin.go"), c.at("overlay.json")
	if err := os.WriteFile(replaced, bytes.ReplaceAll(text, []byte(pinned), []byte(sum)), 0o644); err != nil {
		return err
	}
	listed, err := json.Marshal(map[string]any{"Replace": map[string]string{source: replaced}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(overlay, listed, 0o644); err != nil {
		return err
	}
	program := c.at("installer")
	if err := c.command("go", "build", "-overlay", overlay, "-o", program, "./cli/tfpair"); err != nil {
		return err
	}
	c.installer = program
	stage := c.at("stage")
	if end := c.runs(stage, scenario{args: "runtime install --from tiny.whl", installs: true}); end.code != 0 {
		return fmt.Errorf("install the tiny wheel: exit code %d\n%s", end.code, end.stderr)
	}
	stubs, err := filepath.Glob(c.at("stage", "runtime", "stub-*"))
	for _, stub := range stubs {
		err = errors.Join(err, os.RemoveAll(stub))
	}
	return err
}
