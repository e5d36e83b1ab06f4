package cli

import (
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// gallery is what the images of queries are searched in: nothing but themselves where
// data is nil, a part of the same data, or other data.
type gallery struct {
	data *dataset.Dataset
	part dataset.Part
	mine bool // data was opened for the gallery
	read *pixels
}

// gallery returns what --gallery names, which shares no image with queries.
func (p parts) gallery(c *cli.Context, queries dataset.Part) (*gallery, error) {
	name := c.String("gallery")
	switch name {
	case "":
		return &gallery{}, nil
	case string(dataset.Train), string(dataset.Val), string(dataset.Test):
		part, err := p.gallerySplit(queries, name)
		return &gallery{data: p.data, part: part}, err
	}
	if _, err := os.Stat(name); err != nil {
		return nil, usagef("--gallery %q is no split (train, val, test), and there is no data of that name", name)
	}
	data, err := openData(c, func(o *dataset.Options) {
		o.Data, o.Format, o.Val, o.Splits = name, "", "", nil
		if info, err := os.Stat(name); err == nil && info.IsDir() { // it holds its own images
			o.Images, o.Columns = "", nil
		}
	})
	if err != nil {
		return nil, err
	}
	g := &gallery{data: data, part: data.In(""), mine: true}
	return g, g.disjoint(p.data, queries)
}

// gallerySplit returns another split of the same data.
func (p parts) gallerySplit(queries dataset.Part, split string) (dataset.Part, error) {
	if split == string(queries.Split) {
		return dataset.Part{}, usagef("--gallery %s is the split measured; without --gallery each image is "+
			"searched among the others of its split", split)
	}
	part, err := p.choose("--gallery", split)
	if err != nil {
		return dataset.Part{}, err
	}
	for _, i := range part.Images {
		if _, both := slices.BinarySearch(queries.Images, i); both {
			return dataset.Part{}, usagef("--gallery %s and split %s share images: %s names no splits of "+
				"its own; name the splits in the data, or choose --split val",
				split, queries.Split, p.data.Name)
		}
	}
	return part, nil
}

// disjoint refuses a gallery of other data that holds a file that is searched for, under
// whatever name. Files of different sizes are different.
func (g *gallery) disjoint(data *dataset.Dataset, queries dataset.Part) error {
	bySize := map[int64][]int32{}
	for _, i := range queries.Images {
		size := data.Images[i].Size
		bySize[size] = append(bySize[size], i)
	}
	asked := map[int64]map[string]int32{} // by size and checksum, where a file of the gallery has the size
	for _, i := range g.part.Images {
		size := g.data.Images[i].Size
		if len(bySize[size]) == 0 {
			continue
		}
		if asked[size] == nil {
			asked[size] = map[string]int32{}
			for _, q := range bySize[size] {
				sum, err := data.SHA256(q)
				if err != nil {
					return err
				}
				asked[size][sum] = q
			}
		}
		sum, err := g.data.SHA256(i)
		if err != nil {
			return err
		}
		if q, both := asked[size][sum]; both {
			return usagef("--gallery %s holds %q, which is searched for as %q", g.data.Name,
				g.data.Images[i].Path, data.Images[q].Path)
		}
	}
	return nil
}

// within returns the part of data that is searched, nil where that is other data or none.
func (g *gallery) within(data *dataset.Dataset) *dataset.Part {
	if g.data != data {
		return nil
	}
	return &g.part
}

// open reads the images of the gallery, those of queries being read, and returns what is
// searched, nil where queries are searched among themselves.
func (g *gallery) open(c *cli.Context, out output, m *model, queries *pixels) (*evaluate.Source, error) {
	if g.data == nil {
		return nil, nil
	}
	store := queries.store
	if g.mine {
		var err error
		if g.read, err = readImages(c, out, g.data, m, &g.part); err != nil {
			return nil, err
		}
		queries.skipped = append(queries.skipped, g.read.skipped...)
		store = g.read.store
	}
	return &evaluate.Source{Store: store, Data: g.data, Part: g.part}, nil
}

// close frees what belongs to the gallery alone.
func (g *gallery) close() {
	if g.read != nil {
		g.read.store.Close() // a cache
	}
	if g.mine {
		g.data.Close() // read only
	}
}
