package index

import (
	"math"

	"github.com/viterin/vek/vek32"

	"github.com/tfpair/tfpair/internal/int8dot"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/models/distance"
)

// flat compares every query with every vector. Where the key of a distance is ‖a'−b'‖², a'
// and b' being the rows divided by what the distance divides them by,
//
//	score(a,b) = a'·b' − ½‖b'‖², ½ left out where all ‖b'‖ are 1
//
// in float32, eight numbers at once, says which rows may be among the nearest; for those few
// the key is computed in float64. Before that, products of whole numbers, a byte each, rule out
// most rows by a bound: see codes. By other distances it is computed for all rows. So the
// answer is exact, and the same on every machine.
var flat = named.Row[Kind]{
	Brief: "exact: compares each query with every vector, eight numbers at once",
	New: func(raw named.Raw) (Kind, error) {
		return func(v vectors) searcher { return newScan(v) }, named.Options(raw, &struct{}{})
	},
}

// Rows of one tile, whose numbers stay in the cache while all of its dot products with tileQueries
// queries are computed: measured best, of powers of two, for D = 128.
const tileRows = 256

// scan is the searcher of flat. A score needs one of scale and half: either all ‖b'‖ are 1, or
// nothing is divided.
type scan struct {
	vectors
	scale []float32 // [N] 1 over what a row is divided by; NaN: its key is always computed
	half  []float32 // [N] ½‖row‖²
	most  float64   // the longest ‖row'‖
	codes codes     // of the rows, where the processor is fast with them
}

func newScan(v vectors) *scan {
	s := &scan{vectors: v, most: 1}
	switch {
	case !v.distance.Squares():
	case v.distance.Directions():
		s.scale = make([]float32, 0, v.len())
	default:
		s.half, s.most = make([]float32, 0, v.len()), 0
	}
	s.fill()
	return s
}

// grow returns the scan of more rows.
func (s *scan) grow(v vectors) searcher {
	more := *s
	more.vectors = v
	more.fill()
	return &more
}

// fill computes what belongs to rows that s knows nothing of yet.
func (s *scan) fill() {
	switch {
	case s.scale != nil:
		for i := len(s.scale); i < s.len(); i++ {
			scale := scaleOf(s.distance, distance.Energy(s.row(i)))
			s.scale = append(s.scale, scale)
			if s.coding() {
				s.codes.add(s.row(i), float64(scale))
			}
		}
	case s.half != nil:
		longest := s.most * s.most
		for i := len(s.half); i < s.len(); i++ {
			energy := distance.Energy(s.row(i))
			s.half = append(s.half, float32(energy/2))
			longest = max(longest, energy)
			if s.coding() {
				s.codes.add(s.row(i), 1)
			}
		}
		s.most = math.Sqrt(longest)
	}
}

// coding reports whether rows have codes.
func (s *scan) coding() bool { return int8dot.Fast && s.dim <= maxCoded }

// scaleOf returns what makes a row of an energy a direction. It is NaN where that is not of
// length 1, because a clamp shortens it, and where float32 would lose digits.
func scaleOf(d distance.Distance, energy float64) float32 {
	by := 1 / d.Divisor(energy)
	if math.Abs(energy*by*by-1) > 1e-9 || by < 1e-17 || by > 1e17 {
		return float32(math.NaN())
	}
	return float32(by)
}

// ask prepares a query for these rows. The rounding of a dot product of D terms is at most
// D·u/(1−D·u)·‖a‖‖b‖ in whatever order they are added (Higham, Accuracy and Stability
// of Numerical Algorithms, 2002, section 3.1); eight more for the roundings around it.
func (s *scan) ask(q *query) {
	const (
		unit     = 1.1 / (1 << 24) // u of float32, divided by 1−D·u of the largest D
		smallest = 0x1p-126        // normal number; below it roundings are absolute
		largest  = 1e37            // with room below float32's 3.4e38
	)
	q.shape, q.size, q.cut = q.exact, q.energy, float32(math.Inf(-1))
	if s.scale != nil {
		q.shape = make([]float32, len(q.exact))
		by := s.distance.Divisor(q.energy)
		for i, x := range q.exact {
			q.shape[i] = float32(float64(x) / by)
		}
		q.size /= by * by
	}
	size := math.Sqrt(q.size)*s.most + s.most*s.most
	q.slack = float64(s.dim+8) * (unit*size + smallest)
	if size > largest {
		q.slack = math.Inf(1)
	}
	q.codes = coded{}
	if len(s.codes.data) > 0 && size <= largest {
		q.codes = s.codes.code(q.shape, math.Sqrt(q.size), s.most)
	}
	s.lower(q)
}

