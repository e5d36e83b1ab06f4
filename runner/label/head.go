package label

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/tfpair/tfpair/internal/forest"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/runner/metric"
)

const (
	directions = 96   // of the embeddings that are kept: those in which pictures differ most
	halfway    = 48   // same answers that say as much of the directions as no answer does
	rounds     = 8    // of the search for them
	mostFitted = 2000 // pictures that they are found by
)

// Space is embeddings in few dimensions, with a distance that is learnt from answers: the more two pictures of a same pair
// differ in a direction, the less it counts (relevant component analysis: Bar-Hillel, Hertz, Shental and Weinshall, Learning a
// Mahalanobis metric from equivalence constraints, Journal of Machine Learning Research 6, 2005, section 2).
type Space struct {
	rows []float64 // [N,K] in the directions, scaled
	dim  int       // K
	seen []float64 // [N,K] rows, turned so that the learnt distance is that of rows
	kept kinship   // to the sets of the answers
}

// NewSpace returns the embeddings [N,D] in the directions in which they differ most, each of length 1 before.
func NewSpace(embeddings []float32, dim int) *Space { return newSpace(embeddings, dim, directions) }

// newSpace is NewSpace with so many directions.
func newSpace(embeddings []float32, dim, most int) *Space {
	n := len(embeddings) / dim
	unit := make([]float64, len(embeddings))
	for i := range n {
		length := 0.0
		for _, v := range embeddings[i*dim:][:dim] {
			length += float64(v) * float64(v)
		}
		length = math.Sqrt(max(length, 1e-12))
		for d, v := range embeddings[i*dim:][:dim] {
			unit[i*dim+d] = float64(v) / length
		}
	}
	all := mat.NewDense(n, dim, unit)
	centre(all)
	some := all
	if n > mostFitted {
		r := rand.New(rand.NewPCG(0, 0x73706163)) // "spac": the same ones each time
		some = mat.NewDense(mostFitted, dim, nil)
		for row, i := range r.Perm(n)[:mostFitted] {
			some.SetRow(row, all.RawRowView(i))
		}
	}
	k := min(most, dim, n)
	axes := subspace(some, k)
	var rows mat.Dense
	rows.Mul(all, axes)
	s := &Space{dim: k, rows: rows.RawMatrix().Data}
	s.Fit(nil)
	return s
}

// centre takes the mean off each column.
func centre(m *mat.Dense) {
	n, dim := m.Dims()
	mean := make([]float64, dim)
	for i := range n {
		for d, v := range m.RawRowView(i) {
			mean[d] += v / float64(n)
		}
	}
	for i := range n {
		row := m.RawRowView(i)
		for d := range row {
			row[d] -= mean[d]
		}
	}
}

// subspace returns k orthonormal columns [D,K] near those in which rows [N,D] spread most, by subspace iteration: Halko,
// Martinsson and Tropp, Finding structure with randomness, SIAM Review 53, 2011, algorithm 4.4.
func subspace(rows *mat.Dense, k int) *mat.Dense {
	_, dim := rows.Dims()
	r := rand.New(rand.NewPCG(0, 0x61786573)) // "axes"
	axes := mat.NewDense(dim, k, nil)
	for i := range dim {
		for j := range k {
			axes.Set(i, j, r.NormFloat64())
		}
	}
	for range rounds {
		orthonormal(axes)
		var along, next mat.Dense
		along.Mul(rows, axes)
		next.Mul(rows.T(), &along)
		axes.Copy(&next)
	}
	orthonormal(axes)
	return axes
}

// orthonormal makes the columns of m unit vectors at right angles.
func orthonormal(m *mat.Dense) {
	n, k := m.Dims()
	column := make([]float64, n)
	for j := range k {
		mat.Col(column, j, m)
		for range 2 { // the second time takes what rounding left
			for i := range j {
				along := 0.0
				for d := range column {
					along += column[d] * m.At(d, i)
				}
				for d := range column {
					column[d] -= along * m.At(d, i)
				}
			}
		}
		length := 0.0
		for _, v := range column {
			length = math.Hypot(length, v)
		}
		for d := range column {
			if length > 1e-12 {
				column[d] /= length
			} else {
				column[d] = 0
			}
		}
		m.SetCol(j, column)
	}
}

// Fit learns from answers how much each direction counts, and how near each picture is to the sets that answers make. Without
// answers the distance is that of the embeddings.
func (s *Space) Fit(list []Labelled) {
	s.turn(list)
	s.kept = s.kinship(list)
}

// turn learns how much each direction counts: pictures that same answers join vary around their mean.
func (s *Space) turn(list []Labelled) {
	k := s.dim
	within, n := mat.NewSymDense(k, nil), 0
	difference := make([]float64, k)
	for _, members := range s.members(list) {
		n += len(members) - 1
		mean := make([]float64, k)
		for _, i := range members {
			for d := range mean {
				mean[d] += s.rows[int(i)*k+d] / float64(len(members))
			}
		}
		for _, i := range members {
			for d := range difference {
				difference[d] = s.rows[int(i)*k+d] - mean[d]
			}
			within.SymRankOne(within, 1, mat.NewVecDense(k, difference))
		}
	}
	s.seen = s.turned(within, n)
}

