//go:build linux && amd64 && tensorflow

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/models/signature"
	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/kept"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// storage is a kind of file or folder, made in the stage, and what reads it. A damage is silent
// where read gives other contents than before and no error.
type storage struct {
	name string
	path string // in the stage; a folder stands for all files below it
	// only are the patterns of the paths in the folder that are damaged; nil for all.
	only []string
	read func(path string) (any, error)
	// unsealed says why damage can be silent: the format has no checksum. "" for all others.
	unsealed string
}

// storages are the kinds.
var storages = []storage{
	{name: "checkpoint", path: "run/checkpoints/step-00000008", read: func(path string) (any, error) { return checkpoint.Load(path) }},
	{name: "spec of a run", path: "run", only: []string{"spec.yaml"}, read: readsSpec},
	{name: "events of a run", path: "run", only: []string{"events.jsonl", "tensorboard/*"}, read: goesOn},
	{name: "runtime", path: "runtime", only: []string{"MANIFEST.json", "lib/*", "include/*/*/*", "*.txt"}, read: readsRuntime},
	{name: "seen of a run", path: "run/seen", read: func(path string) (any, error) { return seen.Read(filepath.Dir(path), filepath.Base(path)) }},
	{name: "export", path: "sealed/1", read: loads},
	{name: "index folder", path: "living", read: readsFolder},
	{name: "export int8", path: "sealed-int8/1", read: loads},
	{name: "export with ONNX", path: "sealed-onnx/1", read: loads},
	{name: "signature and what it signs", path: "signed/1", read: isSigned},
	{name: "checksums of pictures", path: "prints", read: readsPrints},
	{name: "kept pixels", path: "pixels", read: readsPixels},
	{name: "index", path: "x.index", read: func(path string) (any, error) { return index.Read(path) }},
	{name: "vectors npy", path: "vectors-npy", read: readsVectors("v.npy")},
	{name: "vectors csv", path: "vectors-csv", unsealed: "other readers of CSV would stumble over a checksum", read: readsVectors("v.csv")},
	{name: "vectors jsonl", path: "vectors-jsonl", read: readsVectors("v.jsonl")},
	{name: "weights pth", path: "weights.pth", unsealed: "a file of PyTorch before 1.6, without checksums", read: func(path string) (any, error) {
		f, err := weights.Read(path)
		if err != nil {
			return nil, err
		}
		return f.Tensors, nil
	}},
	{name: "weights pth zip", path: "zip.pth", read: func(path string) (any, error) {
		f, err := weights.Read(path)
		if err != nil {
			return nil, err
		}
		return f.Tensors, nil
	}},
	{name: "weights safetensors", path: "weights.safetensors", unsealed: "the format has no checksum", read: func(path string) (any, error) {
		f, err := weights.Read(path)
		if err != nil {
			return nil, err
		}
		return f.Tensors, nil
	}},
}

// loads opens an exported model. What it holds is what its seal says.
func loads(path string) (any, error) {
	m, err := models.Load(path, models.WithThreads(1))
	if err != nil {
		return nil, err
	}
	return nil, m.Close()
}

// isSigned verifies the signature of a model, and returns what it is about. What a signature says of itself, such as
// the fingerprint of its key, nobody signs.
func isSigned(path string) (any, error) {
	key, err := signature.ReadPrivateKey(filepath.Join(path, signedWith))
	if err != nil {
		return nil, err
	}
	if err := signature.Verify(path, &key.PublicKey); err != nil {
		return nil, err
	}
	files, err := look(path)
	delete(files, signature.FileName)
	return files, err
}

// signedWith is the key, which lies in the folder that it signs.
const signedWith = "key.pem"

// readsPrints reads what is remembered of pictures. Damage is none of it, and a note.
func readsPrints(path string) (any, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	c, note, err := copies.OpenCache(path)
	if note != "" {
		err = errors.New(note)
	}
	return c, err
}

// shelf says how kept pixels are opened here: pictures of a few bytes.
func shelf(folder string) (o kept.Options, way string, bytes int) {
	return kept.Options{Folder: folder, MaxBytes: 1 << 20, Now: time.Now}, "faults", 48
}

const shelved = 20 // pictures

