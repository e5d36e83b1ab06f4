package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/tfpair/tfpair/models/index"
)

// Bounds of the work of Suggest where there is no graph: the database compares all entries for each that asks.
const (
	suggestCompared = 3_000_000 // comparisons: some seconds
	suggestFewest   = 20        // entries that ask: fewer say too little
)

// Suggest returns a threshold to begin with where none could be chosen: see index.Index.Suggest. Without a graph fewer entries of a large
// index ask, and none where that would be too few: then it is false. The error is an *Error.
func (x *Index) Suggest(ctx context.Context) (threshold float64, ok bool, err error) {
	now := x.current()
	most := index.SuggestAsked
	if !now.graph() && now.images > 0 {
		most = min(most, suggestCompared/now.images)
	}
	if now.images == 0 || most < suggestFewest {
		return 0, false, nil
	}
	asked, queries, err := x.asking(ctx, now, most)
	if err != nil {
		return 0, false, x.at.refused(err)
	}
	found, err := x.find(ctx, now, queries, 2, now.ef)
	if err != nil {
		return 0, false, x.at.refused(err)
	}
	threshold, ok = index.SuggestBy(asked, found)
	return threshold, ok, nil
}

// asking returns entries of a class with their vectors, most at most. Their numbers lie evenly among all that were given away: of
// those whose entry is gone the next one asks.
func (x *Index) asking(ctx context.Context, c *catalogue, most int) (asked []index.Answer, queries []float32, err error) {
	rows, err := x.pool.Query(ctx, `SELECT DISTINCT ON (e.row) e.row, e.class, e.embedding
		FROM tfpair.index i, LATERAL generate_series(0, least($2, i.rows) - 1) AS n,
			LATERAL (SELECT row, class, embedding FROM tfpair.entry WHERE index = $1 AND row >= n * i.rows / least($2, i.rows) ORDER BY row LIMIT 1) AS e
		WHERE i.number = $1 AND e.class <> '' ORDER BY e.row`, c.number, int64(most))
	if err != nil {
		return nil, nil, err
	}
	var a index.Answer
	var v pgvector.Vector
	_, err = pgx.ForEachRow(rows, []any{&a.Row, &a.Class, &v}, func() error {
		asked, queries = append(asked, a), append(queries, v.Slice()...)
		return nil
	})
	return asked, queries, err
}
