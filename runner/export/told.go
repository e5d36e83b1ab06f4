package export

import (
	"encoding/json"
	"errors"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/runner/trained"
)

// ErrNotRemembered says that hashes were asked for which the run does not have.
var ErrNotRemembered = errors.New("the run does not remember which images it has seen: an earlier version of tfpair made it")

// told is what a model tells of the pictures and the names of its training. The zero value
// tells no hash, and names as they are.
type told struct {
	seen      seen.List        // hashes that it carries; nil: none
	strangers *index.Strangers // embeddings that it carries; nil: none
	aliases   *aliases         // nil: names are as they are
}

// tells returns what the model of c is to tell. Errors: ErrNotRemembered, *AliasesError.
func (c Config) tells(m *trained.Model) (t told, err error) {
	if c.WithSeen && m.Seen == nil {
		return t, ErrNotRemembered
	}
	if c.WithSeen {
		t.seen = m.Seen.List()
		t.strangers = m.Strangers()
	}
	if c.Int8 != nil {
		t.strangers = nil // they are embeddings of the float32 network
	}
	if c.AliasClasses {
		f, err := run.Open(c.Run)
		if err != nil {
			return t, err
		}
		defer f.Close() // read only
		t.aliases, err = readAliases(f.Aliases())
		t.strangers = nil // with other names nobody knows which of an index's classes they are of
		return t, err
	}
	return t, nil
}

// write puts aliases into the manifest, and hashes and strangers beside it.
func (t told) write(p *place, m *models.Manifest) error {
	list := t.seen
	if t.aliases != nil {
		t.aliases.manifest(m)
		list = t.aliases.images(list)
	}
	if t.seen == nil {
		return nil
	}
	text, err := list.Marshal()
	if err != nil {
		return err
	}
	if err := p.write(models.SeenName, text); err != nil || t.strangers == nil {
		return err
	}
	if text, err = json.Marshal(t.strangers); err != nil {
		return err
	}
	return p.write(models.StrangersName, text)
}

// gallery returns x, which is searched by own, as the model carries it.
func (t told) gallery(x *index.Index, own index.Own) (*index.Index, error) {
	if t.aliases == nil {
		return x, nil
	}
	return t.aliases.gallery(x, own)
}

// store keeps, in the run folder, what aliases stand for.
func (t told) store() error {
	if t.aliases == nil {
		return nil
	}
	return t.aliases.store()
}

// file returns the path of the file that store writes, "" where there is none.
func (t told) file() string {
	if t.aliases == nil {
		return ""
	}
	return t.aliases.path
}
