package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/tfpair/tfpair/models/index"
)

// outgrown says why there is no threshold for the number of images: that has changed by a quarter since it was chosen, or
// none was chosen yet. "" where there is one, or it was tried.
func (c *catalogue) outgrown() string {
	switch a := c.about.Accept; {
	case a == nil && c.about.NoAccept == "" && c.images > 0:
		return "none was chosen for these images, which are not those of one index; tfpair index threshold chooses it"
	case a != nil && a.Outgrown(c.images):
		return fmt.Sprintf("it was chosen for %d images and there are %d; tfpair index threshold chooses it anew", a.Images, c.images)
	}
	return ""
}

// Outgrown reports whether there is no threshold because none was chosen for as many images as there are now: see Renew.
func (x *Index) Outgrown() bool { return x.current().outgrown() != "" }

// Promised returns the share of strangers that the stored threshold may accept, for however many images it was chosen; 0: there
// is none.
func (x *Index) Promised() float64 {
	if a := x.current().about.Accept; a != nil {
		return a.Promise
	}
	return 0
}

// Calibrate returns what searches in all entries that are there now should accept: see index.Index.Calibrate. The entries know
// whether the network has learned from their classes; c may say it of more. It holds all vectors meanwhile. The database does not
// change. The error is an *Error.
func (x *Index) Calibrate(ctx context.Context, c index.Calibration) (index.About, error) {
	about := x.current().about
	whole, learned, err := x.whole(ctx)
	if err != nil || whole == nil {
		about.Accept, about.NoAccept = nil, "it has no images"
		return about, x.at.refused(err)
	}
	more := c.Learned
	c.Learned = func(i index.Item) bool { return learned[i.ID] || more != nil && more(i) }
	return whole.Calibrate(c).About(), nil
}

// Renew stores the threshold of Calibrate, which all programs then search by, and returns it. Where c can choose none, a threshold
// that is there and not outgrown stays.
func (x *Index) Renew(ctx context.Context, c index.Calibration) (index.About, error) {
	about, err := x.Calibrate(ctx, c)
	if err == nil && (about.Accept != nil || x.About().Accept == nil) {
		about.Root = x.current().about.Root // as it is by now
		if err = x.threshold(ctx, about); err == nil {
			err = x.refresh(ctx)
		}
	}
	return about, x.at.refused(err)
}

// whole returns what is there, as an index that compares all, and the ids whose class the network has learned from; nil
// where nothing is there.
func (x *Index) whole(ctx context.Context) (*index.Index, map[string]bool, error) {
	now := x.current()
	rows, err := x.pool.Query(ctx, `SELECT id, path, class, learned, embedding FROM tfpair.entry WHERE index = $1 ORDER BY row`, now.number)
	if err != nil {
		return nil, nil, err
	}
	var items []index.Item
	data := make([]float32, 0, now.images*now.about.Dim)
	of := map[string]bool{}
	var item index.Item
	var learned bool
	var v pgvector.Vector
	_, err = pgx.ForEachRow(rows, []any{&item.ID, &item.Path, &item.Class, &learned, &v}, func() error {
		items, data = append(items, item), append(data, v.Slice()...)
		if learned {
			of[item.ID] = true
		}
		return nil
	})
	if err != nil || len(items) == 0 {
		return nil, nil, err
	}
	about := now.about
	about.Kind, about.Accept = "flat", nil
	whole, err := index.New(about, items, data)
	return whole, of, err
}

// threshold stores what searches accept.
func (x *Index) threshold(ctx context.Context, about index.About) error {
	var accept []byte
	if about.Accept != nil {
		text, err := json.Marshal(about.Accept)
		if err != nil {
			return err
		}
		accept = text
	}
	_, err := x.pool.Exec(ctx, `UPDATE tfpair.index SET accept = $2, no_accept = $3, root = $4
		WHERE number = $1 AND (accept, no_accept, root) IS DISTINCT FROM ($2::jsonb, $3, $4)`,
		x.now.Load().number, accept, about.NoAccept, about.Root)
	return err
}
