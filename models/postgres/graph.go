package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/jackc/pgx/v5"

	"github.com/tfpair/tfpair/models/index"
)

// operators are pgvector's, by the distance: its operator and the end of its operator class.
var operators = map[string]struct{ operator, class string }{
	"cosine":      {"<=>", "cosine_ops"},
	"euclidean":   {"<->", "l2_ops"},
	"sqeuclidean": {"<->", "l2_ops"}, // it ranks as its root does
}

// Wanted is the share of the ten nearest that a graph has to find: ef is chosen for it.
const (
	wanted  = 0.99
	tested  = 100 // searches that measure it
	nearest = 10  // that each looks for
)

// efs are the widths of a search among which one is chosen. pgvector takes 1000 at most.
var efs = []int{40, 64, 100, 160, 250, 400, 640, 1000}

// buildMemory are the least and the most bytes of maintenance_work_mem that a graph is built with.
const (
	leastMemory = 64 << 20
	mostMemory  = 2 << 30
)

// connectGraph builds the graph of the index where it has none, and chooses the width of searches where
// the index is another size than when that was chosen.
func (x *Index) connectGraph(ctx context.Context, o Options) error {
	now := x.now.Load()
	if now.about.Kind != HNSW || now.images == 0 {
		return nil
	}
	if now.graph() && 4*now.images <= 5*now.measured && 5*now.images >= 4*now.measured {
		return nil
	}
	if o.Graph != nil {
		o.Graph()
	}
	if err := pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error { return now.build(ctx, tx) }); err != nil {
		return err
	}
	// The server learns how many entries there are, else it may not walk through the graph.
	if _, err := x.pool.Exec(ctx, fmt.Sprintf("ANALYZE tfpair.entry_%d", now.number)); err != nil {
		return err
	}
	return x.chooseWidth(ctx)
}

// build makes the graph, unless it is there. Programs that change the index wait meanwhile, and searches do not.
func (c *catalogue) build(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT FROM tfpair.index WHERE number = $1 FOR NO KEY UPDATE`, c.number); err != nil {
		return err
	}
	each := 4*c.about.Dim + 600 // a vector and about 16 neighbours, twice that in the lowest layer
	memory := min(max(c.images*each, leastMemory), mostMemory)
	_, err := tx.Exec(ctx, `SELECT set_config('maintenance_work_mem', greatest($1, setting::bigint)::text || 'kB', true)
		FROM pg_settings WHERE name = 'maintenance_work_mem'`, int64(memory>>10))
	if err != nil {
		return err
	}
	kind := c.kind()
	_, err = tx.Exec(ctx, fmt.Sprintf(`CREATE INDEX IF NOT EXISTS entry_%d_graph ON tfpair.entry_%d USING hnsw ((%s) %s_%s)`,
		c.number, c.number, c.cast("embedding"), kind, operators[c.about.Distance].class))
	return err
}

// kind is the type of the numbers in the graph.
func (c *catalogue) kind() string {
	if c.half {
		return "halfvec"
	}
	return "vector"
}

// cast is an expression of embeddings as the graph has them.
func (c *catalogue) cast(of string) string {
	return fmt.Sprintf("%s::%s(%d)", of, c.kind(), c.about.Dim)
}

// chooseWidth measures how many of the nearest are found, and keeps the smallest width that finds enough of them.
func (x *Index) chooseWidth(ctx context.Context) error {
	now := *x.now.Load()
	queries, err := x.drawn(ctx, &now)
	if err != nil {
		return err
	}
	exact, err := x.find(ctx, &now, queries, nearest, 0)
	if err != nil {
		return err
	}
	for _, now.ef = range efs {
		found, err := x.find(ctx, &now, queries, nearest, now.ef)
		if err != nil {
			return err
		}
		if now.recall = agreement(found, exact); now.recall >= wanted {
			break
		}
	}
	_, err = x.pool.Exec(ctx, `UPDATE tfpair.index SET ef = $2, recall = $3, measured = images WHERE number = $1`, now.number, now.ef, now.recall)
	return err
}

// drawn returns vectors of the index, the same of equal contents.
func (x *Index) drawn(ctx context.Context, c *catalogue) ([]float32, error) {
	rows, err := x.pool.Query(ctx, `SELECT embedding::real[] FROM (SELECT embedding, row_number() OVER (ORDER BY row) - 1 AS n
		FROM tfpair.entry WHERE index = $1) AS e WHERE n = ANY($2) ORDER BY n`, c.number, places(c.images))
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[[]float32])
	var data []float32
	for _, v := range list {
		data = append(data, v...)
	}
	return data, err
}

// places draws among n rows.
func places(n int) []int64 {
	random := rand.New(rand.NewPCG(1, 1))
	list := make([]int64, tested)
	for i := range list {
		list[i] = random.Int64N(int64(n))
	}
	return list
}

// agreement is the share of the rows of the exact answers that are found.
func agreement(found, exact [][]index.Answer) float64 {
	all, same := 0, 0
	for i, list := range exact {
		there := map[int]bool{}
		for _, a := range found[i] {
			there[a.Row] = true
		}
		for _, a := range list {
			all++
			if there[a.Row] {
				same++
			}
		}
	}
	return float64(same) / float64(max(all, 1))
}
