package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/nlpodyssey/safetensors"
)

// ExistsError says that something is in the way of a file of weights.
type ExistsError struct{ Path string }

func (e *ExistsError) Error() string { return fmt.Sprintf("%q is there already", e.Path) }

// Write writes what was imported for a network as safetensors: canonical names and shapes, and in
// the metadata the network, the options it needs, and which file it came from. The file
// appears whole, or not at all. The error is an *ExistsError where anything is at path.
func Write(path string, f *File, n Network, i *Imported) error {
	if err := unused(path); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("weights %q: its folder: %w", path, err)
	}
	about := map[string]string{"format": "tfpair", "network": n.Name, "layout": i.Layout.Name,
		"source": filepath.Base(f.Path), "source_sha256": f.SHA256}
	for key, value := range i.Layout.Options {
		about[key] = value
	}
	data, err := encode(i.Tensors, about)
	if err != nil {
		return fmt.Errorf("weights %q: %w", path, err)
	}
	p, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644),
		renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return fmt.Errorf("weights %q: %w", path, err)
	}
	defer func() { _ = p.Cleanup() }() // does nothing behind a rename
	if _, err := p.Write(data); err != nil {
		return fmt.Errorf("weights %q: %w", path, err)
	}
	if err := unused(path); err != nil { // meanwhile
		return err
	}
	return p.CloseAtomicallyReplace()
}

// unused returns an *ExistsError if there is anything at path.
func unused(path string) error {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return &ExistsError{path}
}

// encode returns tensors as a safetensors file; equal ones give equal bytes.
func encode(tensors []Tensor, about map[string]string) ([]byte, error) {
	views := make(map[string]safetensors.TensorView, len(tensors))
	for _, t := range tensors {
		data := make([]byte, 0, 4*len(t.Data))
		for _, x := range t.Data {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		}
		shape := make([]uint64, len(t.Shape))
		for i, side := range t.Shape {
			shape[i] = uint64(side)
		}
		var err error
		if views[t.Name], err = safetensors.NewTensorView(safetensors.F32, shape, data); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
	}
	return safetensors.Serialize(views, about)
}
