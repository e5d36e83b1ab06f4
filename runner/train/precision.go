package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"time"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/runner/network"
)

// checkPrecision refuses bf16 where it would only be slower: on a processor without instructions for it.
func (l *loop) checkPrecision() error {
	if l.Spec.Train.Precision != spec.BF16 || l.Spec.Train.Steps == 0 {
		return nil
	}
	devices, err := l.network.Devices()
	if err != nil || session.BF16() || slices.ContainsFunc(devices, session.IsGPU) {
		return err
	}
	return &graphs.MisfitError{Err: noBF16(session.Processor())}
}

// noBF16 says what is missing.
func noBF16(processor string) error {
	lack := fmt.Sprintf("the processor lacks instructions for it: it has %s, want avx512-bf16 or amx-bf16", processor)
	if !session.Int8() {
		lack = "the runtime has no kernels for it without oneDNN, which it has on x86 unless TF_ENABLE_ONEDNN_OPTS is 0"
	}
	return fmt.Errorf("train.precision is bf16, and %s; a step would take longer than in float32: set train.precision=float32", lack)
}

// Steps of each precision that are timed, behind a first one, which makes what later ones use again. Fewer are
// enough of a large network.
const (
	timedSteps = 3
	timedFor   = 5 * time.Second
)

// timePrecisions notes which precision is faster on this machine, at the start of a training in bf16. Networks of its own make
// steps with the first batch, so that the training computes the same, whatever the time says. It does nothing where
// several processes train, or batches are mined.
func (l *loop) timePrecisions(ctx context.Context) error {
	if l.Spec.Train.Precision != spec.BF16 || l.Spec.Train.Steps == 0 || l.Backbone.AllFrozen || l.Group != nil ||
		l.saved != "" || l.pooled != nil || l.Spec.Train.Fold > 1 || l.ensemble() || l.Sampler.Mining.Every > 0 {
		return nil
	}
	for batch, err := range pipeline.NewLoader(l.store, l.sampler, l.loaderOptions()).Iter(ctx, 0, 1) {
		if err != nil {
			return err
		}
		took, err := l.timeSteps(batch, spec.FullPrecision, spec.BF16)
		if err != nil {
			return fmt.Errorf("time steps of both precisions: %w", err)
		}
		l.timed = []string{comparePrecisions(took[1], took[0], l.network.Graph.Features != nil)}
	}
	debug.FreeOSMemory() // of networks that are closed
	return ctx.Err()
}

// comparePrecisions says which precision is faster, by what a step takes in each. With frozen stages that are of images,
// where the training may keep what these stages make of them.
func comparePrecisions(half, full time.Duration, frozen bool) string {
	took := fmt.Sprintf("a step takes %s in bf16 and %s in float32 here", shown(half), shown(full))
	if frozen {
		took += ", frozen stages included"
	}
	switch quotient := float64(full) / float64(half); {
	case quotient >= 1.05:
		return fmt.Sprintf("%s: bf16 is %.1f times as fast", took, quotient)
	case quotient > 1/1.05:
		return took + ": bf16 gains nothing, and float32 is more exact"
	default:
		return fmt.Sprintf("%s: float32 is %.1f times as fast, and more exact; --set train.precision=float32", took, 1/quotient)
	}
}

// shown is d in milliseconds, with three digits or more.
func shown(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	return fmt.Sprintf("%.*f ms", max(0, 2-int(math.Floor(math.Log10(max(ms, 0.01))))), ms)
}

// timeSteps returns what the fastest of some steps takes in each precision: by networks of their own, from images. They take turns, so
// that what else the machine does slows both.
func (l *loop) timeSteps(b *pipeline.Batch, precisions ...string) (fastest []time.Duration, err error) {
	networks := make([]*network.Network, len(precisions))
	defer func() {
		for _, n := range networks {
			if n != nil {
				err = errors.Join(err, n.Close())
			}
		}
	}()
	for i, precision := range precisions {
		if networks[i], err = l.networkToTime(b, precision); err != nil {
			return nil, err
		}
	}
	begin := l.Now()
	fastest = make([]time.Duration, len(precisions))
	for turn := 0; turn <= timedSteps && (turn < 2 || l.Now().Sub(begin) < timedFor); turn++ {
		for i, n := range networks {
			before := l.Now()
			if _, err := n.Step(b, 0); err != nil {
				return nil, err
			}
			if took := max(l.Now().Sub(before), 1); turn > 0 { // a clock of tests may stand still
				fastest[i] = min(cmp.Or(fastest[i], took), took)
			}
		}
	}
	return fastest, nil
}

// networkToTime returns the network of a training in a precision, from its start.
func (l *loop) networkToTime(b *pipeline.Batch, precision string) (*network.Network, error) {
	s, parts := *l.Spec, *l.Parts
	s.Train.Precision, parts.Spec = precision, &s
	n, err := network.Open(&parts, l.Own, l.Session)
	if err != nil {
		return nil, err
	}
	if err := n.Start(uint64(s.Train.Seed)); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	if n.FrozenTargets() { // what they are changes no time
		images := slices.Sorted(slices.Values(b.References))
		if err := n.SetTargets(network.Targets{Images: images, Vectors: make([]float32, len(images)*n.Dim())}); err != nil {
			return nil, errors.Join(err, n.Close())
		}
	}
	return n, nil
}
