package index

import (
	"fmt"
	"path/filepath"

	"github.com/tfpair/tfpair/models/distance"
)

// growing is the parts of a folder, as steps are applied to them. Parts that others search are not
// changed: whatever changes is a new part that shares their numbers.
type growing struct {
	folder  string
	kind    Kind
	between distance.Distance
	dim     int
	parts   []*part
	at      map[string]place
}

// readAll applies what segments have got.
func (g *growing) readAll(before, now []segment) error {
	for i, s := range now {
		from := segment{Number: s.Number}
		if i < len(before) {
			from = before[i]
		}
		if err := g.read(i, from, s); err != nil {
			return err
		}
	}
	return nil
}

// read applies what a segment has got since it was from.
func (g *growing) read(i int, from, to segment) error {
	if from == to && i < len(g.parts) {
		return nil
	}
	if to.Rows < from.Rows || to.Items.Bytes < from.Items.Bytes {
		return fmt.Errorf("segment %d has become smaller", to.Number)
	}
	lines, err := readFrom(g.folder, to.items(), from.Items, to.Items)
	if err != nil {
		return err
	}
	steps, err := parseSteps(lines)
	if err != nil {
		return refused(filepath.Join(g.folder, to.items()), err)
	}
	p := &part{}
	if i < len(g.parts) {
		p = g.parts[i]
	}
	var data []float32
	var kept *mapping
	if len(p.items) == 0 {
		data, kept, err = mapVectors(g.folder, to)
	} else {
		var more []byte
		if more, err = readFrom(g.folder, to.vectors(), from.Vectors, to.Vectors); err == nil {
			data = numbers(more)
		}
	}
	if err != nil {
		return err
	}
	if err := finite("vector", data, g.dim); err != nil {
		return refused(filepath.Join(g.folder, to.vectors()), err)
	}
	if err := g.apply(i, to, steps, data, kept); err != nil || len(p.items) > 0 {
		return err
	}
	of, err := readGroups(g.folder, to, g.dim)
	if s, ok := g.parts[i].scan.(*scan); ok && of != nil {
		g.parts[i].scan = &grouped{s, of}
	}
	return err
}

// apply applies steps to part i, which is the last, or a new one behind it. data are the vectors of the
// entries among them.
func (g *growing) apply(i int, s segment, steps []step, data []float32, kept *mapping) error {
	before := &part{}
	if i < len(g.parts) {
		before = g.parts[i]
	}
	p := &part{items: before.items, extras: before.extras, gone: before.gone,
		album: &album{g.folder, s.pictures()}}
	removed := make(map[int32][]int) // rows of each part
	remove := func(id string) {
		if old, ok := g.at[id]; ok {
			removed[old.part] = append(removed[old.part], int(old.row))
			delete(g.at, id)
		}
	}
	for _, s := range steps {
		if s.removed != "" {
			remove(s.removed)
			continue
		}
		remove(s.item.ID)
		g.at[s.item.ID] = place{int32(i), int32(len(p.items))}
		p.items, p.extras = append(p.items, s.item), append(p.extras, s.extra)
	}
	if added := len(p.items) - len(before.items); added*g.dim != len(data) || len(p.items) != s.Rows {
		return fmt.Errorf("segment %d: %d entries and %d vectors, want %d", s.Number, len(p.items), len(data)/g.dim, s.Rows)
	}
	p.take(before, vectors{g.between, g.dim, data}, kept, g.kind)
	if i == len(g.parts) {
		g.parts = append(g.parts, p)
	} else {
		g.parts[i] = p
	}
	for of, rows := range removed {
		less := *g.parts[of]
		less.gone = less.gone.with(len(less.items), rows...)
		g.parts[of] = &less
	}
	return nil
}

// take gives p the vectors of the part before it and more of them.
func (p *part) take(before *part, more vectors, kept *mapping, kind Kind) {
	switch {
	case before.scan == nil:
		p.vectors, p.kept = more, kept
		p.scan = kind(more)
	case len(more.data) == 0:
		p.vectors, p.kept, p.scan = before.vectors, before.kept, before.scan
	default: // append copies what is mapped, once
		p.vectors = more
		p.vectors.data = append(before.vectors.data, more.data...)
		p.scan = before.scan.grow(p.vectors)
	}
}

// index returns what the parts are.
func (g *growing) index(a About) *Index {
	x := of(a, g.parts)
	x.between = g.between
	return x
}
