package metric

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestCoverageOfRates is about wrong answers at a threshold that accepts a share of the different pairs,
// measured on all pairs of images. Of most data sets few pairs are same.
func TestCoverageOfRates(t *testing.T) {
	accepts, rejects := FalseAccepts, FalseRejects
	for name, s := range map[string]study{
		"seen classes, false accepts":                   cloud{classes: 10, images: 12}.rate(false, accepts, 0.01),
		"seen classes, false rejects":                   cloud{classes: 10, images: 12}.rate(false, rejects, 0.01),
		"20 same pairs of seen classes, false rejects":  cloud{classes: 20, images: 2}.rate(false, rejects, 0.1),
		"most seen classes of one image, false rejects": cloud{classes: 70, images: 2, alone: 60}.rate(false, rejects, 0.01),
		"20 same pairs of new classes, false accepts":   cloud{classes: 20, images: 2}.rate(true, accepts, 0.01),
		"most new classes of one image, false rejects":  cloud{classes: 70, images: 2, alone: 60}.rate(true, rejects, 0.01),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.covers(t)
		})
	}
}

// rate is a study of one kind of wrong answers, at the threshold that accepts a share of the different pairs.
func (c cloud) rate(newClasses bool, statistic func(threshold float64) Statistic, share float64) study {
	s, fixed := study{method: ByImages}, c.centres(rand.New(rand.NewPCG(7, 0)))
	if newClasses {
		s.method, fixed = ByClasses, nil
	}
	threshold, high := 0.0, 10.0
	for range 60 { // by halves, until float64 knows no more
		if middle := (threshold + high) / 2; c.closer(fixed, middle, false) < share {
			threshold = middle
		} else {
			high = middle
		}
	}
	of := statistic(threshold)
	if s.truth = share; of.Of == OfPositives {
		s.truth = 1 - c.closer(fixed, threshold, true)
	}
	s.draw = func(t *testing.T, r *rand.Rand) Interval {
		centres := fixed
		if newClasses {
			centres = c.centres(r)
		}
		points, sample := c.points(r, centres)
		sample.NewClasses = newClasses
		_, intervals, err := sample.Every(len(points), everyPair(points), []Statistic{of})
		if err != nil {
			t.Fatal(err)
		}
		return intervals[0]
	}
	return s
}

// closer returns the share of same or different pairs that are at most t apart. Where the centres vary,
// too, distances are Rayleigh's, and Rice's where they are given.
func (c cloud) closer(centres []point, t float64, same bool) float64 {
	if centres == nil {
		within := 2 * c.deviation(0) * c.deviation(0)
		if same {
			return rice(0, math.Sqrt(within), t)
		}
		return rice(0, math.Sqrt(2+within), t) // and the centres, of deviation 1
	}
	var sum, pairs float64
	for i, l := range centres {
		if same && c.size(i) > 1 {
			sum, pairs = sum+rice(0, math.Sqrt2*l.deviation, t), pairs+1
		}
		for j, r := range centres[:i] {
			if n := float64(c.size(i) * c.size(j)); !same {
				sum += n * rice(math.Hypot(l.x-r.x, l.y-r.y), math.Hypot(l.deviation, r.deviation), t)
				pairs += n
			}
		}
	}
	return sum / pairs
}

// rice returns P(x <= t) of the distance x of a point in a plane from where it is d away from the mean,
// with deviation s. x²/2s² is of Gamma's distribution of 1+k, and k of Poisson's of mean d²/2s².
func rice(d, s, t float64) (p float64) {
	mean, x := d*d/(2*s*s), t*t/(2*s*s)
	weight, term := math.Exp(-mean), math.Exp(-x)
	beyond := term // of Gamma's
	for k := 1.0; k < 1000; k++ {
		p += weight * (1 - beyond)
		weight, term = weight*mean/k, term*x/k
		beyond += term
	}
	return p
}
