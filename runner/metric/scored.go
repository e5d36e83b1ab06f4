package metric

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Scored is pairs in ascending order of distance: sorted once, counted often. It is
// immutable and safe for concurrent use.
type Scored struct {
	order []int32 // [M] index of the pair, as given to Score
	level []int32 // [M] index into the curve's Distance, ascending
	same  []bool  // [M] in the order of distance
	curve Curve
}

// Curve is what every metric of pairs reads: how many pairs of either kind are
// accepted at each distance. Both kinds are present.
type Curve struct {
	Distance  []float32 // [L], L distinct finite distances, strictly ascending
	Positives []int64   // [L] positive pairs with distance <= Distance[i]
	Negatives []int64   // [L] negative pairs with distance <= Distance[i]
}

// Score sorts pairs by distance [M] float32, any finite value, smaller is closer;
// same [M] marks the positive ones. It keeps neither slice. Errors are
// *DistanceError and *DegenerateError.
func Score(distance []float32, same []bool) (*Scored, error) {
	if err := check(distance, same); err != nil {
		return nil, err
	}
	s := &Scored{
		order: make([]int32, len(distance)),
		level: make([]int32, len(distance)),
		same:  make([]bool, len(distance)),
	}
	for i := range s.order {
		s.order[i] = int32(i)
	}
	slices.SortFunc(s.order, func(a, b int32) int { return cmp.Compare(distance[a], distance[b]) })
	for i, pair := range s.order {
		if i == 0 || distance[pair] != distance[s.order[i-1]] {
			s.curve.Distance = append(s.curve.Distance, distance[pair])
		}
		s.level[i] = int32(len(s.curve.Distance) - 1)
		s.same[i] = same[pair]
	}
	s.curve.Positives = make([]int64, len(s.curve.Distance))
	s.curve.Negatives = make([]int64, len(s.curve.Distance))
	s.count(&s.curve, func(int32) int64 { return 1 })
	return s, nil
}

// ScoreProbabilities is Score for probability [M] float32 in [0,1], the probability
// that a pair is the same: the distance is -probability. At the threshold Half a
// pair is then accepted when probability > 0.5, as in Keras' binary accuracy.
func ScoreProbabilities(probability []float32, same []bool) (*Scored, error) {
	distance := make([]float32, len(probability))
	for i, p := range probability {
		distance[i] = -p
	}
	return Score(distance, same)
}

// Half is the threshold, for ScoreProbabilities, of probability 0.5: half-way from
// -0.5 to the next float32 below it, because a probability of exactly 0.5 is refused.
const Half = -0.5 - 1.0/(1<<25)

// check refuses what no metric can use.
func check(distance []float32, same []bool) error {
	if len(distance) != len(same) {
		panic("metric: length mismatch")
	}
	positives := 0
	for i, d := range distance {
		if d != d || math.IsInf(float64(d), 0) {
			return &DistanceError{Pair: i, Value: d}
		}
		if same[i] {
			positives++
		}
	}
	if positives == 0 || positives == len(same) {
		return &DegenerateError{Positives: positives, Negatives: len(same) - positives}
	}
	return nil
}

// Curve returns the counts of the pairs, each taken once. Do not change it.
func (s *Scored) Curve() *Curve { return &s.curve }

// blank returns a curve over the same distances, for count to fill.
func (s *Scored) blank() *Curve {
	return &Curve{
		Distance:  s.curve.Distance,
		Positives: make([]int64, len(s.curve.Distance)),
		Negatives: make([]int64, len(s.curve.Distance)),
	}
}

// count fills c with the pairs, each as often as weight, >= 0, of its index says.
func (s *Scored) count(c *Curve, weight func(pair int32) int64) {
	var positives, negatives int64
	for i, pair := range s.order {
		if s.same[i] {
			positives += weight(pair)
		} else {
			negatives += weight(pair)
		}
		c.Positives[s.level[i]] = positives // the last pair of a level has the last word
		c.Negatives[s.level[i]] = negatives
	}
}

// total returns the number of pairs of either kind.
func (c *Curve) total() (positives, negatives int64) {
	last := len(c.Distance) - 1
	return c.Positives[last], c.Negatives[last]
}

// accepted returns the pairs with distance <= threshold.
func (c *Curve) accepted(threshold float64) (positives, negatives int64) {
	return c.upTo(sort.Search(len(c.Distance), func(i int) bool {
		return !(float64(c.Distance[i]) <= threshold)
	}))
}

// upTo returns the pairs on the first levels distances.
func (c *Curve) upTo(levels int) (positives, negatives int64) {
	if levels == 0 {
		return 0, 0
	}
	return c.Positives[levels-1], c.Negatives[levels-1]
}

// cut returns the threshold that accepts exactly the first levels distances: the
// midpoint of the two distances beside it, which float64 holds exactly; the largest
// distance where all are accepted, the float32 below the smallest where none is.
func (c *Curve) cut(levels int) float64 {
	switch levels {
	case 0:
		return float64(math.Nextafter32(c.Distance[0], -math.MaxFloat32))
	case len(c.Distance):
		return float64(c.Distance[levels-1])
	}
	return (float64(c.Distance[levels-1]) + float64(c.Distance[levels])) / 2
}
