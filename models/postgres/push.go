package postgres

import (
	"context"
	"fmt"

	"github.com/tfpair/tfpair/models/index"
)

// pushed is how many entries are committed at once: after a kill a push goes on behind them.
const pushed = 1000

// Options say how an index is pushed. The zero value makes a graph of float32.
type Options struct {
	Flat     bool                  // no graph: every search compares all vectors, and is exact
	Half     bool                  // the graph holds numbers of 16 bits; distances are of float32 all the same
	Prune    bool                  // entries that are not in the index are removed
	Progress func(done, total int) // is told how far it is; nil: nobody
	Graph    func()                // is told that the graph is being built; nil: nobody
}

// Pushed is what a push has done.
type Pushed struct {
	Changed
	Same    int      // entries that were there as they are
	Removed int      // that were not in the index any more
	Missing []string // ids that are not in the index and were left, because Prune is not set
}

// Push writes an index to the database at a URL: see Open. What is there already is not sent again, so that a
// push again changes nothing, and one after a kill goes on. It makes the tables where the database has none.
// Several programs may push into one index. Its threshold is that of from where the database has the images
// of from and no others, and stays as it was elsewhere: see Renew. The error is an *Error; it says whose the other vectors are where the index there
// is of another embedding space.
func Push(ctx context.Context, url string, from *index.Index, o Options) (*Index, Pushed, error) {
	at, err := parse(url)
	if err != nil {
		return nil, Pushed{}, err
	}
	about := from.About()
	about.Kind = HNSW
	if o.Flat {
		about.Kind = Flat
	}
	if err := o.check(about); err != nil {
		return nil, Pushed{}, at.refused(err)
	}
	if err := at.prepare(ctx, about, o.Half); err != nil {
		return nil, Pushed{}, at.refused(err)
	}
	x, err := open(ctx, at)
	if err != nil {
		return nil, Pushed{}, err
	}
	p, err := x.push(ctx, from, o)
	if err != nil {
		_ = x.Close() // it says nothing
		return nil, p, at.refused(err)
	}
	return x, p, nil
}

// The longest vectors of which pgvector makes a graph, of float32 and of halfvec.
const (
	longest     = 2000
	longestHalf = 4000
)

// check says why vectors cannot be pushed so.
func (o Options) check(about index.About) error {
	switch {
	case o.Flat && o.Half:
		return fmt.Errorf("kind %s has no graph to hold numbers of 16 bits", Flat)
	case !o.Flat && !o.Half && about.Dim > longest && about.Dim <= longestHalf:
		return fmt.Errorf("vectors of length %d: a graph takes %d numbers, or %d of 16 bits: --half", about.Dim, longest, longestHalf)
	case !o.Flat && about.Dim > longestHalf:
		return fmt.Errorf("vectors of length %d: a graph takes %d of 16 bits at most: --kind %s", about.Dim, longestHalf, Flat)
	}
	return nil
}

// push writes what the database lacks of from.
func (x *Index) push(ctx context.Context, from *index.Index, o Options) (p Pushed, err error) {
	there, err := x.sums(ctx)
	if err != nil {
		return p, err
	}
	var batch []index.Entry
	flush := func() error {
		c, err := x.Put(ctx, batch...)
		p.Added, p.Replaced, batch = p.Added+c.Added, p.Replaced+c.Replaced, batch[:0]
		return err
	}
	done := 0
	for e, err := range from.Entries {
		if err != nil {
			return p, err
		}
		_, sum, err := summed(e)
		if err != nil {
			return p, err
		}
		if there[e.ID] == string(sum) {
			p.Same++
		} else if batch = append(batch, e); len(batch) == pushed {
			if err := flush(); err != nil {
				return p, err
			}
		}
		delete(there, e.ID)
		if done++; o.Progress != nil {
			o.Progress(done, from.Len())
		}
	}
	if err := flush(); err != nil {
		return p, err
	}
	if err := x.prune(ctx, there, &p, o.Prune); err != nil {
		return p, err
	}
	if len(p.Missing) == 0 {
		if err := x.threshold(ctx, from.About()); err != nil {
			return p, err
		}
	}
	if err := x.connectGraph(ctx, o); err != nil {
		return p, err
	}
	return p, x.refresh(ctx)
}

// prune removes what is not in the index, or says what that is.
func (x *Index) prune(ctx context.Context, others map[string]string, p *Pushed, remove bool) (err error) {
	var ids []string
	for id := range others {
		ids = append(ids, id)
	}
	if !remove || len(ids) == 0 {
		p.Missing = ids
		return nil
	}
	p.Removed, err = x.Remove(ctx, ids...)
	return err
}

// sums returns the checksum of each entry that is there, by id.
func (x *Index) sums(ctx context.Context) (map[string]string, error) {
	rows, err := x.pool.Query(ctx, `SELECT id, sum FROM tfpair.entry WHERE index = $1`, x.now.Load().number)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	of := map[string]string{}
	for rows.Next() {
		var id string
		var sum []byte
		if err := rows.Scan(&id, &sum); err != nil {
			return nil, err
		}
		of[id] = string(sum)
	}
	return of, rows.Err()
}
