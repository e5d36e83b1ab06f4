package index

import (
	"iter"
	"slices"
	"sort"
)

// of returns the index of parts. It counts what is not gone.
func of(a About, parts []*part) *Index {
	x := &Index{about: a, parts: parts, starts: make([]int, len(parts)+1)}
	for i, p := range parts {
		x.starts[i+1] = x.starts[i] + p.live()
	}
	return x
}

// locate returns where row lies: its part and its number in there.
func (x *Index) locate(row int) (*part, int) {
	if len(x.parts) == 1 && x.parts[0].gone.count == 0 {
		return x.parts[0], row
	}
	i := sort.SearchInts(x.starts, row+1) - 1
	p := x.parts[i]
	return p, p.gone.find(row - x.starts[i])
}

// Len returns N. It is at least 1 of a file; a folder may be empty.
func (x *Index) Len() int { return x.starts[len(x.parts)] }

// Item returns what row stands for.
func (x *Index) Item(row int) Item {
	p, i := x.locate(row)
	return p.items[i]
}

// All returns the rows and what they stand for.
func (x *Index) All() iter.Seq2[int, Item] {
	return func(yield func(int, Item) bool) {
		row := 0
		for _, p := range x.parts {
			for i := range p.items {
				if p.gone.has(i) {
					continue
				}
				if !yield(row, p.items[i]) {
					return
				}
				row++
			}
		}
	}
}

// Metadata returns what was stored beside the item of row in a folder; nil: nothing. It must not be
// changed.
func (x *Index) Metadata(row int) map[string]string {
	if p, i := x.locate(row); p.extras != nil {
		return p.extras[i].metadata
	}
	return nil
}

// Learned reports whether a folder says of row that the network has learned from its class.
func (x *Index) Learned(row int) bool {
	p, i := x.locate(row)
	return p.extras != nil && p.extras[i].learned
}

// Source returns the number of the source that row came from, as a folder says; 0: none is known.
func (x *Index) Source(row int) int {
	if p, i := x.locate(row); p.extras != nil {
		return int(p.extras[i].source)
	}
	return 0
}

// HasPicture reports whether a picture of row lies in a folder.
func (x *Index) HasPicture(row int) bool {
	p, i := x.locate(row)
	return p.extras != nil && p.extras[i].picture.bytes > 0
}

// Picture returns the picture of row that lies in a folder, a JPEG file; nil: there is none. The
// error says that it is not as it was written.
func (x *Index) Picture(row int) ([]byte, error) {
	p, i := x.locate(row)
	if p.extras == nil || p.extras[i].picture.bytes == 0 {
		return nil, nil
	}
	return p.album.read(p.extras[i].picture)
}

// Vector returns the embedding [D] of row. It must not be changed.
func (x *Index) Vector(row int) []float32 {
	p, i := x.locate(row)
	if p.kept != nil { // whose memory goes with the index
		return slices.Clone(p.vectors.row(i))
	}
	return p.vectors.row(i)
}

// Vectors returns the embeddings [N,D] of all rows. They must not be changed.
func (x *Index) Vectors() []float32 {
	if len(x.parts) == 1 && x.parts[0].gone.count == 0 && x.parts[0].kept == nil {
		return x.parts[0].vectors.data
	}
	data := make([]float32, 0, x.Len()*x.about.Dim)
	for _, p := range x.parts {
		for i := range p.items {
			if !p.gone.has(i) {
				data = append(data, p.vectors.row(i)...)
			}
		}
	}
	return data
}

// Recall returns the share of the ten nearest rows that searches find, measured when the index was written:
// 1 where they are exact. It is that of the part that finds the fewest.
func (x *Index) Recall() float64 {
	recall := 1.0
	for _, p := range x.parts {
		if g, ok := p.scan.(*grouped); ok {
			recall = min(recall, g.groups.Recall)
		}
	}
	return recall
}
