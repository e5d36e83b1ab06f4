package index

import (
	"math"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/models/distance"
)

// Queries of one tile: see tileRows.
const tileQueries = 64

// A share of the rows has so many numbers, at least, where each core has several of them to take, and so many shares has a core, at
// most: 55 µs of comparing, beside which it costs little to begin one.
const (
	shareNumbers  = 4096 * 128
	sharesOfACore = 8
)

// query is a search for one vector.
type query struct {
	exact  []float32 // [D]
	energy float64   // of exact
	k      int
	best   nearest     // of what was searched so far
	known  float64     // no row of a larger key is among the k nearest of the index
	bound  *bound      // what all shares of the rows know of that; nil: there is one share
	late   func() bool // another core has searched the same rows meanwhile; nil: none does
	view               // of the part that is searched
}

// bound is the smallest key so far of which k rows are known that are no farther. Shares of one query lower it for one another.
type bound struct{ bits atomic.Uint64 }

func newBound() *bound {
	b := &bound{}
	b.bits.Store(math.Float64bits(math.Inf(1)))
	return b
}

func (b *bound) key() float64 { return math.Float64frombits(b.bits.Load()) }

// lower makes key the bound, unless that is smaller.
func (b *bound) lower(key float64) {
	for old := b.bits.Load(); math.Float64frombits(old) > key; old = b.bits.Load() {
		if b.bits.CompareAndSwap(old, math.Float64bits(key)) {
			return
		}
	}
}

func newQuery(exact []float32, k int) *query {
	return &query{exact: exact, energy: distance.Energy(exact), k: k, known: math.Inf(1)}
}

// ended reports whether the rows need not be searched any more, because another core has done it.
func (q *query) ended() bool { return q.late != nil && q.late() }

// learn renews known, and reports whether it is another one.
func (q *query) learn() bool {
	before := q.known
	if len(q.best) == q.k && q.best[0].key < q.known {
		q.known = q.best[0].key
		if q.bound != nil {
			q.bound.lower(q.known)
		}
	}
	if q.bound != nil {
		q.known = min(q.known, q.bound.key())
	}
	return q.known < before
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
	count, cores := len(queries)/dim, workers.Cores()
	blocks := (count + tileQueries - 1) / tileQueries
	rows := 0
	for _, p := range x.parts {
		rows += len(p.items)
	}
	shares := 1
	if blocks < cores && blocks > 0 {
		shares = max(1, min((rows+tileRows-1)/tileRows, (cores+blocks-1)/blocks))
	}
	several := shares > 1 && !x.grouped()
	bounds := make([]*bound, count)
	if several {
		shares = max(shares, min(sharesOfACore*shares, rows*dim/shareNumbers))
		queries = slices.Clone(queries) // a core that is late may look at them when the caller has its answer
		for i := range bounds {
			bounds[i] = newBound()
		}
	}
	search := func(task int, late func() bool) []nearest {
		defer runtime.KeepAlive(x)
		block, share := task/shares, task%shares
		var asked []*query
		for i := block * tileQueries; i < min((block+1)*tileQueries, count); i++ {
			q := newQuery(queries[i*dim:(i+1)*dim], k)
			q.bound, q.late = bounds[i], late
			asked = append(asked, q)
		}
		x.walk(asked, share*rows/shares, (share+1)*rows/shares)
		lists := make([]nearest, len(asked))
		for i, q := range asked {
			lists[i] = q.best
		}
		return lists
	}
	found := make([][]nearest, blocks*shares)
	if several {
		found = workers.Race(len(found), search)
	} else {
		workers.Each(len(found), func() func(int) {
			return func(task int) { found[task] = search(task, nil) }
		})
	}
	answers := make([][]Neighbour, count)
	for i := range answers {
		var all nearest
		for _, lists := range found[i/tileQueries*shares:][:shares] {
			all = append(all, lists[i%tileQueries]...)
		}
		answers[i] = x.merge(all, k)
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

// merge returns the k nearest of all that shares of the rows gave.
func (x *Index) merge(all nearest, k int) []Neighbour {
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
