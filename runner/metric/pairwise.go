package metric

import (
	"cmp"
	"math"
	"slices"

	"github.com/tfpair/tfpair/internal/forest"
)

// largestComponent is the share of the pairs above which one connected component is too
// large for components to be drawn: then the variance rests on fewer than 20 of them.
const largestComponent = 0.05

// Statistic is a metric of pairs at its threshold: see PairMetric.
type Statistic struct {
	Value func(c *Curve) float64
	Slope func(c *Curve) (positive, negative []float64)
	Of    Kind // the pairs that it looks at
}

// Kind says of which pairs a Statistic is.
type Kind int

// The kinds of a Statistic.
const (
	OfAll       Kind = iota // of both kinds of pair
	OfPositives             // of positive pairs alone
	OfNegatives             // of negative pairs alone
)

// At returns the metric as a function of the curve alone, which Sample.Pairs takes.
func (m PairMetric) At(threshold float64) Statistic {
	return Statistic{
		Value: func(c *Curve) float64 { return m.Value(c, threshold) },
		Slope: func(c *Curve) (positive, negative []float64) { return m.Slope(c, threshold) },
	}
}

// Pairs returns an interval for each statistic over scored. Pair i, as given to Score,
// joins the images left[i] and right[i] [M] of s. The threshold and the model are fixed.
//
// Pairs that share a unit are not independent, and others are. With ψ what a pair adds to
// the metric, in first order,
//
//	variance = Σ ψᵢψⱼ over all pairs i, j that share a unit
//	         = Σ_units (Σ ψ of its pairs)² − Σ_{two units} (Σ ψ of the pairs between them)²
//
// of Aronow, Samii and Assenova, Cluster-robust variance estimation for dyadic data,
// Political Analysis 23, 2015. The pigeonhole bootstrap (Owen, Annals of Applied
// Statistics 1, 2007) adds the last sum where it is to be taken away, and so is too wide
// where pairs vary and images do not. Where classes are given, ψ is taken relative to them.
func (s Sample) Pairs(scored *Scored, left, right []int32, of []Statistic) []Interval {
	if len(left) != len(scored.same) || len(right) != len(scored.same) {
		panic("metric: length mismatch")
	}
	d := s.dyads(scored, left, right)
	intervals := make([]Interval, len(of))
	c := scored.Curve()
	for i, statistic := range of {
		d.set(statistic)
		e := estimate{value: statistic.Value(c), variance: d.variance(), freedom: d.freedom, draws: d.draws, units: d.seen}
		low, high := e.interval()
		intervals[i] = Interval{low, high, Level, d.question, d.method, d.seen}
	}
	return intervals
}

// dyads are pairs by the units of their two images.
type dyads struct {
	units
	*Scored
	seen        int       // units that have pairs
	left, right []int32   // [M] units
	between     []int32   // [M] numbers the two units of a pair
	betweens    int       // number of those
	psi         []float64 // [M] what each pair adds to the metric: scratch

	freedom, draws float64 // see estimate; draws of the rarer kind of pair

	least          int   // units of a class that tell how its own pairs vary
	within, across []int // [strata] units of the class that its pairs, and those with other classes, have
}

func (s Sample) dyads(scored *Scored, left, right []int32) *dyads {
	n := int(max(slices.Max(left), slices.Max(right))) + 1
	u := s.units(n)
	if s.Class == nil && s.Group == nil {
		if c, largest := components(n, left, right); largest <= largestComponent*float64(len(left)) {
			u = c
		}
	}
	d := &dyads{units: u, Scored: scored, left: make([]int32, len(left)), right: make([]int32, len(left)),
		psi: make([]float64, len(left))}
	for i := range left {
		d.left[i], d.right[i] = u.of[left[i]], u.of[right[i]]
	}
	d.countBetween()
	d.seen = distinct(d.left, d.right)
	d.countClasses()
	d.freedom, d.draws = math.Inf(1), math.Inf(1)
	for _, kind := range []bool{true, false} {
		freedom, draws := d.kind(kind, left, right)
		d.freedom, d.draws = min(d.freedom, freedom), min(d.draws, draws)
	}
	return d
}

// set sets psi to what each pair adds to a statistic.
func (d *dyads) set(of Statistic) {
	positive, negative := of.Slope(&d.curve)
	for pair, level := range d.level {
		d.psi[pair] = d.weight[pair] * negative[level]
		if d.same[pair] {
			d.psi[pair] = d.weight[pair] * positive[level]
		}
	}
}

// countClasses counts the units of each class, where classes are given.
func (d *dyads) countClasses() {
	if d.stratum == nil {
		return
	}
	within, across := make([]float64, d.count), make([]float64, d.count)
	d.least = 2
	for i, l := range d.left {
		r, of := d.right[i], across
		if d.stratum[l] == d.stratum[r] {
			of = within
			if l != r {
				d.least = joined
			}
		}
		of[l], of[r] = 1, 1
	}
	d.within, d.across = d.perClass(within), d.perClass(across)
}

// distinct returns how many different numbers left and right hold.
func distinct(left, right []int32) int {
	seen := map[int32]bool{}
	for i := range left {
		seen[left[i]], seen[right[i]] = true, true
	}
	return len(seen)
}