// walk compares the rows from..to with all queries, tile by tile.
func (s *scan) walk(asked []*query, from, to int) {
	for _, q := range asked {
		s.ask(q)
	}
	var products [tileRows]int32
	for start := from; start < to && !asked[0].ended(); start += tileRows {
		for _, q := range asked {
			s.compare(q, start, min(start+tileRows, to), products[:])
		}
	}
}

// compare offers q what may be among its best of the rows from..to.
func (s *scan) compare(q *query, from, to int, products []int32) {
	if q.bound != nil && q.learn() { // of what other shares have found
		s.lower(q)
	}
	by := s.walkAll
	switch {
	case s.half != nil:
		by = s.walkSquares
	case s.scale != nil:
		by = s.walkDirections
	}
	if q.codes.data == nil {
		by(q, from, to)
		return
	}
	for start := from; start < to; start += tileRows {
		end := min(start+tileRows, to)
		s.walkCodes(q, start, end, products[:end-start])
	}
}

// walkCodes offers q the rows whose score may be high enough by the bound of codes, and is by float32.
func (s *scan) walkCodes(q *query, from, to int, products []int32) {
	c := &s.codes
	int8dot.Dots(q.codes.data, c.data[from*c.width:to*c.width], products)
	step, loose := c.step[from:to:to], c.loose[from:to:to]
	scale, wide, missing := q.codes.scale, q.codes.wide, q.codes.error
	if s.half == nil {
		for i, product := range products {
			if bound := float32(product)*(scale*step[i]) + wide*loose[i] + missing; !(bound < q.cut) {
				s.walkDirections(q, from+i, from+i+1)
			}
		}
		return
	}
	half := s.half[from:to:to]
	for i, product := range products {
		if bound := float32(product)*(scale*step[i]) + wide*loose[i] + missing - half[i]; !(bound < q.cut) {
			s.walkSquares(q, from+i, from+i+1)
		}
	}
}

// walkAll offers q every row.
func (s *scan) walkAll(q *query, from, to int) {
	for r := from; r < to; r++ {
		q.add(s.distance.Key(q.exact, s.row(r)), r)
	}
}

// walkSquares offers q the rows whose a·b − ½‖b‖² is not too low. The comparison is such
// that NaN, where float32 overflows, is offered, too.
func (s *scan) walkSquares(q *query, from, to int) {
	for r := from; r < to; r++ {
		if score := vek32.Dot(q.shape, s.row(r)) - s.half[r]; !(score < q.cut) {
			s.offer(q, r)
		}
	}
}

// walkDirections does the same by a'·b'.
func (s *scan) walkDirections(q *query, from, to int) {
	for r := from; r < to; r++ {
		if score := vek32.Dot(q.shape, s.row(r)) * s.scale[r]; !(score < q.cut) {
			s.offer(q, r)
		}
	}
}

// offer computes the key of row r, keeps it if it is among the best of q, and raises the cut.
func (s *scan) offer(q *query, r int) {
	if q.add(s.distance.Key(q.exact, s.row(r)), r) {
		s.lower(q)
	}
}

// lower sets the cut to the score of a row with the largest key that may be among the nearest, where k are known.
func (s *scan) lower(q *query) {
	q.learn()
	if math.IsInf(q.known, 1) {
		return
	}
	lowest := (q.size-q.known)/2 - q.slack
	if s.scale != nil {
		lowest += 0.5 // ½‖b'‖²
	}
	q.cut = math.Nextafter32(float32(lowest), float32(math.Inf(-1))) // no row is lost to the conversion
}
