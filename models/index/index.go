// Package index finds, among many embeddings, those nearest to a few:
//
//	vectors [N,D] and items → New → *Index → Search(queries [Q,D], k) → neighbours [Q][k] → items
//	                            ↕
//	                      one file, see Encode
//
// Ways to search are in Table, one per file. An index carries the id of its embedding
// space, but the package knows no model and opens no image.
package index

import (
	"errors"
	"fmt"
	"math"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/models/distance"
)

// About says what the vectors of an index are.
type About struct {
	Kind     string `json:"index"`           // row of Table: "flat"
	Space    string `json:"embedding_space"` // id; queries must be of the same
	Model    string `json:"model"`           // that embedded, as people call it
	Distance string `json:"distance"`        // row of distance.Table: "cosine"
	Dim      int    `json:"dim"`             // D, at least 1
	Root     string `json:"root,omitempty"`  // that paths are relative to, as it was given; "" not known
	// Accept is the threshold of a search among these images; nil: none could be chosen, or an
	// earlier version wrote the index. New drops one that is for another number of images.
	Accept *Accept `json:"accept,omitempty"`
	// NoAccept says why Accept could not be chosen: "12 strangers can ask, …"; "" not known.
	NoAccept string `json:"no_accept,omitempty"`
	// Thumbnails is the longer side in pixels of the pictures that lie in a folder; 0: there are none.
	Thumbnails int `json:"thumbnails,omitempty"`
}

// Item is what a vector stands for.
type Item struct {
	ID     string `json:"id"`               // of this item alone, not empty
	Path   string `json:"path"`             // of the image, as the data names it
	SHA256 string `json:"sha256,omitempty"` // of the image's file, in hexadecimal; "" not known
	Class  string `json:"class,omitempty"`  // "" not known
	Coarse string `json:"coarse,omitempty"` // class of the class; "" not known
}

// Neighbour is a row that a search found.
type Neighbour struct {
	Row      int     // of the index, in [0,N)
	Distance float32 // of package distance, which is the model's
}

// Index is vectors that can be searched. It does not change, and is safe for any number
// of goroutines.
type Index struct {
	about   About
	between distance.Distance
	parts   []*part
	starts  []int // number of the first row of each part, and N
}

// searcher is what a row of Table makes of vectors.
type searcher interface {
	// walk offers each query, whose view says which part this is, what may be among its best of the
	// rows from..to.
	walk(asked []*query, from, to int)
	// grow returns a searcher of v, which is the vectors of this one and more behind them.
	grow(v vectors) searcher
}

// Kind makes vectors ready to be searched.
type Kind func(v vectors) searcher

// vectors are the rows to search, finite.
type vectors struct {
	distance distance.Distance
	dim      int       // D
	data     []float32 // [N,D]
}

// row returns vector i [D].
func (v vectors) row(i int) []float32 { return v.data[i*v.dim : (i+1)*v.dim] }

// len returns N.
func (v vectors) len() int { return len(v.data) / v.dim }

// Table lists every way to search. A new one is a new file here and a new row. Flat is exact; others say by
// Recall how often they agree with it.
var Table = named.Table[Kind]{Kind: "index", Rows: map[string]named.Row[Kind]{
	"flat": flat,
	"ivf":  ivf,
}}

// ValueError says that a number of a vector is NaN or infinite.
type ValueError struct {
	What        string // "vector" or "query"
	Row, Column int
	Value       float32
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("%s %d: number %d is %g, want a finite one", e.What, e.Row, e.Column, e.Value)
}

// New returns the index of data [N,D], row-major, of the items [N]; it keeps both. Errors
// are *named.UnknownError for the kind or the distance, *ValueError, and what does not
// fit: no items, a length, an id that is empty or there twice.
func New(a About, items []Item, data []float32) (*Index, error) {
	return Own(nil).New(a, items, data)
}

// Own are distances of a program's own by their names, for indexes that are searched by them.
type Own distance.Own

// New is New for an index that may be searched by a distance of one's own.
func (o Own) New(a About, items []Item, data []float32) (*Index, error) {
	between, err := distance.Own(o).ByName(a.Distance)
	if err != nil {
		return nil, err
	}
	kind, err := Table.New(&named.Choice{Name: a.Kind})
	if err != nil {
		return nil, err
	}
	if err := check(a, items, data); err != nil {
		return nil, err
	}
	if a.Accept != nil && a.Accept.Images != len(items) {
		a.Accept = nil
	}
	v := vectors{distance: between, dim: a.Dim, data: data}
	x := of(a, []*part{{items: items, vectors: v, scan: kind(v)}})
	x.between = between
	return x, nil
}

func check(a About, items []Item, data []float32) error {
	switch {
	case a.Space == "":
		return errors.New("no embedding space is named")
	case len(items) == 0:
		return errors.New("no vectors: an index holds at least one")
	case len(items) > math.MaxInt32:
		return fmt.Errorf("%d vectors, want at most %d", len(items), math.MaxInt32)
	case a.Dim < 1 || len(data) != len(items)*a.Dim:
		return fmt.Errorf("%d numbers are not %d vectors of length %d", len(data), len(items), a.Dim)
	}
	rows := make(map[string]int, len(items))
	for row, item := range items {
		if item.ID == "" {
			return fmt.Errorf("vector %d has no id", row)
		}
		if first, twice := rows[item.ID]; twice {
			return fmt.Errorf("vectors %d and %d have the same id %q", first, row, item.ID)
		}
		rows[item.ID] = row
	}
	return finite("vector", data, a.Dim)
}

// finite returns a *ValueError where a number is none.
func finite(what string, data []float32, dim int) error {
	for i, x := range data {
		if x-x != 0 { // NaN and the infinities
			return &ValueError{what, i / dim, i % dim, x}
		}
	}
	return nil
}

// About returns what the vectors are.
func (x *Index) About() About { return x.about }

// Classes returns how many classes the items are of; those without are of none.
func (x *Index) Classes() int {
	classes := map[string]bool{}
	for _, item := range x.All() {
		if item.Class != "" {
			classes[item.Class] = true
		}
	}
	return len(classes)
}

// Search returns, for each of queries [Q,D], row-major, its k nearest rows: nearest
// first, ties in the order of rows, all N rows where k is larger. The answer depends on
// neither the number of cores nor the other queries. Errors are *ValueError, k below 1,
// and numbers that are not whole queries.
func (x *Index) Search(queries []float32, k int) ([][]Neighbour, error) {
	switch dim := x.about.Dim; {
	case k < 1:
		return nil, fmt.Errorf("search for %d neighbours, want at least 1", k)
	case len(queries)%dim != 0:
		return nil, fmt.Errorf("%d numbers are no whole number of queries of length %d", len(queries), dim)
	}
	if err := finite("query", queries, x.about.Dim); err != nil {
		return nil, err
	}
	if x.Len() == 0 {
		return make([][]Neighbour, len(queries)/x.about.Dim), nil
	}
	return x.search(queries, min(k, x.Len())), nil
}
