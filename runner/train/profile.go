package train

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/runner/network"
)

// Which steps of a training are profiled: the first ones make what later ones use again.
const (
	profileAfter = 10
	profileSteps = 10
	// ProfileSteps is how many steps a training makes before a Profiled is observed.
	ProfileSteps = profileAfter + profileSteps
)

// Profiled says what the operations of a step took, by the runtime's own trace: means of some steps.
type Profiled struct {
	Step       int            `json:"step"`    // the last of them
	Steps      int            `json:"steps"`   // how many there are
	Seconds    float64        `json:"seconds"` // of a step, feeding it included
	Between    float64        `json:"between"` // seconds of these in which no operation ran
	Others     float64        `json:"others"`  // share of the step outside the kernels of convolutions and matrix products
	Operations []ProfiledKind `json:"operations"`
}

// ProfiledKind is what operations of one kind took. Those that took longest come first.
type ProfiledKind struct {
	Kind    string  `json:"kind"`
	Count   int     `json:"count"`   // in a step
	Seconds float64 `json:"seconds"` // of all of them in a step
}

func (Profiled) event() string { return "profile" }

// profile is a Profiled in the making.
type profile struct {
	made  int // steps since the training began or went on
	trace session.Trace
}

// around calls learn, which is a step or a part of one, and has it traced where it is one of those to profile.
func (p *profile) around(n *network.Network, learn func()) {
	if p.made >= profileAfter {
		n.Trace(&p.trace)
		defer n.Trace(nil)
	}
	learn()
}

// done counts a step, and returns what came of all of them behind the last one.
func (p *profile) done(step int) (e Profiled, ok bool) {
	if p.made++; p.made != ProfileSteps {
		return e, false
	}
	e = Profiled{Step: step, Steps: profileSteps, Seconds: p.trace.Wall.Seconds() / profileSteps}
	kernels, all := 0.0, 0.0
	for _, kind := range slices.Sorted(maps.Keys(p.trace.Kinds)) {
		took := p.trace.Kinds[kind]
		seconds := took.Time.Seconds() / profileSteps
		e.Operations = append(e.Operations, ProfiledKind{kind, took.Operations / profileSteps, seconds})
		if all += seconds; kernel(kind) {
			kernels += seconds
		}
	}
	slices.SortStableFunc(e.Operations, func(a, b ProfiledKind) int { return cmp.Compare(b.Seconds, a.Seconds) })
	e.Between, e.Others = max(0, e.Seconds-all), 1-kernels/max(e.Seconds, all)
	return e, true
}

// kernel reports whether operations of a kind convolve or multiply matrices, forwards or backwards.
func kernel(kind string) bool {
	return strings.Contains(kind, "Conv") || strings.Contains(kind, "MatMul")
}
