package metric

import (
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// tooFew units, or fewer, cannot tell how units vary: their intervals are wide on purpose.
const tooFew = 4

// simulations is how many data sets of each study are drawn: 200 keep the standard error of
// a coverage of 95 % at 1.5 points. TFPAIR_SIMULATIONS asks for another number.
func simulations(t *testing.T) int {
	text := os.Getenv("TFPAIR_SIMULATIONS")
	if text == "" {
		return 200
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("TFPAIR_SIMULATIONS=%q: want a whole number", text)
	}
	return n
}

// study is a population whose true value is known, and how a data set is drawn from it.
type study struct {
	truth  float64
	method string
	few    bool // so few units that an interval may hold the truth more often than asked
	draw   func(t *testing.T, r *rand.Rand) Interval
}

// covers draws data sets and says how many of their intervals hold the truth: 90 to 98 %,
// of few units 90 to 100 %, and two standard errors of that count.
func (s study) covers(t *testing.T) {
	n, covered, below, width := simulations(t), 0, 0, 0.0
	for set := range n {
		got := s.draw(t, rand.New(rand.NewPCG(uint64(set), 0x636f76))) // "cov"
		if got.Method != s.method || got.Level != 0.95 {
			t.Fatalf("interval %+v, want method %q", got, s.method)
		}
		width += (got.High - got.Low) / float64(n)
		if got.Low <= s.truth && s.truth <= got.High {
			covered++
		} else if got.High < s.truth {
			below++
		}
	}
	share := float64(covered) / float64(n)
	t.Logf("%s: %.1f %% of %d intervals, %.3f wide on average, hold %.4f; %d are below it",
		t.Name(), 100*share, n, width, s.truth, below)
	slack := func(p float64) float64 { return 2 * math.Sqrt(p*(1-p)/float64(n)) }
	most := 0.98
	if s.few {
		most = 1
	}
	if share < 0.90-slack(0.90) || share > most+slack(most) {
		t.Errorf("%d of %d intervals hold the truth, want 90 to %.0f %%", covered, n, 100*most)
	}
}

// TestCoverage is about pairs.
func TestCoverage(t *testing.T) {
	for name, s := range map[string]study{
		"components":                     listed{units: 60, pairs: 180, effect: 0.5, noise: 1, gap: 1.6}.study(ByComponents),
		"components, ties":               listed{units: 60, pairs: 180, effect: 0.5, noise: 1, gap: 1.6, steps: 1}.study(ByComponents),
		"giant component, images matter": listed{units: 40, pairs: 300, shared: true, effect: 1, noise: 0.5, gap: 2}.study(ByImages),
		"giant component, images do not": listed{units: 40, pairs: 300, shared: true, noise: 1, gap: 1}.study(ByImages),
		"giant component, sparse":        listed{units: 200, pairs: 250, shared: true, effect: 0.7, noise: 0.7, gap: 2}.study(ByImages),
		"few pairs":                      listed{units: 30, pairs: 30, noise: 1, gap: 1}.study(ByComponents),
		"nearly perfect":                 listed{units: 60, pairs: 60, noise: 1, gap: 4}.study(ByComponents),
		"new classes":                    cloud{classes: 30, images: 8, drawn: 400}.newClasses(),
		"few new classes":                cloud{classes: 6, images: 20, drawn: 400}.newClasses(),
		"2 new classes":                  cloud{classes: 2, images: 20, drawn: 300}.newClasses(),
		"3 new classes":                  cloud{classes: 3, images: 20, drawn: 300}.newClasses(),
		"4 new classes":                  cloud{classes: 4, images: 20, drawn: 300}.newClasses(),
		"7 new classes":                  cloud{classes: 7, images: 20, drawn: 400}.newClasses(),
		"5 new classes":                  cloud{classes: 5, images: 20, drawn: 300}.newClasses(),
		"all pairs, 2 new classes":       cloud{classes: 2, images: 20}.allPairs(true),
		"all pairs, 3 new classes":       cloud{classes: 3, images: 20}.allPairs(true),
		"all pairs, 4 new classes":       cloud{classes: 4, images: 20}.allPairs(true),
		"all pairs, 6 new classes":       cloud{classes: 6, images: 20}.allPairs(true),
		"all pairs, 7 new classes":       cloud{classes: 7, images: 20}.allPairs(true),
		"all pairs, 5 new classes":       cloud{classes: 5, images: 20}.allPairs(true),
		"new classes that differ":        cloud{classes: 15, images: 10, drawn: 400, uneven: true}.newClasses(),
		"seen classes":                   cloud{classes: 10, images: 12, drawn: 400}.seenClasses(),
		"seen classes that differ":       cloud{classes: 20, images: 8, drawn: 300, uneven: true}.seenClasses(),
		"seen classes, few images":       cloud{classes: 30, images: 3, drawn: 90}.seenClasses(),
		"all pairs, new classes":         cloud{classes: 12, images: 8}.allPairs(true),
		"all pairs, seen classes":        cloud{classes: 8, images: 12, uneven: true}.allPairs(false),
		"few seen classes":               cloud{classes: 3, images: 15, drawn: 200}.seenClasses(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.covers(t)
		})
	}
}

