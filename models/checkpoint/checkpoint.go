// Package checkpoint keeps the state of a training, one directory per step:
//
//	variables, optimizer slots, meta → step-00001565/{variables,optimizer}.safetensors + MANIFEST.json
//
// Where the labels are images, gallery.safetensors holds their embeddings as well.
// A checkpoint appears by one rename, after all of it is on the disk, or not at
// all; the manifest holds the size and the SHA-256 of each file, and Load checks
// them. One process at a time may write to a folder; any number may read.
package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/tensor"
)

// Tensor is a named array of float32.
type Tensor = tensor.Named

// Checkpoint is the state after Step updates.
type Checkpoint struct {
	Step      int
	Variables []Tensor        // what the model is; sorted by name after Load
	Optimizer []Tensor        // what the optimizer remembers; likewise
	Gallery   []Tensor        // embeddings of label images; nil: none, and no file
	Meta      json.RawMessage // the caller's own, valid JSON
}

// ErrNone says that a folder holds no checkpoint that verifies.
var ErrNone = errors.New("no checkpoint")

// CorruptError says that a checkpoint is not what was saved.
type CorruptError struct{ Path, File, Reason string }

func (e *CorruptError) Error() string {
	return fmt.Sprintf("checkpoint %q: %s: %s", e.Path, e.File, e.Reason)
}

const (
	format       = 1 // of the manifest
	manifestName = "MANIFEST.json"

	variablesName = "variables.safetensors"
	optimizerName = "optimizer.safetensors"
	galleryName   = "gallery.safetensors"

	stepPrefix  = "step-"
	asidePrefix = ".tmp-"  // being written or removed; invisible to readers
	maxManifest = 64 << 20 // bytes of a manifest that Load reads
)

// manifest is MANIFEST.json.
type manifest struct {
	Format int             `json:"format"`
	Step   int             `json:"step"`
	Files  map[string]file `json:"files"`
	Meta   json.RawMessage `json:"meta,omitempty"`
	// MetaSHA256 is of the compact form of Meta. What else is in a manifest
	// follows from the files or would not encode to the same bytes.
	MetaSHA256 string `json:"meta_sha256"`
}

type file struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Path returns where the checkpoint of a step lies in dir.
func Path(dir string, step int) string {
	return filepath.Join(dir, fmt.Sprintf("%s%08d", stepPrefix, step))
}

// Save writes c into dir, which it makes if need be, and returns its path. When
// it returns an error, what was there before is as it was, unless that is an
// *aside.UnsyncedError: then c is there. A checkpoint of the same step is replaced; an
// equal one is left alone.
func Save(dir string, c *Checkpoint) (string, error) { return save(osDisk{}, dir, c) }

func save(d disk, dir string, c *Checkpoint) (path string, err error) {
	path = Path(dir, c.Step)
	defer func() {
		if err != nil {
			err = fmt.Errorf("save checkpoint %q: %w", Path(dir, c.Step), err)
		}
	}()
	files, err := encode(c)
	if err != nil {
		return "", err
	}
	if err := d.MkdirAll(dir); err != nil {
		return "", err
	}
	if before, err := load(d, path); err == nil && equal(before, c) {
		return path, nil
	}
	if err := clean(d, dir); err != nil {
		return "", err
	}
	unfinished := filepath.Join(dir, asidePrefix+filepath.Base(path))
	if err := write(d, unfinished, files); err != nil {
		return "", errors.Join(err, ignoreAbsent(d.RemoveAll(unfinished)))
	}
	if err := publish(d, unfinished, path); err != nil {
		return "", errors.Join(err, ignoreAbsent(d.RemoveAll(unfinished)))
	}
	if err := d.SyncDir(dir); err != nil {
		return "", &aside.UnsyncedError{Path: path, Err: err}
	}
	return path, nil
}

// equal compares what the files of two checkpoints would hold.
func equal(a, b *Checkpoint) bool {
	x, errX := encode(a)
	y, errY := encode(b)
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}

// content is one file to write. MANIFEST.json comes last.
type content struct {
	name string
	data []byte
}

