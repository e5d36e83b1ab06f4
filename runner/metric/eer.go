package metric

import "github.com/tfpair/tfpair/internal/named"

var eer = named.Row[PairMetric]{
	Brief: "equal error rate: where false accepts are as frequent as false rejects",
	Paper: "ISO/IEC 19795-1, Biometric performance testing and reporting, for FAR and FRR",
	New: plain(PairMetric{
		Better: Lower,
		Value:  func(c *Curve, _ float64) float64 { return EER(c) },
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
		nextFAR := float64(c.Negatives[i]) / float64(negatives)
		// One division, so that rates that are equal have a gap of exactly 0.
		nextGap := float64((positives-p)*negatives-c.Negatives[i]*positives) /
			(float64(positives) * float64(negatives))
		if nextGap <= 0 {
			return far + (nextFAR-far)*gap/(gap-nextGap)
		}
		far, gap = nextFAR, nextGap
	}
	panic("metric: curve without end") // the last gap is −1
}