// listed is pairs without classes, whose distances are normal.
type listed struct {
	units  int     // components, or images where shared
	pairs  int     // per data set
	shared bool    // pairs join any two images; otherwise the two of a component
	effect float64 // standard deviation of what an image adds to all its distances
	noise  float64 // standard deviation of what is each pair's own
	gap    float64 // negatives are farther by this
	steps  float64 // > 0: distances are rounded to 1/steps
}

func (l listed) study(method string) study {
	return study{l.auc(), method, false, func(t *testing.T, r *rand.Rand) Interval {
		distance, same, left, right := l.draw(r)
		return Sample{}.Pairs(score(t, distance, same), left, right, []Statistic{pairMetric(t, "auc").At(0)})[0]
	}}
}

// auc is P(positive < negative) for distances that differ by gap and, each, by the
// variance of two image effects and noise: Φ(gap / sqrt(2·(2·effect² + noise²))). Rounded
// distances are summed over.
func (l listed) auc() float64 {
	deviation := math.Sqrt(2*l.effect*l.effect + l.noise*l.noise)
	if l.steps == 0 {
		return normal(l.gap / (deviation * math.Sqrt2))
	}
	auc := 0.0
	for at := -20.0; at <= 20; at++ { // at = the positive's step
		of := func(k, mean float64) float64 {
			return normal((k+0.5)/l.steps/deviation-mean/deviation) - normal((k-0.5)/l.steps/deviation-mean/deviation)
		}
		above := 1 - normal(((at+0.5)/l.steps-l.gap)/deviation)
		auc += of(at, 0) * (above + of(at, l.gap)/2)
	}
	return auc
}

// normal is Φ(x).
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// draw returns one data set.
func (l listed) draw(r *rand.Rand) (distance []float32, same []bool, left, right []int32) {
	images := l.units
	if !l.shared {
		images = 2 * l.units
	}
	effects := make([]float64, images)
	for i := range effects {
		effects[i] = l.effect * r.NormFloat64()
	}
	for i := range l.pairs {
		a := int32(2 * (i % l.units))
		b := a + 1
		if l.shared {
			a = int32(r.IntN(images))
			b = (a + 1 + int32(r.IntN(images-1))) % int32(images)
		}
		// Within a component all pairs are of one kind, so that chance alone, and no
		// common effect, orders positives and negatives.
		positive := (i%l.units)%2 == 0
		d := effects[a] + effects[b] + l.noise*r.NormFloat64()
		if !positive {
			d += l.gap
		}
		if l.steps > 0 {
			d = math.Round(d*l.steps) / l.steps
		}
		distance, same = append(distance, float32(d)), append(same, positive)
		left, right = append(left, a), append(right, b)
	}
	return distance, same, left, right
}

// cloud is classes of points in a plane: centres of deviation 1, points around them.
type cloud struct {
	classes, images int  // images of each class
	drawn           int  // pairs of either kind
	uneven          bool // half of all classes are three times as wide
	alone           int  // so many of the classes, the first, have one image each
}

// size is how many images a class has.
func (c cloud) size(class int) int {
	if class < c.alone {
		return 1
	}
	return c.images
}

// deviation of the points of a class of either kind.
func (c cloud) deviation(kind int) float64 {
	if c.uneven && kind == 1 {
		return 0.9
	}
	return 0.3
}

type point struct{ x, y, deviation float64 }

func (p point) around(r *rand.Rand) point {
	return point{x: p.x + p.deviation*r.NormFloat64(), y: p.y + p.deviation*r.NormFloat64()}
}

// centres draws classes.
func (c cloud) centres(r *rand.Rand) []point {
	list := make([]point, c.classes)
	for i := range list {
		list[i] = point{deviation: 1}.around(r)
		list[i].deviation = c.deviation(r.IntN(2))
	}
	return list
}