// turned returns the rows in which the squared distance is xᵀW⁻¹x, W being how n pictures vary within their sets.
func (s *Space) turned(within *mat.SymDense, n int) []float64 {
	k := s.dim
	mean := 0.0
	for d := range k {
		mean += within.At(d, d) / float64(k)
	}
	if n == 0 || mean == 0 {
		return s.rows
	}
	// Few pairs say little of so many directions: the mean of all stands for what they do not say.
	within.ScaleSym(1/mean, within)
	own := float64(n) / float64(n+min(k, halfway))
	for i := range k {
		for j := i; j < k; j++ {
			v := own * within.At(i, j)
			if i == j {
				v += 1 - own
			}
			within.SetSym(i, j, v)
		}
	}
	var c mat.Cholesky
	if !c.Factorize(within) {
		return s.rows
	}
	var upper mat.TriDense
	c.UTo(&upper)
	// W = UᵀU, so xᵀW⁻¹x = ‖U⁻ᵀx‖²: rows are multiplied by U⁻¹ from the right.
	var inverse mat.TriDense
	if err := inverse.InverseTri(&upper); err != nil {
		return s.rows
	}
	var seen mat.Dense
	seen.Mul(mat.NewDense(len(s.rows)/k, k, s.rows), &inverse)
	return seen.RawMatrix().Data
}

// apart returns the squared distance of two pictures in the learnt directions.
func (s *Space) apart(a, b int32) float64 {
	x, y := s.seen[int(a)*s.dim:][:s.dim], s.seen[int(b)*s.dim:][:s.dim]
	sum := 0.0
	for d, v := range x {
		sum += (v - y[d]) * (v - y[d])
	}
	return sum
}

// of returns a space of the pictures of answers alone, and the answers by their numbers in it.
func (s *Space) of(list []Labelled) (*Space, []Labelled) {
	few, number := &Space{dim: s.dim}, map[int32]int32{}
	add := func(i int32) int32 {
		if _, known := number[i]; !known {
			number[i] = int32(len(number))
			few.rows = append(few.rows, s.rows[int(i)*s.dim:][:s.dim]...)
		}
		return number[i]
	}
	renamed := make([]Labelled, len(list))
	for at, l := range list {
		renamed[at] = Labelled{add(l.Left), add(l.Right), l.Same}
	}
	return few, renamed
}

// distances returns those of pairs.
func (s *Space) distances(list []Labelled) (distances []float32, same []bool) {
	for _, l := range list {
		distances, same = append(distances, float32(s.Distance(l.Left, l.Right))), append(same, l.Same)
	}
	return distances, same
}

// nearest returns the nearest others of each picture.
func nearest(s *Space, most int) [][]int32 {
	n := len(s.rows) / s.dim
	near := make([][]int32, n)
	workers.Each(n, func() func(int) {
		type one struct {
			d float64
			i int32
		}
		list := make([]one, 0, n)
		return func(i int) {
			list = list[:0]
			for k := range n {
				if k != i {
					list = append(list, one{s.apart(int32(i), int32(k)), int32(k)})
				}
			}
			slices.SortFunc(list, func(a, b one) int {
				switch {
				case a.d != b.d && a.d < b.d:
					return -1
				case a.d != b.d:
					return 1
				}
				return int(a.i - b.i)
			})
			for _, o := range list[:min(most, len(list))] {
				near[i] = append(near[i], o.i)
			}
		}
	})
	return near
}

// Quality is what the answers at hand would give.
type Quality struct {
	Answers  int             `json:"answers"`
	AUC      float64         `json:"auc"`      // of pairs that the head has not learnt from
	Interval metric.Interval `json:"interval"` // of it
	Plain    float64         `json:"plain"`    // AUC of the embeddings as they are, on the same pairs
	Half     float64         `json:"half"`     // AUC of a head that learnt from half of the answers
}

// parts is how many the answers are parted into, each measured by a head that learnt from the others.
const parts = 5

// fewest is how many answers of either kind Quality asks for.
const fewest = 10

// Quality says how well a head that is trained on the answers tells pairs apart that it has not learnt from: pictures that
// answers join are in one part. ok is false where there are too few answers.
func (s *Session) Quality() (q Quality, ok bool) {
	s.mu.Lock()
	space, list := s.space.of(s.labelled())
	s.mu.Unlock()
	if same, different := kinds(list); same < fewest || different < fewest {
		return q, false
	}
	part := parted(list, len(space.rows)/space.dim)
	q.Answers = len(list)
	var scored *metric.Scored
	var measured []Labelled
	for _, of := range []struct {
		to   *float64
		keep func(i int) bool
		fit  bool
	}{{&q.Plain, func(int) bool { return true }, false}, {&q.Half, func(i int) bool { return i%2 == 0 }, true}, {&q.AUC, func(int) bool { return true }, true}} {
		var distances []float32
		var same []bool
		measured = measured[:0]
		for fold := range parts {
			var train, test []Labelled
			for i, l := range list {
				if part[i] == fold {
					test = append(test, l)
				} else if of.keep(i) {
					train = append(train, l)
				}
			}
			if !of.fit {
				train = nil
			}
			space.Fit(train)
			d, is := space.distances(test)
			distances, same, measured = append(distances, d...), append(same, is...), append(measured, test...)
		}
		var err error
		if scored, err = metric.Score(distances, same, nil); err != nil {
			return q, false
		}
		*of.to = metric.AUC(scored.Curve())
	}
	row, err := metric.Pairs.New(&named.Choice{Name: "auc"})
	if err != nil {
		return q, false
	}
	var left, right []int32
	for _, l := range measured {
		left, right = append(left, l.Left), append(right, l.Right)
	}
	q.Interval = metric.Sample{}.Pairs(scored, left, right, []metric.Statistic{row.At(0)})[0]
	return q, true
}

// parted returns the part of each answer: answers whose pictures are joined by same ones are in one.
func parted(list []Labelled, n int) []int {
	f := forest.New(n)
	for _, l := range list {
		if l.Same {
			f.Join(l.Left, l.Right)
		}
	}
	part := make([]int, len(list))
	for i, l := range list {
		part[i] = int(f.Root(l.Left)) * 2654435761 >> 8 % parts
		if part[i] < 0 {
			part[i] += parts
		}
	}
	return part
}
