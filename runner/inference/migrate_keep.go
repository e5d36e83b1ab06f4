package inference

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/models/index"
)

// What keeps a model from taking an index as it is.
var (
	ErrNotInt8    = errors.New("it is float32, and only an int8 model has another whose vectors are near")
	ErrNotFloat32 = errors.New("its vectors are not of the float32 model that this int8 model was made of")
)

// Keep is Migrate without pictures: the index in the folder at path has the vectors of from as they are. m is an int8 model, and from of the
// float32 model that it was made of; its manifest says how near their embeddings are, as Quantized.Cosine. Errors: ErrNotInt8, ErrNotFloat32, and those
// of OpenFolder and BuildIndex.
func (m *Model) Keep(name string, from *index.Index, path string) (*Migration, error) {
	about, q := from.About(), m.Manifest.Quantized
	switch {
	case q == nil:
		return nil, fmt.Errorf("model %q: %w", m.Name, ErrNotInt8)
	case about.Space != q.FloatSpace:
		return nil, fmt.Errorf("index %q: %w", name, ErrNotFloat32)
	}
	about.Space = m.Manifest.Space
	if err := m.Manifest.FitsAbout(about); err != nil {
		return nil, &index.Error{Path: name, Err: err}
	}
	g := &Migration{model: m, from: from, same: true, images: slices.Repeat([]place{{of: -1}}, from.Len())}
	return g, g.open(name, path)
}

// take puts the entries that are missing into the new index, with the vectors that they have, and chooses the threshold.
func (g *Migration) take(ctx context.Context, r Reading) error {
	var entries []index.Entry
	put := func(done int) error {
		err := g.to.Put(entries...)
		entries = entries[:0]
		r.progress(done, g.from.Len())
		return errors.Join(err, ctx.Err())
	}
	for row, item := range g.from.All() {
		if _, _, there := g.to.Find(item.ID); there {
			continue
		}
		e, err := g.from.Entry(row)
		if err != nil {
			return err
		}
		e.Learned = learnedFrom(g.model.calibration, e.Item)
		if entries = append(entries, e); len(entries) == chunk {
			if err := put(row + 1); err != nil {
				return err
			}
		}
	}
	if err := put(g.from.Len()); err != nil {
		return err
	}
	_, err := g.to.Renew()
	return err
}
