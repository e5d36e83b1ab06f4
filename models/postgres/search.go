package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
)

// together is how many searches are sent at once.
const together = 32

// Answers returns for each of queries [Q,D], row-major, its k nearest, nearest first, ties in the order in which
// they were put in. The distance of an answer is what index.Index.Search gives for the two vectors, to the last
// digit. The answers are those of an index folder where there is no graph; Recall says how many a graph finds.
// Errors are those of index.Index.Search, and *Error.
func (x *Index) Answers(ctx context.Context, queries []float32, k int) ([][]index.Answer, error) {
	now := x.current()
	dim := now.about.Dim
	switch {
	case k < 1:
		return nil, fmt.Errorf("search for %d neighbours, want at least 1", k)
	case len(queries)%dim != 0:
		return nil, fmt.Errorf("%d numbers are no whole number of queries of length %d", len(queries), dim)
	}
	for i, v := range queries {
		if v-v != 0 {
			return nil, &index.ValueError{What: "query", Row: i / dim, Column: i % dim, Value: v}
		}
	}
	found, err := x.find(ctx, now, queries, k, now.ef)
	return found, x.at.refused(err)
}

// find is Search with a width ef of the walk through the graph, 0 to compare all vectors.
func (x *Index) find(ctx context.Context, c *catalogue, queries []float32, k, ef int) ([][]index.Answer, error) {
	dim := c.about.Dim
	var all [][]index.Answer
	for at := 0; at < len(queries); at += together * dim {
		some := queries[at:min(at+together*dim, len(queries))]
		found, err := x.ask(ctx, c, some, k, ef)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// ask sends searches together. Where all vectors are compared it asks for more until no other can be nearer:
// pgvector's distances are rounded.
func (x *Index) ask(ctx context.Context, c *catalogue, queries []float32, k, ef int) ([][]index.Answer, error) {
	dim := c.about.Dim
	lists := make([][]index.Answer, len(queries)/dim)
	limit := k + 8 // a few that may be as near
	if ef > 0 && c.half {
		limit = 2 * (k + 8) // whose order by 16 bits is another one
	}
	open := make([]int, len(lists))
	for i := range open {
		open[i] = i
	}
	for len(open) > 0 {
		found, err := x.send(ctx, c, queries, open, limit, ef)
		if err != nil {
			return nil, err
		}
		var again []int
		for n, i := range open {
			whole := len(found[n].answers) < limit || ef > 0
			query := queries[i*dim:][:dim]
			list := x.rank(query, found[n].answers)
			if !whole && list[k-1].key >= beyond(x.between, dim, query, found[n].farthest) {
				again = append(again, i)
				continue
			}
			for _, a := range list[:min(k, len(list))] {
				lists[i] = append(lists[i], a.answer)
			}
		}
		open, limit = again, 4*limit
	}
	return lists, nil
}

// candidate is what the database found, with the key of its distance.
type candidate struct {
	answer index.Answer
	vector []float32
	key    float64
}

// candidates are those of one search.
type candidates struct {
	answers  []candidate
	farthest float64 // distance of the last, as pgvector rounds it
}

// columns are those of an answer.
const columns = "row, id, path, sha256, class, coarse, metadata, embedding"

// statement returns the search of an index: for $1 the $2 nearest.
func (c *catalogue) statement(ef int, direction bool) string {
	by := operators[c.about.Distance].operator
	order := fmt.Sprintf("embedding %s $1", by)
	if ef > 0 {
		order = fmt.Sprintf("%s %s %s", c.cast("embedding"), by, c.cast("$1::vector"))
	}
	if !direction { // all are as far
		return fmt.Sprintf("SELECT %s, 0::float8 AS d FROM tfpair.entry WHERE index = %d AND $1::vector IS NOT NULL ORDER BY row LIMIT $2", columns, c.number)
	}
	return fmt.Sprintf("SELECT %s, %s AS d FROM tfpair.entry WHERE index = %d ORDER BY %s LIMIT $2", columns, order, c.number, order)
}

// send asks the database for the limit nearest of some queries.
func (x *Index) send(ctx context.Context, c *catalogue, queries []float32, which []int, limit, ef int) ([]candidates, error) {
	dim := c.about.Dim
	batch := &pgx.Batch{}
	list := make([]candidates, len(which))
	if ef > 0 { // for this transaction, which the batch is
		width := min(max(ef, limit), efs[len(efs)-1])
		batch.Queue(`SELECT set_config('hnsw.ef_search', $1, true), set_config('hnsw.iterative_scan', 'strict_order', true)`, fmt.Sprint(width))
	}
	for n, i := range which {
		query := queries[i*dim:][:dim]
		energy := distance.Energy(query)
		if x.between.Directions() && energy > 0 && energy <= shortest {
			return nil, errors.New("a query is nearly 0, which has no direction: pgvector finds nothing for it by cosine")
		}
		direction := !x.between.Directions() || energy > 0
		batch.Queue(c.statement(ef, direction), pgvector.NewVector(query), limit).Query(func(rows pgx.Rows) (err error) {
			list[n], err = read(rows)
			return err
		})
	}
	return list, x.pool.SendBatch(ctx, batch).Close()
}

// read reads the answer of a search.
func read(rows pgx.Rows) (found candidates, err error) {
	for rows.Next() {
		var c candidate
		var v pgvector.Vector
		a := &c.answer
		if err := rows.Scan(&a.Row, &a.ID, &a.Path, &a.SHA256, &a.Class, &a.Coarse, &a.Metadata, &v, &found.farthest); err != nil {
			return found, err
		}
		c.vector = v.Slice()
		found.answers = append(found.answers, c)
	}
	return found, rows.Err()
}

// rank orders what was found by its distances from a query, as an index folder has them.
func (x *Index) rank(query []float32, list []candidate) []candidate {
	for i, c := range list {
		list[i].key = x.between.Key(query, c.vector)
		list[i].answer.Distance = x.between.Value(list[i].key)
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.answer.Row, b.answer.Row))
	})
	return list
}

// unit is the most that rounding to float32 changes a number, as a share of it.
const unit = 1.0 / (1 << 24)

// beyond returns the smallest key that a vector can have whose distance from the query pgvector finds to be at
// least d. It sums in float32: n numbers above 0 come out wrong by a share n·unit at most (Higham, Accuracy and
// Stability of Numerical Algorithms, 2002, section 3.1).
func beyond(between distance.Distance, dim int, query []float32, d float64) float64 {
	share := float64(dim+8) * unit
	if !between.Directions() {
		if d > math.Sqrt(math.MaxFloat32)/2 {
			return 0 // its sum may have been no number any more
		}
		return d*d*(1-2*share) - float64(dim)*0x1p-125 // and the squares of tiny numbers are 0
	}
	if distance.Energy(query) == 0 {
		return math.Inf(1) // all are as far, in the order of rows
	}
	return 2*(d-3*share) - unit // 1 − a·b/(‖a‖‖b‖): the product and both lengths
}
