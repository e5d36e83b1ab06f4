package metric

// Every walks over pairs of images, always the same, and calls block with some of them at a
// time: their rows in a Sample and their distance. It returns the first error of block.
type Every func(block func(left, right []int32, distance []float32) error) error

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
	sums               []float64 // [unit]
	between            []float64 // [unit,unit] of two units; nil where there are too many
}

func newUnitSums(u units, c *Curve, s Statistic) unitSums {
	x := unitSums{sums: make([]float64, u.count)}
	x.positive, x.negative = s.Slope(c)
	if u.count <= maxBetween {
		x.between = make([]float64, u.count*u.count)
	}
	return x
}

func (x *unitSums) add(left, right int32, level int32, same bool) {
	psi := x.negative[level]
	if same {
		psi = x.positive[level]
	}
	x.sums[left] += psi
	if left == right {
		return
	}
	x.sums[right] += psi
	if x.between != nil {
		x.between[int(min(left, right))*len(x.sums)+int(max(left, right))] += psi
	}
}

func (x *unitSums) estimate(u units, value float64, images int) estimate {
	e := estimate{value: value, draws: float64(images), units: u.count}
	weights := make([]float64, u.count)
	for _, unit := range u.of {
		weights[unit]++
	}
	e.variance, e.freedom = u.variance(x.sums, weights)
	var twice float64
	if u.stratum == nil { // with classes the sums are relative to theirs, and pairs add little
		for _, psi := range x.between {
			twice += psi * psi
		}
	}
	twice *= 1 + 1/e.freedom
	e.variance = max(e.variance-twice, e.variance/2) // half of it where pairs are all that varies
	return e
}
