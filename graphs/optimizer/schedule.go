package optimizer

import (
	"fmt"
	"math"

	"github.com/tfpair/tfpair/internal/named"
)

// Schedule returns the factor on the base learning rate of the update with the
// given number, from 0, in a training of total updates. It is a pure function.
type Schedule struct {
	Factor func(step, total int) float64
	// Open says that Factor does not depend on total: training may go on past it.
	Open bool
}

// Schedules lists every schedule.
var Schedules = named.Table[Schedule]{Kind: "schedule", Rows: map[string]named.Row[Schedule]{
	"constant": constant,
	"cosine":   cosine,
	"step":     step,
}}

// warmup is the option that every schedule has.
type warmup struct {
	Warmup int `yaml:"warmup"` // updates over which the rate rises linearly from 0; 0 is none
}

// schedule puts the rise of w in front of factor, whose step and total then count from the end of it.
func (w warmup) schedule(open bool, factor func(step, total int) float64) (Schedule, error) {
	if w.Warmup < 0 {
		return Schedule{}, fmt.Errorf("warmup must be 0 or more updates, got %d", w.Warmup)
	}
	return Schedule{Open: open, Factor: func(step, total int) float64 {
		if step < w.Warmup {
			return float64(step) / float64(w.Warmup)
		}
		return factor(step-w.Warmup, total-w.Warmup)
	}}, nil
}

var constant = named.Row[Schedule]{
	Brief: "the base learning rate throughout",
	New: func(raw named.Raw) (Schedule, error) {
		var o warmup
		if err := named.Options(raw, &o); err != nil {
			return Schedule{}, err
		}
		return o.schedule(true, func(int, int) float64 { return 1 })
	},
}

// cosineOptions are the options of the "cosine" schedule.
type cosineOptions struct {
	warmup `yaml:",inline"`
	Final  float64 `yaml:"final"` // factor at the end; 0 <= final <= 1
}

var cosine = named.Row[Schedule]{
	Brief: "half a cosine from the base learning rate down to a final share of it",
	Paper: "Loshchilov and Hutter, SGDR, 2017, arXiv:1608.03983, equation 5, one period",
	New: func(raw named.Raw) (Schedule, error) {
		var o cosineOptions
		if err := named.Options(raw, &o); err != nil {
			return Schedule{}, err
		}
		if !(o.Final >= 0 && o.Final <= 1) {
			return Schedule{}, fmt.Errorf("final must be in [0,1], got %g", o.Final)
		}
		return o.schedule(false, func(step, total int) float64 {
			share := min(float64(step)/float64(max(total, 1)), 1)
			return o.Final + (1-o.Final)*(1+math.Cos(math.Pi*share))/2
		})
	},
}

// stepOptions are the options of the "step" schedule.
type stepOptions struct {
	warmup `yaml:",inline"`
	Every  int     `yaml:"every"`  // updates between two drops; > 0
	Factor float64 `yaml:"factor"` // what the rate is multiplied by at each; 0 < factor <= 1
}

var step = named.Row[Schedule]{
	Brief: "the learning rate drops by a factor every so many updates",
	New: func(raw named.Raw) (Schedule, error) {
		o := stepOptions{Every: 1000, Factor: 0.5} // two drops in a run as long as program 1's, rounded
		if err := named.Options(raw, &o); err != nil {
			return Schedule{}, err
		}
		if o.Every <= 0 {
			return Schedule{}, fmt.Errorf("every must be positive, got %d", o.Every)
		}
		if !(o.Factor > 0 && o.Factor <= 1) {
			return Schedule{}, fmt.Errorf("factor must be in (0,1], got %g", o.Factor)
		}
		return o.schedule(true, func(step, _ int) float64 {
			return math.Pow(o.Factor, float64(step/o.Every))
		})
	},
}