// auc is that of new classes: squared distances of two normal points in a plane are
// exponential, of mean 4·deviation² within a class and 2·(2 + the two deviations²) between,
// and one of mean a is below one of mean b in b/(a+b) of all cases.
func (c cloud) auc() (sum float64) {
	kinds := 2 // even and odd classes
	for same := range kinds {
		for l := range kinds {
			for r := range kinds {
				a := 4 * c.deviation(same) * c.deviation(same)
				b := 4 + 2*(c.deviation(l)*c.deviation(l)+c.deviation(r)*c.deviation(r))
				sum += b / (a + b) / 8
			}
		}
	}
	return sum
}

// points draws images around centres.
func (c cloud) points(r *rand.Rand, centres []point) (points []point, s Sample) {
	for class, centre := range centres {
		for range c.size(class) {
			points = append(points, centre.around(r))
			s.Class = append(s.Class, int32(class))
		}
	}
	return points, s
}

// data draws images around centres, pairs of them by class first, and scores those.
func (c cloud) data(t testing.TB, r *rand.Rand, centres []point) (s Sample, scored *Scored, left, right []int32) {
	points, s := c.points(r, centres)
	seen := map[[2]int32]bool{}
	var distance []float32
	var same []bool
	for kind := range 2 {
		for i := 0; i < c.drawn; {
			l := i % c.classes
			m := l
			if kind == 1 {
				l = r.IntN(c.classes)
				m = (l + 1 + r.IntN(c.classes-1)) % c.classes
			}
			a, b := int32(l*c.images+r.IntN(c.images)), int32(m*c.images+r.IntN(c.images))
			if a == b || seen[[2]int32{min(a, b), max(a, b)}] {
				continue
			}
			seen[[2]int32{min(a, b), max(a, b)}] = true
			i++
			d := math.Hypot(points[a].x-points[b].x, points[a].y-points[b].y)
			distance, same = append(distance, float32(d)), append(same, kind == 0)
			left, right = append(left, a), append(right, b)
		}
	}
	return s, score(t, distance, same), left, right
}

func (c cloud) newClasses() study {
	return study{c.auc(), ByClasses, c.classes <= tooFew, func(t *testing.T, r *rand.Rand) Interval {
		s, scored, left, right := c.data(t, r, c.centres(r))
		s.NewClasses = true
		return s.Pairs(scored, left, right, []Statistic{pairMetric(t, "auc").At(0)})[0]
	}}
}

// seenClasses fixes the centres; the truth is that of 400 images of each.
func (c cloud) seenClasses() study {
	centres := c.centres(rand.New(rand.NewPCG(7, 0)))
	large := c
	large.images, large.drawn = 2000, 200_000
	_, scored, _, _ := large.data(nil, rand.New(rand.NewPCG(8, 0)), centres)
	return study{AUC(scored.Curve()), ByImages, false, func(t *testing.T, r *rand.Rand) Interval {
		s, scored, left, right := c.data(t, r, centres)
		return s.Pairs(scored, left, right, []Statistic{pairMetric(t, "auc").At(0)})[0]
	}}
}

// allPairs measures every pair of its images.
func (c cloud) allPairs(newClasses bool) study {
	seen := c.seenClasses()
	centres := c.centres(rand.New(rand.NewPCG(7, 0)))
	s := study{seen.truth, ByImages, false, nil}
	if newClasses {
		s = study{c.auc(), ByClasses, c.classes <= tooFew, nil}
	}
	s.draw = func(t *testing.T, r *rand.Rand) Interval {
		if newClasses {
			centres = c.centres(r)
		}
		points, sample := c.points(r, centres)
		sample.NewClasses = newClasses
		_, intervals, err := sample.Every(len(points), everyPair(points), []Statistic{pairMetric(t, "auc").At(0)})
		if err != nil {
			t.Fatal(err)
		}
		return intervals[0]
	}
	return s
}

// everyPair walks over all pairs of points, those of one at a time.
func everyPair(points []point) Every {
	return func(block func(left, right []int32, distance []float32) error) error {
		for i, a := range points {
			var left, right []int32
			var distance []float32
			for j, b := range points[:i] {
				left, right = append(left, int32(i)), append(right, int32(j))
				distance = append(distance, float32(math.Hypot(a.x-b.x, a.y-b.y)))
			}
			if err := block(left, right, distance); err != nil {
				return err
			}
		}
		return nil
	}
}

