package cli

import (
	"os"
	"slices"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// source returns what --gallery names; nil where images are searched among themselves. Another split
// shares no image with queries, and other data may hold the same files. Data other than m's is the
// caller's to close.
func (m measuring) source(queries dataset.Part) (*evaluate.Source, error) {
	switch {
	case m.gallery == "":
		return nil, nil
	case isSplit(m.gallery):
		return m.gallerySplit(queries)
	}
	info, err := os.Stat(m.gallery)
	if err != nil {
		return nil, usagef("--gallery %q is no split (train, val, test), and there is no data of that name", m.gallery)
	}
	o, err := m.evaluateOptions.data.options()
	if err != nil {
		return nil, err
	}
	o.Data, o.Format, o.Val, o.Test, o.Splits = m.gallery, "", "", "", nil
	if info.IsDir() { // it holds its own images
		o.Images, o.Columns = "", nil
	}
	data, err := dataset.Open(o)
	if err != nil {
		return nil, err
	}
	return &evaluate.Source{Data: data, Part: data.All()}, nil
}

// gallerySplit returns another split of the same data.
func (m measuring) gallerySplit(queries dataset.Part) (*evaluate.Source, error) {
	if m.gallery == queries.Split.String() {
		return nil, usagef("--gallery %s is the split measured; without --gallery each image is "+
			"searched among the others of its split", m.gallery)
	}
	part, err := m.model.Split(m.data, dataset.SplitNamed(m.gallery))
	if err != nil {
		return nil, splitUsage(err, "--gallery")
	}
	shared := func(image int32) bool {
		_, both := slices.BinarySearch(queries.Images, image)
		return both
	}
	if slices.ContainsFunc(part.Images, shared) {
		return nil, usagef("--gallery %s and split %s share images: %s names no splits of "+
			"its own; name the splits in the data, or choose --split val", m.gallery, queries.Split, m.data.Name)
	}
	return &evaluate.Source{Data: m.data, Part: part}, nil
}
