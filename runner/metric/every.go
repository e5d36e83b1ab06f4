package metric

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
	sums := make([]unitSums, len(of))
	for i, statistic := range of {
		sums[i] = newUnitSums(u, c, statistic)
	}
	err = pairs(func(left, right []int32, distance []float32) error {
		same := mark(left, right)
		for pair, d := range distance {
			level := h.at[levelOf(d)]
			for i := range sums {
				sums[i].add(u.of[left[pair]], u.of[right[pair]], level, same[pair])
			}
		}
		return nil
	})
	intervals := make([]Interval, len(of))
	for i, statistic := range of {
		e := sums[i].estimate(u, statistic.Value(c), n)
		low, high := e.interval()
		intervals[i] = Interval{low, high, Level, u.question, u.method, u.count}
	}
	return c, intervals, err
}

// unitSums are what the pairs of each unit add to a statistic: see Sample.Pairs.
type unitSums struct {
	positive, negative []float64 // [level] slopes
	same, different    []float64 // [unit]
	hasSame            []float64 // [unit] 1 where it has same pairs
	between            []float64 // [unit,unit] of two units; nil where there are too many
}

func newUnitSums(u units, c *Curve, s Statistic) unitSums {
	x := unitSums{same: make([]float64, u.count), different: make([]float64, u.count), hasSame: make([]float64, u.count)}
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
		x.hasSame[left], x.hasSame[right] = 1, 1
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

func (x *unitSums) estimate(u units, value float64, images int) estimate {
	e := estimate{value: value, draws: float64(images), units: u.count}
	weights := make([]float64, u.count)
	for _, unit := range u.of {
		weights[unit]++
	}
	e.freedom = u.freedom(weights, 2)
	if u.stratum != nil {
		e.freedom = min(e.freedom, u.freedom(x.hasSame, joined))
		e.variance = x.byClass(u, weights)
		return e
	}
	var shared, twice float64
	for unit, same := range x.same {
		sum := same + x.different[unit]
		shared += sum * sum
	}
	for _, psi := range x.between {
		twice += psi * psi
	}
	more := 1 + 1/e.freedom
	e.variance = max(shared-twice, shared/2) * more // half of it where pairs are all that varies
	return e
}

// byClass returns the variance around what classes add. What the pairs of two units add is in the sums of
// both; it matters where it is all that the class has, and little else.
func (x *unitSums) byClass(u units, weights []float64) (variance float64) {
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