// shelve keeps pixels.
func shelve(folder string) {
	o, way, size := shelf(folder)
	pixels := kept.Open(o, way, size)
	for i := range shelved {
		pixels.Put(kept.Stamp{}, kept.About{Identity: phash.Identity{SHA256: kept.Sum{uint8(i)}}}, bytes.Repeat([]byte{uint8(i)}, size))
	}
	pixels.Close()
}

// readsPixels finds all of them. Those that are damaged are not there, and are made again.
func readsPixels(folder string) (any, error) {
	o, way, size := shelf(folder)
	pixels := kept.Open(o, way, size)
	defer pixels.Close()
	all := make([]byte, shelved*size)
	for i := range shelved {
		e, ok := pixels.Find(kept.Sum{uint8(i)}, kept.Stamp{})
		if !ok || !pixels.Read(all[i*size:(i+1)*size], e) {
			return nil, fmt.Errorf("picture %d is not there", i)
		}
	}
	return all, nil
}

// readsVectors reads a file of vectors in a folder.
func readsVectors(name string) func(string) (any, error) {
	return func(folder string) (any, error) { return vectors.Read(filepath.Join(folder, name)) }
}

// readsSpec reads the spec of a run, without the line of its checksum.
func readsSpec(path string) (any, error) {
	f, err := run.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only
	text, err := f.Spec()
	if err != nil {
		return nil, err
	}
	_, spec, _ := bytes.Cut(text, []byte("\n"))
	return spec, nil
}

// readsFolder reads all of an index in a folder, pictures included.
func readsFolder(path string) (any, error) {
	if wrong := index.Verify(path); len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	x, err := index.Read(path)
	if err != nil {
		return nil, err
	}
	var all []index.Entry
	for e, err := range x.Entries {
		if err != nil {
			return nil, err
		}
		e.Vector = slices.Clone(e.Vector)
		all = append(all, e)
	}
	return all, nil
}

