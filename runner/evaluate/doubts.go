package evaluate

import (
	"fmt"

	"github.com/tfpair/tfpair/runner/metric"
)

const (
	// fewPairs of a kind leave an interval of an accuracy of 90 % that is wider than 12 points.
	fewPairs = 100
	// fewClasses are too few to say what another class would give: of four, the interval of a
	// mean is twice as wide as its deviations suggest (Student's t of three).
	fewClasses = 5
)

// counts returns how many pairs are same and different.
func (p Pairs) counts() (same, different int) {
	for _, is := range p.Same {
		if is {
			same++
		}
	}
	return same, len(p.Same) - same
}

// doubts says why a number over the pairs carries little, in half a sentence each.
func (p Pairs) doubts() (list []string) {
	same, different := p.counts()
	if min(same, different) < fewPairs {
		list = append(list, fmt.Sprintf("only %d same and %d different pairs, want %d of each", same, different, fewPairs))
	}
	classes := map[int32]bool{}
	for _, class := range p.Sample.Class {
		if class >= 0 {
			classes[class] = true
		}
	}
	if p.Sample.NewClasses && len(classes) < fewClasses {
		list = append(list, fmt.Sprintf("only %d classes that training has not seen, want %d", len(classes), fewClasses))
	}
	if p.SeenUnknown {
		list = append(list, "which classes the model learnt from is not known, so it may have seen these; intervals are for new images of them")
	}
	if p.OneGroup {
		list = append(list, "no class has images of two groups, so that both images of a same pair are of one group, and alike")
	}
	if !p.Answers && p.Sample.Class == nil && p.Sample.Group == nil {
		if largest := metric.LargestComponent(p.Left, p.Right); 2*largest > len(p.Same) {
			list = append(list, fmt.Sprintf("%d of %d pairs are linked by images that they share, and say less than as many separate pairs", largest, len(p.Same)))
		}
	}
	return list
}
