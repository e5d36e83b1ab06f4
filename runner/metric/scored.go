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
	same   []bool    // [M] as given to Score, as are the next two
	level  []int32   // [M] index into the curve's Distance
	weight []float64 // [M]
	curve  Curve
}

// Curve is what every metric of pairs reads: how many pairs of either kind are
// accepted at each distance, each counted by its weight. Both kinds are present.
type Curve struct {
	Distance  []float32 // [L], L distinct finite distances, strictly ascending
	Positives []float64 // [L] weight of the positive pairs with distance <= Distance[i]
	Negatives []float64 // [L] weight of the negative pairs with distance <= Distance[i]

	nearest []float32 // [L] smallest distance of each level; nil where a level is one distance
}

// from returns the smallest distance of a level.
func (c *Curve) from(level int) float32 {
	if c.nearest == nil {
		return c.Distance[level]
	}
	return c.nearest[level]
}

// Score sorts pairs by distance [M] float32, any finite value, smaller is closer;
// same [M] marks the positive ones. A pair counts as often as weight [M], above 0,
// says; nil counts each once. It keeps same and weight. Errors are *DistanceError and
// *DegenerateError.
func Score(distance []float32, same []bool, weight []float64) (*Scored, error) {
	if err := check(distance, same); err != nil {
		return nil, err
	}
	if weight == nil {
		weight = slices.Repeat([]float64{1}, len(same))
	}
	if len(weight) != len(same) {
		panic("metric: length mismatch")
	}
	s := &Scored{same: same, weight: weight, level: make([]int32, len(same))}
	order := make([]int32, len(same))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(distance[a], distance[b]), cmp.Compare(a, b))
	})
	var c Curve
	var positives, negatives float64
	for i, pair := range order {
		if i == 0 || distance[pair] != distance[order[i-1]] {
			c.Distance = append(c.Distance, distance[pair])
			c.Positives, c.Negatives = append(c.Positives, 0), append(c.Negatives, 0)
		}
		if same[pair] {
			positives += weight[pair]
		} else {
			negatives += weight[pair]
		}
		last := len(c.Distance) - 1
		s.level[pair] = int32(last)
		c.Positives[last], c.Negatives[last] = positives, negatives
	}
	s.curve = c
	return s, nil
}

// ScoreProbabilities is Score for probability [M] float32 in [0,1], the probability
// that a pair is the same: the distance is -probability. At the threshold Half a
// pair is then accepted when probability > 0.5, as in Keras' binary accuracy.
func ScoreProbabilities(probability []float32, same []bool, weight []float64) (*Scored, error) {
	distance := make([]float32, len(probability))
	for i, p := range probability {
		distance[i] = -p
	}
	return Score(distance, same, weight)
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

// Curve returns the counts of the pairs. Do not change it.
func (s *Scored) Curve() *Curve { return &s.curve }

// total returns the weight of all pairs of either kind.
func (c *Curve) total() (positives, negatives float64) {
	last := len(c.Distance) - 1
	return c.Positives[last], c.Negatives[last]
}

// accepted returns the pairs with distance <= threshold.
func (c *Curve) accepted(threshold float64) (positives, negatives float64) {
	return c.upTo(sort.Search(len(c.Distance), func(i int) bool {
		return !(float64(c.Distance[i]) <= threshold)
	}))
}

// upTo returns the pairs on the first levels distances.
func (c *Curve) upTo(levels int) (positives, negatives float64) {
	if levels == 0 {
		return 0, 0
	}
	return c.Positives[levels-1], c.Negatives[levels-1]
}

// cut returns the threshold that accepts exactly the first levels distances: the midpoint of the
// two distances beside it, which float64 holds exactly, or what above and below return where all
// or none are accepted. It is never a distance or the number next to one, so that a runtime that
// rounds otherwise decides the same.
func (c *Curve) cut(levels int) float64 {
	switch levels {
	case 0:
		return below(c.from(0))
	case len(c.Distance):
		return c.above()
	}
	return (float64(c.Distance[levels-1]) + float64(c.from(levels))) / 2
}

// below returns a threshold that refuses all distances of which smallest is the smallest: -1,
// which no distance reaches, or less where they are no distances but negated scores.
func below(smallest float32) float64 { return min(-1, 2*float64(smallest)-1) }

// above returns a threshold that accepts all distances: as far above the largest as the midpoint
// to the one before it is below, and the largest where there is no other.
func (c *Curve) above() float64 {
	last := len(c.Distance) - 1
	largest := float64(c.Distance[last])
	if last == 0 {
		return largest
	}
	return largest + (float64(c.from(last))-float64(c.Distance[last-1]))/2
}
