package cli

import (
	"fmt"
	"os"
	"slices"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/runner/train"
)

// wantedError says that a preset, or a backbone of several networks, is of little use without
// pretrained weights.
type wantedError struct {
	preset, backbone string
	towers           []string // nil: the backbone is one network
}

func (e *wantedError) Error() string {
	if e.towers != nil {
		return fmt.Sprintf("backbone %q is made of networks that start from weights, and none are given; give --weights, "+
			"or --weights %s if random values are what you want", e.backbone, noWeights)
	}
	return fmt.Sprintf("preset %q starts from pretrained weights, and none are given: a %s that starts from random values "+
		"learns little from photos; give --weights, or --weights %s if that is what you want", e.preset, e.backbone, noWeights)
}

// mend returns the command line c with weights that tfpair can fetch, and with their backbone.
func (e *wantedError) mend(c commandLine) commandLine {
	if e.towers != nil {
		for _, name := range e.towers {
			c = c.with(given{"weights", name})
		}
		return c
	}
	name := e.backbone
	if _, ok := pretrained.Named(name); !ok {
		name = pretrained.Sets[0].Name
	}
	if c = c.without("backbone"); slices.Contains(c, "--spec") { // which may name another
		c = c.with(given{"set", "backbone=" + name})
	}
	return c.with(given{"weights", name})
}

// checkWanted refuses a new run in a folder that wants weights where none are given.
func (o startOptions) checkWanted(r *train.Resolved, folder string) error {
	of, towers := r.Spec.Backbone.Name, r.Backbone.Towers
	wanted := towers != nil || spec.WantsWeights(o.preset) && weights.Pixels(of) > 0
	if len(o.weights) > 0 || goesOn(folder) || !wanted {
		return nil
	}
	return &wantedError{o.preset, of, towers}
}

// goesOn reports whether a folder may hold a run, which goes on with the weights that it has.
func goesOn(folder string) bool {
	entries, err := os.ReadDir(folder)
	return err == nil && len(entries) > 0
}

// sayFrozen says that a new run in a folder freezes random values, as a spec does that was written for weights.
func (o startOptions) sayFrozen(r *train.Resolved, folder string, out output) {
	if r.Backbone.Frozen == nil || len(o.weights) > 0 || goesOn(folder) {
		return
	}
	name := r.Spec.Backbone.Name
	if _, ok := pretrained.Named(name); !ok {
		name = "FILE"
	}
	out.say("caution   the frozen part of backbone %s has random values, and keeps them: stop, and give the same command with --weights %s and another --out",
		r.Spec.Backbone.Name, name)
}