// goesOn begins to train in a run, and returns the step that an export takes: of events nothing but
// their last line counts, which is mended where a kill left it without an end.
func goesOn(path string) (any, error) {
	f, err := run.Open(path)
	if err != nil {
		return nil, err
	}
	if err := f.Lock(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	step, err := f.Resolve("best")
	return step, errors.Join(err, f.Close())
}

// readsRuntime verifies a runtime as a load and as tfpair doctor does.
func readsRuntime(path string) (any, error) {
	damaged, err := libtensorflow.VerifyOnce(path, os.Getenv)
	if err := errors.Join(append(damaged, err)...); err != nil {
		return nil, err
	}
	r, err := libtensorflow.Status(path, os.Getenv)
	if err := errors.Join(append(r.Damaged, err)...); err != nil {
		return nil, err
	}
	return r.Manifest.Files, nil
}

// warehouse are the commands that make what storages need beside the scenery.
var warehouse = []string{
	"export --run run --out sealed --with-seen --gallery data/test" + tiny,
	"export --run run --out sealed-int8 --precision int8 --data data --max-drop 100" + tiny,
	"export --run run --out sealed-onnx --onnx --threads 1",
	"model sign --model signed/1 --key signed/1/" + signedWith,
	"check --data data --cache prints --workers 1",
	"embed --model model --data data --out vectors-npy/v.npy" + tiny,
	"embed --model model --data data --out vectors-csv/v.csv" + tiny,
	"embed --model model --data data --out vectors-jsonl/v.jsonl" + tiny,
}

// damage flips bits of each kind of file and cuts its end off.
func (c *campaign) damage() error {
	stage := c.at("stage")
	if err := os.Setenv("TFPAIR_RUNTIME", c.runtime); err != nil {
		return err
	}
	for _, format := range []string{"npy", "csv", "jsonl"} {
		if err := os.Mkdir(filepath.Join(stage, "vectors-"+format), 0o755); err != nil {
			return err
		}
	}
	shelve(c.at("stage", "pixels"))
	if err := errors.Join(copyTree(filepath.Join(stage, "model"), filepath.Join(stage, "signed")),
		copyFile(filepath.Join(stage, "key.pem"), filepath.Join(stage, "signed", "1", signedWith))); err != nil {
		return err
	}
	lines := warehouse
	if _, err := os.Stat(filepath.Join(stage, "weights.pth")); err == nil {
		lines = append(lines[:len(lines):len(lines)], "weights convert --from weights.pth --out weights.safetensors")
	}
	for _, line := range lines {
		if end := c.runs(stage, scenario{args: line}); end.code != 0 {
			return fmt.Errorf("tfpair %s: exit code %d\n%s", line, end.code, end.stderr)
		}
	}
	if err := errors.Join(c.tinyWheel(), writeTorch(c.at("stage", "zip.pth"))); err != nil {
		return err
	}
	for _, s := range storages {
		if _, err := os.Stat(filepath.Join(stage, s.path)); err != nil {
			c.note(row{scenario: s.name, part: "damage", note: "left out: " + s.path + " is not there"})
			continue
		}
		if err := c.damages(s); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// damages damages one kind of file.
func (c *campaign) damages(s storage) error {
	original := c.at("stage", s.path)
	want, err := s.read(original)
	if err != nil {
		return err
	}
	n := c.options.damages
	if c.quick {
		n = 4
	}
	var silent, cases atomic.Int64
	var list []func() error
	for _, way := range []func([]byte, *rand.Rand) []byte{flip, cut, lose} {
		for i := range n {
			r := c.draw(fmt.Sprint(s.name, len(list), i))
			list = append(list, func() error {
				at, quiet, err := c.harm(s, way, r, want)
				cases.Add(1)
				if quiet {
					silent.Add(1)
					if s.unsealed == "" {
						c.blame(fmt.Sprintf("%s: %s, and nothing was said", s.name, at), "", "")
					}
				}
				return err
			})
		}
	}
	err = c.each(shared(c.share, list))
	result := row{scenario: s.name, part: "damage", cases: int(cases.Load()), wrong: int(silent.Load())}
	if s.unsealed != "" {
		result.note, result.wrong = fmt.Sprintf("%d silent: %s", result.wrong, s.unsealed), 0
	}
	c.note(result)
	return err
}

// harm damages a copy of a file and reads it.
func (c *campaign) harm(s storage, way func([]byte, *rand.Rand) []byte, r *rand.Rand, want any) (at string, silent bool, err error) {
	folder, err := os.MkdirTemp(c.work, "harm-")
	if err != nil {
		return "", false, err
	}
	defer os.RemoveAll(folder)
	// What lies beside the file comes along: it may be checked together with it.
	copied := filepath.Join(folder, filepath.Base(s.path))
	if err := copyTree(c.at("stage", s.path), copied); err != nil {
		return "", false, err
	}
	if filepath.Dir(s.path) == "run" {
		if err := copyTree(c.at("stage", "run", "spec.yaml"), filepath.Join(folder, "spec.yaml")); err != nil {
			return "", false, err
		}
	}
	files, err := s.files(copied)
	if err != nil {
		return "", false, err
	}
	file := files[r.IntN(len(files))]
	data, err := os.ReadFile(file)
	if err != nil {
		return "", false, err
	}
	harmed := way(data, r)
	if harmed == nil {
		err = os.Remove(file)
	} else {
		err = os.WriteFile(file, harmed, 0o644)
	}
	if err != nil {
		return "", false, err
	}
	name, err := filepath.Rel(folder, file)
	if err != nil {
		return "", false, err
	}
	at = fmt.Sprintf("%s of %d bytes has %d, the first other one at %d", name, len(data), len(harmed), differs(data, harmed))
	if harmed == nil {
		at = name + " is gone"
	}
	got, readErr := s.read(copied)
	return at, readErr == nil && (want == nil || !reflect.DeepEqual(got, want)), nil
}

// files returns the paths of what may be damaged.
func (s storage) files(root string) (list []string, err error) {
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if s.only == nil || slices.ContainsFunc(s.only, func(pattern string) bool {
			match, _ := filepath.Match(pattern, name) // a bad pattern matches nothing, and no file is left
			return match
		}) {
			list = append(list, path)
		}
		return nil
	})
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%s holds nothing that can be damaged", root)
	}
	return list, err
}

// differs returns the first place where two texts differ.
func differs(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// flip inverts one bit.
func flip(data []byte, r *rand.Rand) []byte {
	if len(data) == 0 {
		return []byte{0}
	}
	other := append([]byte(nil), data...)
	other[r.IntN(len(data))] ^= 1 << r.IntN(8)
	return other
}

// lose keeps nothing, nor the name.
func lose([]byte, *rand.Rand) []byte { return nil }

// cut keeps the beginning.
func cut(data []byte, r *rand.Rand) []byte { return data[:r.IntN(max(1, len(data)))] }
