package weights

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/tensor"
)

// ExistsError says that something is in the way of a file of weights.
type ExistsError = aside.ExistsError

// Write writes what was imported for a network as safetensors: canonical names and shapes, and in
// the metadata the network, the options it needs, and which file it came from. The file
// appears whole, or not at all. The error is an *ExistsError where anything is at path.
func Write(path string, f *File, n Network, i *Imported) error {
	if err := aside.Unused(path, false); err != nil {
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
	data, err := tensor.Encode(i.Tensors, about)
	if err != nil {
		return fmt.Errorf("weights %q: %w", path, err)
	}
	p, err := aside.New(path, false)
	if err != nil {
		return fmt.Errorf("weights %q: %w", path, err)
	}
	defer func() { _ = p.Cleanup() }() // does nothing behind a rename
	if _, err := p.Write(data); err != nil {
		return fmt.Errorf("weights %q: %w", path, err)
	}
	return p.Publish()
}