// countBetween numbers the combinations of two units.
func (d *dyads) countBetween() {
	order := make([]int32, len(d.left))
	for i := range order {
		order[i] = int32(i)
	}
	ends := func(i int32) (int32, int32) { return min(d.left[i], d.right[i]), max(d.left[i], d.right[i]) }
	compare := func(a, b int32) int {
		a1, a2 := ends(a)
		b1, b2 := ends(b)
		return cmp.Or(cmp.Compare(a1, b1), cmp.Compare(a2, b2))
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Or(compare(a, b), cmp.Compare(a, b)) })
	d.between = make([]int32, len(order))
	for i, pair := range order {
		if i > 0 && compare(order[i-1], pair) != 0 {
			d.betweens++
		}
		d.between[pair] = int32(d.betweens)
	}
	d.betweens++
}

// kind returns, of one kind of pair, on how many independent units a variance rests, less
// those that its means use up, and how many draws it is at most: of pairs and of images.
func (d *dyads) kind(same bool, left, right []int32) (freedom, draws float64) {
	units, images := make([]float64, d.count), map[int32]bool{}
	var weights []float64
	for i, w := range d.weight {
		if d.same[i] != same {
			continue
		}
		weights = append(weights, w)
		units[d.left[i]] += w
		if d.right[i] != d.left[i] {
			units[d.right[i]] += w
		}
		images[left[i]], images[right[i]] = true, true
	}
	draws = min(float64(len(weights)), float64(len(images)))
	if d.method == ByComponents || d.method == ByGroups {
		draws = min(draws, effective(units))
	}
	least := 2
	if same {
		least = d.least
	}
	return min(max(1, effective(weights)-1), d.units.freedom(units, least)), draws
}

// variance returns that of Σ psi; see Sample.Pairs.
func (d *dyads) variance() float64 {
	scale := func(int) (l, r float64) { return 1, 1 }
	if d.stratum != nil {
		d.centre()
		within, across := d.scale(d.within, d.least), d.scale(d.across, 2)
		scale = func(i int) (float64, float64) {
			l, r := d.left[i], d.right[i]
			if d.stratum[l] == d.stratum[r] {
				return within[l], within[r]
			}
			return across[l], across[r]
		}
	}
	sums, between := make([]float64, d.count), make([]float64, d.betweens)
	joins := make([]bool, d.betweens) // whether two units
	for i, psi := range d.psi {
		l, r := d.left[i], d.right[i]
		atLeft, atRight := scale(i)
		sums[l] += psi * atLeft
		if l != r {
			sums[r] += psi * atRight
		}
		between[d.between[i]] += psi * math.Sqrt(atLeft*atRight)
		joins[d.between[i]] = l != r
	}
	var shared, twice, alone float64
	for _, sum := range sums {
		shared += sum * sum
	}
	for i, sum := range between {
		alone += sum * sum
		if joins[i] {
			twice += sum * sum
		}
	}
	// The difference may come out below what it is where units do nothing.
	variance := max(shared-twice, alone)
	if d.stratum == nil {
		variance *= 1 + 1/d.freedom
	}
	return variance
}

// centre takes from psi what it is by the classes of the pair alone: of pairs of a class
// its mean, of pairs between classes the mean plus what either class has more than it. A class of too
// few units to vary keeps what it has.
func (d *dyads) centre() {
	type sum struct{ psi, weight float64 }
	within, across := make([]sum, d.strata), make([]sum, d.strata)
	var all sum
	add := func(s *sum, i int) { s.psi, s.weight = s.psi+d.psi[i], s.weight+d.weight[i] }
	for i := range d.psi {
		l, r := d.stratum[d.left[i]], d.stratum[d.right[i]]
		if l == r {
			add(&within[l], i)
			continue
		}
		add(&across[l], i)
		add(&across[r], i)
		add(&all, i)
	}
	more := func(class int32) float64 {
		if d.across[class] < 2 {
			return 0
		}
		return across[class].psi/across[class].weight - all.psi/all.weight
	}
	for i, w := range d.weight {
		l, r := d.stratum[d.left[i]], d.stratum[d.right[i]]
		switch {
		case l != r:
			d.psi[i] -= w * (more(l) + more(r) + all.psi/all.weight)
		case d.within[l] >= d.least:
			d.psi[i] -= w * within[l].psi / within[l].weight
		}
	}
}

// LargestComponent returns how many of the pairs of images left [M] and right [M] hang
// together, by images that they share, in the largest component.
func LargestComponent(left, right []int32) int {
	_, largest := components(int(max(slices.Max(left), slices.Max(right)))+1, left, right)
	return int(largest)
}

// components joins the images 0..n-1 that any pair joins, and returns the pairs of the
// largest component, too.
func components(n int, left, right []int32) (u units, largest float64) {
	joined := forest.New(n)
	for i := range left {
		joined.Join(left[i], right[i])
	}
	u = number(n, NewPairs, ByComponents, func(i int) (int32, bool) { return joined.Root(int32(i)), true })
	pairs := make([]float64, u.count)
	for _, image := range left {
		pairs[u.of[image]]++
	}
	return u, slices.Max(pairs)
}