func encode(c *Checkpoint) ([]content, error) {
	var files []content
	metaSum, err := sumCompact(c.Meta)
	if err != nil {
		return nil, fmt.Errorf("meta: %w", err)
	}
	m := manifest{Format: format, Step: c.Step, Files: map[string]file{}, Meta: c.Meta, MetaSHA256: metaSum}
	for _, part := range []struct {
		name    string
		tensors []Tensor
	}{{variablesName, c.Variables}, {optimizerName, c.Optimizer}, {galleryName, c.Gallery}} {
		if part.name == galleryName && len(part.tensors) == 0 {
			continue
		}
		data, err := tensor.Encode(part.tensors, nil)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
		m.Files[part.name] = file{Size: int64(len(data)), SHA256: sum(data)}
		files = append(files, content{part.name, data})
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", manifestName, err)
	}
	return append(files, content{manifestName, append(text, '\n')}), nil
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

func sumCompact(meta json.RawMessage) (string, error) {
	var b bytes.Buffer
	if len(meta) > 0 {
		if err := json.Compact(&b, meta); err != nil {
			return "", err
		}
	}
	return sum(b.Bytes()), nil
}

// write makes dir and the files in it, all on the disk when it returns.
func write(d disk, dir string, files []content) error {
	if err := d.Mkdir(dir); err != nil {
		return err
	}
	for _, f := range files {
		if err := d.WriteFile(filepath.Join(dir, f.name), f.data); err != nil {
			return err
		}
	}
	return d.SyncDir(dir)
}

// publish renames what is finished to path. A directory in the way is moved aside first, and
// back where the rename fails: a kill between the two loses the older of two
// checkpoints of one step, and only where they differ.
func publish(d disk, finished, path string) error {
	old := filepath.Join(filepath.Dir(path), asidePrefix+"old-"+filepath.Base(path))
	switch err := d.Rename(path, old); {
	case errors.Is(err, fs.ErrNotExist):
		return d.Rename(finished, path)
	case err != nil:
		return err
	}
	if err := d.Rename(finished, path); err != nil {
		return errors.Join(err, d.Rename(old, path))
	}
	_ = d.RemoveAll(old) // the next Save tries again
	return nil
}

// clean removes what killed or failed writers left.
func clean(d disk, dir string) error {
	names, err := d.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, asidePrefix) {
			if err := d.RemoveAll(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Load reads and verifies the checkpoint at path. The error is a *CorruptError, or
// wraps fs.ErrNotExist where there is none.
func Load(path string) (*Checkpoint, error) { return load(osDisk{}, path) }

// Meta returns what the checkpoint at path says beside its tensors, without reading these.
// Errors are those of Load.
func Meta(path string) (json.RawMessage, error) {
	m, _, err := readManifest(osDisk{}, path)
	if err != nil {
		return nil, err
	}
	return m.Meta, nil
}

// readManifest returns the manifest of the checkpoint at path, checked, and its text.
func readManifest(d disk, path string) (*manifest, []byte, error) {
	text, err := d.ReadFile(path, manifestName, maxManifest)
	if err != nil {
		if _, statErr := d.ReadDir(path); statErr != nil {
			return nil, nil, fmt.Errorf("open checkpoint: %w", statErr)
		}
		return nil, nil, &CorruptError{path, manifestName, err.Error()}
	}
	var m manifest
	strict := json.NewDecoder(bytes.NewReader(text))
	if err := strict.Decode(&m); err != nil {
		return nil, nil, &CorruptError{path, manifestName, err.Error()}
	}
	if m.Format != format {
		return nil, nil, &CorruptError{path, manifestName, fmt.Sprintf("format %d, this program reads %d",
			m.Format, format)}
	}
	if Path(filepath.Dir(path), m.Step) != filepath.Clean(path) {
		return nil, nil, &CorruptError{path, manifestName, fmt.Sprintf("it is of step %d", m.Step)}
	}
	if got, err := sumCompact(m.Meta); err != nil || got != m.MetaSHA256 {
		return nil, nil, &CorruptError{path, manifestName, "meta is not as it was written"}
	}
	return &m, text, nil
}

func load(d disk, path string) (*Checkpoint, error) {
	m, text, err := readManifest(d, path)
	if err != nil {
		return nil, err
	}
	c := &Checkpoint{Step: m.Step, Meta: m.Meta}
	if c.Variables, err = loadTensors(d, path, variablesName, m.Files); err != nil {
		return nil, err
	}
	if c.Optimizer, err = loadTensors(d, path, optimizerName, m.Files); err != nil {
		return nil, err
	}
	if _, ok := m.Files[galleryName]; ok {
		if c.Gallery, err = loadTensors(d, path, galleryName, m.Files); err != nil {
			return nil, err
		}
	}
	// The manifest is not in its own list of sums: what is read must encode to what is there.
	files, err := encode(c)
	if err != nil || !bytes.Equal(files[len(files)-1].data, text) {
		return nil, &CorruptError{path, manifestName, "it is not as it was written"}
	}
	return c, nil
}

func loadTensors(d disk, path, name string, files map[string]file) ([]Tensor, error) {
	want, ok := files[name]
	if !ok {
		return nil, &CorruptError{path, manifestName, fmt.Sprintf("%q is not listed", name)}
	}
	data, err := d.ReadFile(path, name, want.Size)
	if err != nil {
		return nil, &CorruptError{path, name, err.Error()}
	}
	if int64(len(data)) != want.Size {
		return nil, &CorruptError{path, name, fmt.Sprintf("%d bytes, want %d", len(data), want.Size)}
	}
	if got := sum(data); got != want.SHA256 {
		return nil, &CorruptError{path, name, fmt.Sprintf("SHA-256 is %.12s…, want %.12s…", got, want.SHA256)}
	}
	tensors, err := tensor.Decode(data)
	if err != nil {
		return nil, &CorruptError{path, name, err.Error()}
	}
	return tensors, nil
}

// Steps returns the steps of the checkpoints in dir, ascending, verified or not.
// A folder that does not exist has none.
func Steps(dir string) ([]int, error) { return steps(osDisk{}, dir) }

func steps(d disk, dir string) ([]int, error) {
	names, err := d.ReadDir(dir)
	if err := ignoreAbsent(err); err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	var list []int
	for _, name := range names {
		if number, ok := strings.CutPrefix(name, stepPrefix); ok {
			if step, err := strconv.Atoi(number); err == nil && filepath.Base(Path(dir, step)) == name {
				list = append(list, step)
			}
		}
	}
	slices.Sort(list)
	return list, nil
}

// Latest returns the newest checkpoint in dir that verifies, telling onCorrupt of
// each newer one that does not. The error is ErrNone where there is none.
func Latest(dir string, onCorrupt func(path string, err error)) (*Checkpoint, error) {
	list, err := Steps(dir)
	if err != nil {
		return nil, err
	}
	for _, step := range slices.Backward(list) {
		c, err := Load(Path(dir, step))
		if err == nil {
			return c, nil
		}
		onCorrupt(Path(dir, step), err)
	}
	return nil, fmt.Errorf("%w in %q", ErrNone, dir)
}

// Prune removes all checkpoints in dir but the newest keep and the pinned steps, and what killed
// or failed writers left.
func Prune(dir string, keep int, pinned ...int) error { return prune(osDisk{}, dir, keep, pinned...) }

func prune(d disk, dir string, keep int, pinned ...int) error {
	list, err := steps(d, dir)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return nil
	}
	if err := clean(d, dir); err != nil {
		return err
	}
	gone := slices.DeleteFunc(list[:max(len(list)-keep, 0)], func(step int) bool { return slices.Contains(pinned, step) })
	for _, step := range gone {
		// Renamed first: half a checkpoint is never seen under a step's name.
		old := filepath.Join(dir, asidePrefix+"old-"+filepath.Base(Path(dir, step)))
		if err := d.Rename(Path(dir, step), old); err != nil {
			return fmt.Errorf("remove checkpoint of step %d: %w", step, err)
		}
		if err := d.RemoveAll(old); err != nil {
			return fmt.Errorf("remove checkpoint of step %d: %w", step, err)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return d.SyncDir(dir) // or a loss of power brings them back
}
