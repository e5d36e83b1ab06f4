package index

import (
	"math"
	"runtime"
	"slices"

	"github.com/viterin/vek/vek32"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/models/distance"
)

// flat compares every query with every vector. Where the key of a distance is ‖a'−b'‖², a'
// and b' being the rows divided by what the distance divides them by,
//
//	score(a,b) = a'·b' − ½‖b'‖², ½ left out where all ‖b'‖ are 1
//
// in float32, eight numbers at once, says which rows may be among the nearest; for those few
// the key is computed in float64. By other distances it is computed for all rows. So the
// answer is exact, and the same on every machine.
var flat = named.Row[Kind]{
	Brief: "exact: compares each query with every vector, eight numbers at once",
	New: func(raw named.Raw) (Kind, error) {
		return func(v vectors) searcher { return newScan(v) }, named.Options(raw, &struct{}{})
	},
}

// Rows and queries of one tile, whose numbers stay in the cache while all of its dot
// products are computed: measured best, of powers of two, for D = 128.
const (
	tileQueries = 64
	tileRows    = 256
)

// scan is the searcher of flat. A score needs one of scale and half: either all ‖b'‖ are 1, or
// nothing is divided.
type scan struct {
	vectors
	scale []float32 // [N] 1 over what a row is divided by; NaN: its key is always computed
	half  []float32 // [N] ½‖row‖²
	most  float64   // the longest ‖row'‖
}

func newScan(v vectors) *scan {
	s := &scan{vectors: v, most: 1}
	switch {
	case !v.distance.Squares():
	case v.distance.Directions():
		s.scale = make([]float32, v.len())
		for i := range s.scale {
			s.scale[i] = scaleOf(v.distance, distance.Energy(v.row(i)))
		}
	default:
		s.half = make([]float32, v.len())
		longest := 0.0
		for i := range s.half {
			energy := distance.Energy(v.row(i))
			s.half[i] = float32(energy / 2)
			longest = max(longest, energy)
		}
		s.most = math.Sqrt(longest)
	}
	return s
}

// scaleOf returns what makes a row of an energy a direction. It is NaN where that is not of
// length 1, because a clamp shortens it, and where float32 would lose digits.
func scaleOf(d distance.Distance, energy float64) float32 {
	by := 1 / d.Divisor(energy)
	if math.Abs(energy*by*by-1) > 1e-9 || by < 1e-17 || by > 1e17 {
		return float32(math.NaN())
	}
	return float32(by)
}

// Search shares the work as tasks of up to tileQueries queries and, where those are
// fewer than cores, of a part of the rows.
func (s *scan) Search(queries []float32, k int) [][]Neighbour {
	count, cores := len(queries)/s.dim, runtime.GOMAXPROCS(0)
	blocks := (count + tileQueries - 1) / tileQueries
	tiles := (s.len() + tileRows - 1) / tileRows
	parts := 1
	if blocks < cores && blocks > 0 {
		parts = min(tiles, (cores+blocks-1)/blocks)
	}
	lists := make([]nearest, count*parts) // [Q,parts]
	search := func(task int) {
		block, part := task/parts, task%parts
		from, to := part*tiles/parts*tileRows, min((part+1)*tiles/parts*tileRows, s.len())
		var asked []*query
		for i := block * tileQueries; i < min((block+1)*tileQueries, count); i++ {
			asked = append(asked, s.ask(queries[i*s.dim:(i+1)*s.dim], k))
		}
		s.walk(asked, from, to)
		for i, q := range asked {
			lists[(block*tileQueries+i)*parts+part] = q.best
		}
	}
	workers.Each(blocks*parts, func() func(int) { return search })
	answers := make([][]Neighbour, count)
	for i := range answers {
		answers[i] = s.merge(lists[i*parts:(i+1)*parts], k)
	}
	return answers
}

// query is a search for one vector.
type query struct {
	exact  []float32 // [D]
	scaled []float32 // [D] of which dot products are made: exact, divided
	energy float64   // of exact, divided, in float64
	slack  float64   // how much a score may be wrong; +Inf where float32 may overflow
	k      int
	best   nearest
	cut    float32 // rows of a lower score are not among the best
}

// ask prepares a search. The rounding of a dot product of D terms is at most
// D·u/(1−D·u)·‖a‖‖b‖ in whatever order they are added (Higham, Accuracy and Stability
// of Numerical Algorithms, 2002, section 3.1); eight more for the roundings around it.
func (s *scan) ask(a []float32, k int) *query {
	const (
		unit     = 1.1 / (1 << 24) // u of float32, divided by 1−D·u of the largest D
		smallest = 0x1p-126        // normal number; below it roundings are absolute
		largest  = 1e37            // with room below float32's 3.4e38
	)
	q := &query{exact: a, scaled: a, energy: distance.Energy(a), k: k, cut: float32(math.Inf(-1))}
	if s.scale != nil {
		q.scaled = make([]float32, len(a))
		by := s.distance.Divisor(q.energy)
		for i, x := range a {
			q.scaled[i] = float32(float64(x) / by)
		}
		q.energy /= by * by
	}
	size := math.Sqrt(q.energy)*s.most + s.most*s.most
	q.slack = float64(s.dim+8) * (unit*size + smallest)
	if size > largest {
		q.slack = math.Inf(1)
	}
	return q
}

// walk compares the rows from..to with all queries, tile by tile.
func (s *scan) walk(asked []*query, from, to int) {
	by := s.walkAll
	switch {
	case s.half != nil:
		by = s.walkSquares
	case s.scale != nil:
		by = s.walkDirections
	}
	for start := from; start < to; start += tileRows {
		for _, q := range asked {
			by(q, start, min(start+tileRows, to))
		}
	}
}

// walkAll offers q every row.
func (s *scan) walkAll(q *query, from, to int) {
	for r := from; r < to; r++ {
		q.best.add(found{s.distance.Key(q.exact, s.row(r)), int32(r)}, q.k)
	}
}

// walkSquares offers q the rows whose a·b − ½‖b‖² is not too low. The comparison is such
// that NaN, where float32 overflows, is offered, too.
func (s *scan) walkSquares(q *query, from, to int) {
	for r := from; r < to; r++ {
		if score := vek32.Dot(q.scaled, s.row(r)) - s.half[r]; !(score < q.cut) {
			s.offer(q, r)
		}
	}
}

// walkDirections does the same by a'·b'.
func (s *scan) walkDirections(q *query, from, to int) {
	for r := from; r < to; r++ {
		if score := vek32.Dot(q.scaled, s.row(r)) * s.scale[r]; !(score < q.cut) {
			s.offer(q, r)
		}
	}
}

// offer computes the key of row r, keeps it if it is among the best of q, and raises the
// cut to the score of a row with the worst key that is kept.
func (s *scan) offer(q *query, r int) {
	if !q.best.add(found{s.distance.Key(q.exact, s.row(r)), int32(r)}, q.k) || len(q.best) < q.k {
		return
	}
	lowest := (q.energy-q.best[0].key)/2 - q.slack
	if s.scale != nil {
		lowest += 0.5 // ½‖b'‖²
	}
	q.cut = math.Nextafter32(float32(lowest), float32(math.Inf(-1))) // no row is lost to the conversion
}

// merge returns the k nearest of what parts of the rows gave.
func (s *scan) merge(parts []nearest, k int) []Neighbour {
	all := slices.Concat(parts...)
	slices.SortFunc(all, compare)
	list := make([]Neighbour, min(k, len(all)))
	for i := range list {
		list[i] = Neighbour{Row: int(all[i].row), Distance: s.distance.Value(all[i].key)}
	}
	return list
}
