package index

import (
	"runtime"
	"slices"

	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/models/distance"
)

// Queries of one tile: see tileRows.
const tileQueries = 64

// shareRows is how many rows a share has, at least, where each core has several of them to take: a share begins without
// knowing what is near, which costs it some distances in float64.
const shareRows = 8192

// query is a search for one vector.
type query struct {
	exact  []float32 // [D]
	energy float64   // of exact
	k      int
	best   nearest // of what was searched so far
	view           // of the part that is searched
}

// view is a query as the rows of a part are compared with it.
type view struct {
	first int       // number of the part's first row
	gone  *gone     // of the part
	slack float64   // how much a score may be wrong; +Inf where float32 may overflow
	size  float64   // energy of exact, divided
	shape []float32 // [D] of which dot products are made: exact, divided
	cut   float32   // rows of a lower score are not among the best
	codes coded     // shape in whole numbers; the zero value where these are not used
}

// add keeps a row of the part, unless it is gone, and reports whether it did.
func (q *query) add(key float64, row int) bool {
	return !q.gone.has(row) && q.best.add(found{key, int32(q.first + row)}, q.k)
}

// search returns the k nearest rows of each query. It may trust its arguments: finite queries [Q,D]
// and 1 <= k <= N. It shares the work as tasks of up to tileQueries queries and, where these are
// fewer than cores, of a part of the rows.
func (x *Index) search(queries []float32, k int) [][]Neighbour {
	defer runtime.KeepAlive(x) // whose memory may be mapped
	dim := x.about.Dim
	count, cores := len(queries)/dim, runtime.GOMAXPROCS(0)
	blocks := (count + tileQueries - 1) / tileQueries
	rows := 0
	for _, p := range x.parts {
		rows += len(p.items)
	}
	shares := 1
	if blocks < cores && blocks > 0 {
		shares = max(1, min((rows+tileRows-1)/tileRows, (cores+blocks-1)/blocks))
		if shares > 1 && !x.grouped() {
			shares = max(shares, min(4*shares, rows/shareRows)) // a core that is late leaves most rows to the others
		}
	}
	lists := make([]nearest, count*shares) // [Q,shares]
	search := func(task int) {
		block, share := task/shares, task%shares
		var asked []*query
		for i := block * tileQueries; i < min((block+1)*tileQueries, count); i++ {
			exact := queries[i*dim : (i+1)*dim]
			asked = append(asked, &query{exact: exact, energy: distance.Energy(exact), k: k})
		}
		x.walk(asked, share*rows/shares, (share+1)*rows/shares)
		for i, q := range asked {
			lists[(block*tileQueries+i)*shares+share] = q.best
		}
	}
	workers.Each(blocks*shares, func() func(int) { return search })
	answers := make([][]Neighbour, count)
	for i := range answers {
		answers[i] = x.merge(lists[i*shares:(i+1)*shares], k)
	}
	return answers
}

// grouped reports whether some rows lie in groups, whose centres each share compares.
func (x *Index) grouped() bool {
	return slices.ContainsFunc(x.parts, func(p *part) bool { _, is := p.scan.(*grouped); return is })
}

// walk lets the searchers of the parts compare the rows from..to, counted through all parts.
func (x *Index) walk(asked []*query, from, to int) {
	first := 0
	for _, p := range x.parts {
		n := len(p.items)
		if low, high := max(0, from-first), min(n, to-first); low < high && p.live() > 0 {
			for _, q := range asked {
				q.view = view{first: first, gone: &p.gone}
			}
			p.scan.walk(asked, low, high)
		}
		first += n
	}
}

// merge returns the k nearest of what shares of the rows gave.
func (x *Index) merge(shares []nearest, k int) []Neighbour {
	all := slices.Concat(shares...)
	slices.SortFunc(all, compare)
	list := make([]Neighbour, min(k, len(all)))
	for i := range list {
		list[i] = Neighbour{Row: x.number(int(all[i].row)), Distance: x.between.Value(all[i].key)}
	}
	return list
}

// number returns the number of a row among those that are not gone, by its number among all.
func (x *Index) number(row int) int {
	for i, p := range x.parts {
		if row < len(p.items) {
			return x.starts[i] + p.gone.rank(row)
		}
		row -= len(p.items)
	}
	panic("index: a row beyond the last")
}
