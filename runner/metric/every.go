package metric

import "math"

// Every walks over pairs of images, always the same, and calls block with some of them at a
// time: their rows in a Sample and their distance. It returns the first error of block.
type Every func(block func(left, right []int32, distance []float32) error) error

// joined is how many units of a class tell how the pairs of two of them vary: two units have one
// such cell, which tells nothing.
const joined = 3

// maxBetween is up to how many units are told apart by two: 8 MiB.
const maxBetween = 1024

// Every measures all pairs of images 0..n-1 of s, whose classes are known, without keeping
// them: it walks over them twice. It returns the curve of Histogram and an interval for each
// statistic.
func (s Sample) Every(n int, pairs Every, of []Statistic) (*Curve, []Interval, error) {
	var h Histogram
	var same []bool
	mark := func(left, right []int32) []bool {
		same = same[:0]
		for i := range left {
			same = append(same, s.Class[left[i]] == s.Class[right[i]])
		}
		return same
	}
	err := pairs(func(left, right []int32, distance []float32) error {
		return h.Add(distance, mark(left, right))
	})
	if err != nil {
		return nil, nil, err
	}
	c, err := h.Curve()
	if err != nil {
		return nil, nil, err
	}
	u := s.units(n)
	different, equal := newPairKind(u, n), newPairKind(u, n)
	sums := make([]unitSums, len(of))
	for i, statistic := range of {
		sums[i] = newUnitSums(u, c, statistic)
	}
	err = pairs(func(left, right []int32, distance []float32) error {
		same := mark(left, right)
		for pair, d := range distance {
			l, r, level := left[pair], right[pair], h.at[levelOf(d)]
			if same[pair] {
				equal.add(u, l, r)
			} else {
				different.add(u, l, r)
			}
			for i := range sums {
				sums[i].add(u.of[l], u.of[r], level, same[pair])
			}
		}
		return nil
	})
	intervals := make([]Interval, len(of))
	for i, statistic := range of {
		e := estimate{value: statistic.Value(c), units: u.count, draws: math.Inf(1), freedom: math.Inf(1)}
		if statistic.Of != OfNegatives {
			e.rests(u, equal, u.stratum != nil)
		}
		if statistic.Of != OfPositives {
			e.rests(u, different, false)
		}
		e.variance = sums[i].variance(u, e.freedom)
		low, high := e.interval()
		intervals[i] = Interval{low, high, Level, u.question, u.method, u.count}
	}
	return c, intervals, err
}

// pairKind is what the pairs of one kind, same or different, are of.
type pairKind struct {
	pairs float64
	units []float64 // [unit] pairs of each
	image []bool    // [image] whether it has pairs
}

func newPairKind(u units, images int) *pairKind {
	return &pairKind{units: make([]float64, u.count), image: make([]bool, images)}
}

func (k *pairKind) add(u units, left, right int32) {
	k.pairs++
	k.image[left], k.image[right] = true, true
	k.units[u.of[left]]++
	if u.of[left] != u.of[right] {
		k.units[u.of[right]]++
	}
}

// draws returns how many independent draws the pairs are at most: of pairs, of images and of groups.
func (k *pairKind) draws(u units) float64 {
	images := 0.0
	for _, has := range k.image {
		if has {
			images++
		}
	}
	draws := min(k.pairs, images)
	if u.method == ByGroups {
		draws = min(draws, effective(k.units))
	}
	return draws
}

// unitSums are what the pairs of each unit add to a statistic: see Sample.Pairs.
type unitSums struct {
	positive, negative []float64 // [level] slopes
	same, different    []float64 // [unit]
	between            []float64 // [unit,unit] of two units; nil where there are too many
}

func newUnitSums(u units, c *Curve, s Statistic) unitSums {
	x := unitSums{same: make([]float64, u.count), different: make([]float64, u.count)}
	x.positive, x.negative = s.Slope(c)
	if u.count <= maxBetween {
		x.between = make([]float64, u.count*u.count)
	}
	return x
}

func (x *unitSums) add(left, right int32, level int32, same bool) {
	psi, sums := x.negative[level], x.different
	if same {
		psi, sums = x.positive[level], x.same
	}
	sums[left] += psi
	if left == right {
		return
	}
	sums[right] += psi
	if x.between != nil {
		x.between[int(min(left, right))*len(sums)+int(max(left, right))] += psi
	}
}

// rests lowers what is known of e to what the pairs of a kind tell. Of joined units two of a class
// have one cell, which tells nothing.
func (e *estimate) rests(u units, k *pairKind, join bool) {
	least := 2
	if join {
		least = joined
	}
	e.draws, e.freedom = min(e.draws, k.draws(u)), min(e.freedom, u.freedom(k.units, least))
}

// variance returns that of the statistic; freedom is that of its estimate.
func (x *unitSums) variance(u units, freedom float64) float64 {
	if u.stratum != nil {
		return x.byClass(u)
	}
	var shared, twice float64
	for unit, same := range x.same {
		sum := same + x.different[unit]
		shared += sum * sum
	}
	for _, psi := range x.between {
		twice += psi * psi
	}
	return max(shared-twice, shared/2) * (1 + 1/freedom) // half of it where pairs are all that varies
}

// byClass returns the variance around what classes add. What the pairs of two units add is in the sums of
// both; it matters where it is all that the class has, and little else.
func (x *unitSums) byClass(u units) (variance float64) {
	weights := make([]float64, u.count) // images
	for _, unit := range u.of {
		weights[unit]++
	}
	different, more := u.around(x.different, weights, 2)
	same, moreSame := u.around(x.same, weights, joined)
	for unit := range same {
		sum := different[unit]*more[unit] + same[unit]*moreSame[unit]
		variance += sum * sum
	}
	count := u.perClass(weights)
	for at, psi := range x.between {
		l, r := u.stratum[at/u.count], u.stratum[at%u.count]
		if l == r && count[l] < joined {
			variance -= psi * psi
		}
	}
	return variance
}
