package backbone

import (
	"fmt"
	"strconv"
	"strings"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
)

// tuned are the options of stacks that are made to start from imported weights.
// Their stages are numbered from 1, as in the paper's table.
type tuned struct {
	Freeze     string `yaml:"freeze"`    // none, all, or stageN: stages 1 to N are not trained
	FreezeNorm bool   `yaml:"freeze_bn"` // nor is batch norm in the others, and its averages stay
	Pool       string `yaml:"pool"`      // how pixels become features: average, or gem, the generalized mean
	layer.Norm `yaml:",inline"`
}

// frozen returns how many of so many stages are not trained.
func (t tuned) frozen(stages int) (int, error) {
	switch text, numbered := strings.CutPrefix(t.Freeze, "stage"); {
	case t.Freeze == "none":
		return 0, nil
	case t.Freeze == "all":
		return stages, nil
	case numbered:
		if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= stages {
			return n, nil
		}
	}
	return 0, fmt.Errorf("freeze must be none, all, or stage1 to stage%d, got %q", stages, t.Freeze)
}

// stage adds one stage of a stack to p: x [N,H,W,C] → y [N,H',W',C'].
type stage func(p part, x tf.Output) tf.Output

// pooled adds what becomes of the pixels that are left: x [N,H,W,C] → features [N,C].
func (t tuned) pooled(p part, x tf.Output) tf.Output {
	if t.Pool == gem {
		pool := p.sub("pool")
		return layer.GeneralizedMean(pool.scope, pool.variables, x)
	}
	return layer.GlobalAverage(p.scope.SubScope("average"), x)
}

// stack returns the backbone that normalizes pixels, adds stages, and pools
// what pixels are left: features [N,F]. Its Frozen part ends with the last frozen stage; with freeze all
// the pooling is frozen, too.
func (t tuned) stack(minSize int, pixels preprocess, stages []stage) (Backbone, error) {
	frozen, err := t.frozen(len(stages))
	if err != nil {
		return Backbone{}, err
	}
	all := []stage{func(p part, images tf.Output) tf.Output {
		return p.mode.Enter(p.scope, pixels.start(p.scope.SubScope("normalize"), images, p.mode))
	}}
	all = append(append(all, stages...), t.pooled)
	whole := frozen == len(stages)
	b := Backbone{MinSize: minSize, AllFrozen: whole && (t.Freeze == "all" || t.Pool == average)}
	b.Modes = !whole && !t.FreezeNorm
	cut := 0
	switch {
	case frozen == 0:
	case b.AllFrozen:
		cut = len(all)
	default:
		cut = 1 + frozen
	}
	if cut > 0 {
		b.Frozen = func(s *op.Scope, v *variable.Set, m layer.Mode, images tf.Output) tf.Output {
			return part{scope: s, variables: v.Frozen(), mode: m, norm: t.Norm, pixels: pixels}.add(all, 0, cut, images)
		}
	}
	b.Build = func(s *op.Scope, v *variable.Set, m layer.Mode, x tf.Output) tf.Output {
		p := part{scope: s, variables: v, mode: m, norm: t.Norm, pixels: pixels, fixed: t.FreezeNorm}
		if cut > 0 && !b.AllFrozen { // else there is nothing left to compute, or it begins behind the pixels
			x = m.Enter(s, x)
		}
		return p.add(all, cut, len(all), x)
	}
	if t.Pool != average && t.Pool != gem {
		return b, fmt.Errorf("pool must be %s or %s, got %q", average, gem, t.Pool)
	}
	return b, t.Validate()
}

// add adds stages from one to another, one behind the other. Those before are frozen, so they are in inference.
func (p part) add(stages []stage, from, to int, x tf.Output) tf.Output {
	for i := from; i < to; i++ {
		p.inferred = i == from || !p.mode.Training
		x = stages[i](p, x)
	}
	return x
}