// TestCoverageOfMeans is about queries.
func TestCoverageOfMeans(t *testing.T) {
	for name, s := range map[string]study{
		"queries":                       answers{classes: 150, queries: 1, recall: 0.7}.study(Sample{}, ByQueries),
		"nearly all right":              answers{classes: 200, queries: 1, recall: 0.99}.study(Sample{}, ByQueries),
		"few queries":                   answers{classes: 25, queries: 1, recall: 0.8}.study(Sample{}, ByQueries),
		"new classes":                   answers{classes: 30, queries: 10, recall: 0.8, spread: 0.15}.study(Sample{NewClasses: true}, ByClasses),
		"few new classes":               answers{classes: 6, queries: 20, recall: 0.8, spread: 0.15}.study(Sample{NewClasses: true}, ByClasses),
		"2 new classes":                 answers{classes: 2, queries: 20, recall: 0.8, spread: 0.15}.study(Sample{NewClasses: true}, ByClasses),
		"3 new classes":                 answers{classes: 3, queries: 20, recall: 0.8, spread: 0.15}.study(Sample{NewClasses: true}, ByClasses),
		"4 new classes":                 answers{classes: 4, queries: 20, recall: 0.8, spread: 0.15}.study(Sample{NewClasses: true}, ByClasses),
		"7 new classes":                 answers{classes: 7, queries: 20, recall: 0.8, spread: 0.15}.study(Sample{NewClasses: true}, ByClasses),
		"5 new classes":                 answers{classes: 5, queries: 20, recall: 0.8, spread: 0.15}.study(Sample{NewClasses: true}, ByClasses),
		"2 new classes, all or nothing": answers{classes: 2, queries: 20, recall: 0.5, spread: 0.5}.study(Sample{NewClasses: true}, ByClasses),
		"3 new classes, all or nothing": answers{classes: 3, queries: 20, recall: 0.5, spread: 0.5}.study(Sample{NewClasses: true}, ByClasses),
		"6 new classes, all or nothing": answers{classes: 6, queries: 20, recall: 0.5, spread: 0.5}.study(Sample{NewClasses: true}, ByClasses),
		"7 new classes, all or nothing": answers{classes: 7, queries: 20, recall: 0.5, spread: 0.5}.study(Sample{NewClasses: true}, ByClasses),
		"5 new classes, all or nothing": answers{classes: 5, queries: 20, recall: 0.5, spread: 0.5}.study(Sample{NewClasses: true}, ByClasses),
		"3 groups":                      answers{classes: 3, queries: 20, recall: 0.8, spread: 0.15}.study(Sample{Group: []int32{}}, ByGroups),
		"new classes, each alike":       answers{classes: 20, queries: 10, uneven: true, recall: 0.8, spread: 0.15}.study(Sample{NewClasses: true}, ByClasses),
		"seen classes":                  answers{classes: 10, queries: 12, recall: 0.8, spread: 0.15}.study(Sample{}, ByImages),
		"seen classes, two each":        answers{classes: 60, queries: 2, recall: 0.8, spread: 0.15}.study(Sample{}, ByImages),
		"groups":                        answers{classes: 40, queries: 5, recall: 0.8, spread: 0.2}.study(Sample{Group: []int32{}}, ByGroups),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.covers(t)
		})
	}
}

// answers is queries that are right or wrong, by classes (or groups) that differ.
type answers struct {
	classes, queries int
	uneven           bool    // every fifth class has ten times the queries; classes count the same
	recall, spread   float64 // of the classes: either recall − spread or recall + spread
}

// study draws the classes where they are new, or groups of them; seen ones are fixed.
func (a answers) study(s Sample, method string) study {
	return study{a.recall, method, a.classes <= tooFew, func(t *testing.T, r *rand.Rand) Interval {
		var values []float64
		var class []int32
		for c := range a.classes {
			recall := a.recall + a.spread*float64(2*(c%2)-1)
			if method == ByClasses || method == ByGroups {
				recall = a.recall + a.spread*float64(2*r.IntN(2)-1)
			}
			queries := a.queries
			if a.uneven && c%5 == 0 {
				queries *= 10
			}
			for range queries {
				value := 0.0
				if r.Float64() < recall {
					value = 1
				}
				values, class = append(values, value), append(class, int32(c))
			}
		}
		s := s
		switch method {
		case ByGroups:
			s.Group = class
		case ByClasses, ByImages:
			s.Class = class
		}
		_, got, err := s.Mean(QueryValues{Values: values}, Each(a.uneven))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}}
}
