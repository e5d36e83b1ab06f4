package metric

import (
	"math"
	"sort"

	"github.com/tfpair/tfpair/internal/named"
)

var eer = named.Row[PairMetric]{
	Brief: "equal error rate: where false accepts are as frequent as false rejects",
	Paper: "ISO/IEC 19795-1, Biometric performance testing and reporting, for FAR and FRR",
	New: plain(PairMetric{
		Better: Lower,
		Value:  func(c *Curve, _ float64) float64 { return EER(c) },
		Slope:  eerSlope,
	}),
}

// EER is the equal error rate, in [0,1], 0.5 for chance. With
//
//	FAR(t) = negatives with distance <= t / negatives
//	FRR(t) = positives with distance >  t / positives
//
// at t below all distances and at each distinct distance, it is the height at which
// the polyline through the points (FAR, FRR) crosses FAR = FRR. FAR − FRR runs from
// −1 to 1 and never falls, so that there is one crossing. It is the same as where
// the ROC curve, interpolated linearly, meets true positive rate = 1 − FAR.
func EER(c *Curve) float64 {
	positives, negatives := c.total()
	far, gap := 0.0, 1.0 // at the level before: FAR, and FRR − FAR
	for i, p := range c.Positives {
		nextFAR := c.Negatives[i] / negatives
		// One division, so that rates that are equal have a gap of exactly 0.
		nextGap := ((positives-p)*negatives - c.Negatives[i]*positives) / (positives * negatives)
		if nextGap <= 0 {
			return far + (nextFAR-far)*gap/(gap-nextGap)
		}
		far, gap = nextFAR, nextGap
	}
	panic("metric: curve without end") // the last gap is −1
}

// eerSlope is that of FAR and FRR at the crossing t, each as far as the other rate gives
// way when t moves to where they are equal again:
//
//	dEER = (p·dFAR + n·dFRR) / (p + n)
//
// with the densities p of positives and n of negatives there, as the shares of either
// among the levels beside t: √L to each side.
func eerSlope(c *Curve, _ float64) (positive, negative []float64) {
	positives, negatives := c.total()
	at := sort.Search(len(c.Distance), func(i int) bool {
		return c.Negatives[i]/negatives >= (positives-c.Positives[i])/positives
	})
	accepted, falsely := c.upTo(at + 1)
	beside := int(math.Sqrt(float64(len(c.Distance))))
	fromP, fromN := c.upTo(max(at-beside, 0))
	toP, toN := c.upTo(min(at+1+beside, len(c.Distance)))
	p, n := (toP-fromP)/positives, (toN-fromN)/negatives
	far, frr := falsely/negatives, (positives-accepted)/positives
	positive, negative = make([]float64, len(c.Distance)), make([]float64, len(c.Distance))
	for i := range c.Distance {
		refused, taken := 1.0, 0.0
		if i <= at {
			refused, taken = 0, 1
		}
		positive[i] = n / (p + n) * (refused - frr) / positives
		negative[i] = p / (p + n) * (taken - far) / negatives
	}
	return positive, negative
}
