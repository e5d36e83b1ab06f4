package index

import "context"

// Searched is what is searched: an Index, or vectors that lie elsewhere, such as in a database.
type Searched interface {
	About() About
	// Len returns the number of entries.
	Len() int
	// Answers returns for each of queries [Q,D], row-major, its k nearest, nearest first.
	Answers(ctx context.Context, queries []float32, k int) ([][]Answer, error)
	// Thumbnail returns the picture of an answer by its row, a JPEG file; nil: there is none.
	Thumbnail(ctx context.Context, row int) ([]byte, error)
	// Suggest returns a threshold to begin with where none could be chosen; false: too little is known.
	Suggest(ctx context.Context) (threshold float64, ok bool, err error)
}

// Answer is what a search found, with all that is known of it.
type Answer struct {
	Item
	Row      int               // of what was searched
	Distance float32           // of package distance, which is the model's
	Metadata map[string]string // nil: none
}

// Answers is Search whose answers say what rows stand for.
func (x *Index) Answers(ctx context.Context, queries []float32, k int) ([][]Answer, error) {
	found, err := x.Search(queries, k)
	if err != nil {
		return nil, err
	}
	lists := make([][]Answer, len(found))
	for i, list := range found {
		for _, n := range list {
			lists[i] = append(lists[i], Answer{x.Item(n.Row), n.Row, n.Distance, x.Metadata(n.Row)})
		}
	}
	return lists, ctx.Err()
}

// Thumbnail is Picture.
func (x *Index) Thumbnail(_ context.Context, row int) ([]byte, error) { return x.Picture(row) }

// Accepting returns x with another threshold.
func Accepting(x Searched, a Accept) Searched { return accepting{x, a} }

// accepting is what is searched, with a threshold of its own.
type accepting struct {
	Searched
	accept Accept
}

func (x accepting) About() About {
	about := x.Searched.About()
	about.Accept, about.NoAccept = &x.accept, ""
	return about
}
