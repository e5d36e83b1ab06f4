// Package holder finds out which runs, exported models and indexes hold a picture:
//
//	folders → Find → []Holder ─┐
//	picture → phash.Identity ──┴→ Holder.Holds → []Held
//
// It answers "was this picture used, and where is it?". It reads what they say of their
// pictures, opens no network and changes nothing.
package holder

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// Kind is what holds pictures.
type Kind string

// The kinds of holders.
const (
	Run   Kind = "run"   // folder of a training
	Model Kind = "model" // version of an exported model
	Index Kind = "index" // file of tfpair index build
)

// Use is what a picture is to its holder: a role of the training, or what follows.
type Use string

// Uses that are no roles of a training.
const (
	Gallery Use = "gallery" // an answer of the exported model
	Indexed Use = "index"   // an answer of the index
)

// Holder is one run, model or index.
type Holder struct {
	Kind    Kind   `json:"kind"`
	Path    string `json:"path"`
	Images  int    `json:"images"`            // that it names
	Unknown string `json:"unknown,omitempty"` // why it may hold more than it names; "": it names all

	seen  seen.List    // with copies
	items []index.Item // exact files only
	use   Use          // of items
}

// Held is a picture in a holder.
type Held struct {
	Kind     Kind   `json:"kind"`
	Path     string `json:"path"` // of the holder
	Use      Use    `json:"use"`
	Image    string `json:"image"`              // as the holder names it
	Class    string `json:"class,omitempty"`    // "" not told
	Exact    bool   `json:"exact"`              // the same file, else a re-encoded or resized copy
	Distance int    `json:"distance,omitempty"` // of a copy's perceptual hash, in bits
}

// Holds returns what h holds of a picture, the same files first. Copies are found only among
// what was trained on: an index and a gallery know the files alone.
func (h Holder) Holds(id phash.Identity) []Held {
	var list []Held
	for _, m := range h.seen.All(id) {
		list = append(list, Held{Kind: h.Kind, Path: h.Path, Use: Use(m.Role), Image: m.Path, Exact: m.Exact, Distance: m.Distance})
	}
	sum := hex.EncodeToString(id.SHA256[:])
	for _, i := range h.items {
		if i.SHA256 == sum {
			list = append(list, Held{Kind: h.Kind, Path: h.Path, Use: h.use, Image: i.Path, Class: i.Class, Exact: true})
		}
	}
	return list
}

// ofRun returns the holder of a run folder.
func ofRun(path string) Holder {
	h := Holder{Kind: Run, Path: path}
	f, err := run.Open(path)
	if err == nil {
		defer f.Close() // read only
		h.seen, err = f.Seen()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		h.Unknown = "it does not remember what it was trained on: an earlier version of tfpair made it, or it has not begun"
	case err != nil:
		h.Unknown = err.Error()
	case continued(f):
		h.Unknown = "it began with weights of another training, which do not tell what they have seen"
	}
	h.lackHashes()
	h.Images = len(h.seen)
	return h
}

// continued reports whether the last checkpoint of a run says that it did.
func continued(f *run.Folder) bool {
	steps, err := checkpoint.Steps(f.Checkpoints())
	if err != nil || len(steps) == 0 {
		return false
	}
	meta, err := checkpoint.Meta(checkpoint.Path(f.Checkpoints(), steps[len(steps)-1]))
	if err != nil {
		return false
	}
	var state struct {
		Pretrained *models.Pretrained `json:"pretrained"`
	}
	return json.Unmarshal(meta, &state) == nil && state.Pretrained.Continued()
}

// ofModel returns the holder of a version of an exported model.
func ofModel(path string) Holder {
	h := Holder{Kind: Model, Path: path, use: Gallery}
	m, err := models.ReadManifest(path)
	if err == nil {
		err = h.readModel(m)
	}
	if err != nil {
		h.Unknown = err.Error()
	}
	h.Images = len(h.seen) + len(h.items)
	return h
}

// readModel reads the pictures that m tells of.
func (h *Holder) readModel(m *models.Manifest) (err error) {
	if g := m.Gallery; g != nil {
		file := filepath.FromSlash(g.File)
		if !filepath.IsLocal(file) {
			return fmt.Errorf("its gallery %q is outside of the model", g.File)
		}
		if _, h.items, err = index.ReadItems(filepath.Join(h.Path, file)); err != nil {
			return err
		}
	}
	if _, ok := m.Files[models.SeenName]; !ok {
		h.Unknown = "it was exported without --with-seen, so it does not tell what it was trained on: ask its run"
	} else if h.seen, err = seen.Read(h.Path, models.SeenName); err != nil {
		return err
	}
	h.lackHashes()
	h.lackSums()
	return nil
}

// ofIndex returns the holder of an index, a file or a folder.
func ofIndex(path string) Holder {
	h := Holder{Kind: Index, Path: path, use: Indexed}
	var err error
	var of *index.Error
	if _, h.items, err = index.ReadItems(path); errors.As(err, &of) {
		h.Unknown = of.Err.Error() // without the path
	}
	h.lackSums()
	h.Images = len(h.items)
	return h
}

// lackHashes says so where perceptual hashes are of another version.
func (h *Holder) lackHashes() {
	if n := h.seen.Unhashed(); n > 0 {
		h.lack(fmt.Sprintf("copies of %d of the %d images that its training has seen are not known: their perceptual hashes "+
			"are of another version, not %s", n, len(h.seen), phash.Name))
	}
}

// lackSums says so where items have no checksum to know them by.
func (h *Holder) lackSums() {
	n := 0
	for _, i := range h.items {
		if i.SHA256 == "" {
			n++
		}
	}
	if n > 0 {
		h.lack(fmt.Sprintf("%d of the %d images that it answers with have no SHA-256", n, len(h.items)))
	}
}

// lack adds a reason why h may hold more than it names.
func (h *Holder) lack(reason string) { h.Unknown = strings.TrimPrefix(h.Unknown+"; "+reason, "; ") }
