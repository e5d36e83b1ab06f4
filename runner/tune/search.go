package tune

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/named"
)

// Search plans the trials of a space. steps is how long a whole training lasts.
type Search func(s *Space, trials, steps int, seed uint64) (Plan, error)

// Plan is what is to be tried: all settings for the steps of the first rung, and after
// each rung the best of them for those of the next.
type Plan struct {
	Settings [][]string // [T] assignments KEY=VALUE of each trial
	Rungs    []int      // steps, ascending; the last is a whole training
	Keep     []int      // trials that go on after each rung but the last
}

// Table lists every search.
var Table = named.Table[Search]{Kind: "search", Rows: map[string]named.Row[Search]{
	"grid":    grid,
	"halving": halving,
	"random":  random,
}}

// maxTrials is how many are planned where nothing but time limits them.
const maxTrials = 10000

var random = named.Row[Search]{
	Brief: "settings drawn at random, none twice; more trials go on where fewer ended",
	Paper: "Bergstra and Bengio, Random Search for Hyper-Parameter Optimization, JMLR 13, 2012",
	New: func(raw named.Raw) (Search, error) {
		return drawn, named.Options(raw, &struct{}{})
	},
}

// drawn draws trials from one stream, so that fewer are the first of more.
func drawn(s *Space, trials, steps int, seed uint64) (Plan, error) {
	if trials == 0 {
		trials = maxTrials
	}
	r := rand.New(rand.NewPCG(seed, 0x74756e65)) // "tune": a stream of its own
	p := Plan{Rungs: []int{steps}}
	seen := map[string]bool{}
	// A small space has been drawn empty long before 100 draws in a row repeat.
	for repeated := 0; len(p.Settings) < trials && repeated < 100; repeated++ {
		var values []string
		for _, d := range s.dimensions {
			values = append(values, d.draw(r))
		}
		settings := s.settings(values)
		if text := strings.Join(settings, "\n"); !seen[text] {
			seen[text] = true
			p.Settings = append(p.Settings, settings)
			repeated = 0
		}
	}
	return p, nil
}

var grid = named.Row[Search]{
	Brief: "every combination of listed values and of the points of ranges, in a drawn order",
	New: func(raw named.Raw) (Search, error) {
		return combined, named.Options(raw, &struct{}{})
	},
}

// combined shuffles the grid, so that the first trials are spread over it.
func combined(s *Space, trials, steps int, seed uint64) (Plan, error) {
	all := [][]string{nil}
	for _, d := range s.dimensions {
		values, err := d.grid()
		if err != nil {
			return Plan{}, err
		}
		if len(all)*len(values) > maxTrials {
			return Plan{}, fmt.Errorf("the grid has more than %d trials", maxTrials)
		}
		var longer [][]string
		for _, before := range all {
			for _, v := range values {
				longer = append(longer, append(slices.Clone(before), v))
			}
		}
		all = longer
	}
	p := Plan{Rungs: []int{steps}}
	seen := map[string]bool{}
	for _, i := range rand.New(rand.NewPCG(seed, 0x74756e65)).Perm(len(all)) {
		settings := s.settings(all[i])
		if text := strings.Join(settings, "\n"); !seen[text] { // options left out may make two alike
			seen[text] = true
			p.Settings = append(p.Settings, settings)
		}
	}
	if trials > 0 {
		p.Settings = p.Settings[:min(trials, len(p.Settings))]
	}
	return p, nil
}

// halvingOptions are the options of the "halving" search.
type halvingOptions struct {
	Factor int `yaml:"factor"` // one in so many trials goes on, for so many times the steps; >= 2
}

var halving = named.Row[Search]{
	Brief: "random settings for few steps, then the best of them for more; needs a number of trials",
	Paper: "Jamieson and Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter " +
		"Optimization, 2016, arXiv:1502.07943, algorithm 1",
	New: func(raw named.Raw) (Search, error) {
		o := halvingOptions{Factor: 3} // Li et al., Hyperband, 2018, arXiv:1603.06560, section 3.6
		if err := named.Options(raw, &o); err != nil {
			return nil, err
		}
		if o.Factor < 2 {
			return nil, fmt.Errorf("factor must be at least 2, got %d", o.Factor)
		}
		return o.plan, nil
	},
}

// plan makes as many rungs as there are trials for, the first of at least one step.
func (o halvingOptions) plan(s *Space, trials, steps int, seed uint64) (Plan, error) {
	if trials == 0 {
		return Plan{}, errors.New("halving needs a number of trials")
	}
	p, err := drawn(s, trials, steps, seed)
	if err != nil {
		return Plan{}, err
	}
	for left := len(p.Settings) / o.Factor; left >= 1 && p.Rungs[0] >= o.Factor; left /= o.Factor {
		p.Keep = append(p.Keep, left)
		p.Rungs = slices.Insert(p.Rungs, 0, int(math.Round(float64(p.Rungs[0])/float64(o.Factor))))
	}
	return p, nil
}
