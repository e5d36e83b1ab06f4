// Package recipe chooses what to train, for people who name no network:
//
//	data → Facts; facts, effort, weights → Choice: a spec, and why
//
// The choice depends on the data, the effort and the weights that are there, and on nothing
// measured: equal data has equal recipes on every machine. Nothing is trained here.
package recipe

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// Effort says how much time a training may take.
type Effort string

// The efforts.
const (
	Quick Effort = "quick" // seconds to minutes
	Good  Effort = "good"  // many minutes: more of the network is trained, for longer
	Best  Effort = "best"  // an hour: all that is known to help
)

// Base is the preset that settings of a recipe are over.
const Base = "siamese"

// Efforts lists the efforts, the default first.
var Efforts = []Effort{Quick, Good, Best}

// Check refuses an effort that there is none of.
func (e Effort) Check() error {
	if slices.Contains(Efforts, e) {
		return nil
	}
	return fmt.Errorf("effort must be %s, %s or %s, got %q", Quick, Good, Best, e)
}

// Choice is a recipe.
type Choice struct {
	Effort   Effort     `json:"effort"`
	What     string     `json:"what"`              // is trained, in words
	Why      string     `json:"why"`               // what the data is
	Weights  []string   `json:"weights,omitempty"` // networks whose weights training starts from; nil: it starts from nothing
	Lacking  bool       `json:"lacking"`           // pretrained weights would make a better model
	More     Effort     `json:"more,omitempty"`    // the next effort that makes another recipe; "": none does
	Settings []string   `json:"settings"`          // over preset Base, as Spec.Set takes them
	Try      []Try      `json:"try,omitempty"`     // what is tried on validation before, each with each; nil: nothing is
	Facts    Facts      `json:"data"`
	Spec     *spec.Spec `json:"-"` // of which defaults are not filled in
}

// Try is a key of a spec and the values that are tried for it, as Spec.Set takes them; the first is that of the recipe.
type Try struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`
}

// late says, of the networks whose weights a recipe can start from, up to which stage they stay as they are where the later
// ones are trained: the first half sees what all pictures have, the second what the classes of
// ImageNet have.
var late = map[string]string{
	"efficientnet-lite0": "stage5",
	"efficientnet-lite1": "stage5",
	"efficientnet-lite2": "stage5",
	"mobilenetv2":        "stage5",
	"resnet50":           "stage3",
}

// Knows tells whether a recipe can start from weights of a network.
func Knows(network string) bool { _, ok := late[network]; return ok }

// SideBySide returns, as spec.Set takes it, the backbone of several networks, all frozen, each of which sees
// images of the size that its weights were trained at.
func SideBySide(networks []string) string {
	var sizes []string
	for _, network := range networks {
		sizes = append(sizes, strconv.Itoa(weights.Pixels(network)))
	}
	return fmt.Sprintf("backbone={concat: {of: [%s], sizes: [%s]}}", strings.Join(networks, ", "), strings.Join(sizes, ", "))
}

// NetworkError says that no recipe starts from weights of a network.
type NetworkError struct{ Network string }

func (e *NetworkError) Error() string {
	return fmt.Sprintf("no recipe starts from weights of %s; recipes start from those of %s", e.Network,
		strings.Join(slices.Sorted(maps.Keys(late)), ", "))
}

// Wish is what a choice depends on besides the data.
type Wish struct {
	Effort   Effort
	Networks []string // whose weights are there; nil: no weights are
	Named    bool     // somebody asked for all of them: drawings start from them, too
	Unseen   bool     // whole classes are held out
}

// Choose returns the recipe for data of these facts. Whether the data is enough to train on, the training
// finds out. The error is a *NetworkError.
func Choose(f Facts, w Wish) (*Choice, error) {
	for _, network := range w.Networks {
		if !Knows(network) {
			return nil, &NetworkError{network}
		}
	}
	c := settle(f, w)
	for _, more := range Efforts[slices.Index(Efforts, w.Effort)+1:] {
		w.Effort = more
		if c.More == "" && !slices.Equal(c.Settings, settle(f, w).Settings) {
			c.More = more
		}
	}
	base, err := spec.Preset(Base)
	if err != nil {
		return nil, err
	}
	c.Spec, err = base.Set(c.Settings...)
	return c, err
}

// settle returns the choice without its spec.
func settle(f Facts, w Wish) *Choice {
	c := &Choice{Effort: w.Effort, Facts: f, Why: f.String()}
	m := maker{facts: f, effort: w.Effort, unseen: w.Unseen}
	switch {
	case f.Ink && !w.Named:
		c.What, c.Settings = m.ink()
	case len(w.Networks) == 0:
		c.What, c.Settings = m.small()
		c.Lacking = true
	default:
		c.Weights, m.deep = m.chosen(w), m.effort != Quick && m.many()
		c.What, c.Settings = m.photos(c.Weights)
		c.Try = m.tries()
	}
	return c
}

// chosen returns the networks of w to start from: those that were named. Of others it is the first, or, where
// time is plenty, all of few photos, which train fast, and of many the first and the one that sees the largest images.
func (m maker) chosen(w Wish) []string {
	switch {
	case w.Named:
		return w.Networks
	case w.Effort != Best:
		return w.Networks[:1]
	case m.many():
		largest := slices.MaxFunc(w.Networks, func(a, b string) int { return weights.Pixels(a) - weights.Pixels(b) })
		return slices.Compact([]string{w.Networks[0], largest})
	default:
		return w.Networks
	}
}

// String says what the data is in a few words.
func (f Facts) String() string {
	kind := "photos"
	switch {
	case f.Looked == 0:
		kind = "images that cannot be read"
	case f.Ink:
		kind = "ink on paper"
	case f.Grey:
		kind = "grey photos"
	}
	what := ""
	switch f.Kind {
	case dataset.OfPairs:
		what = plural.Count(f.Tuples, "pair") + " of " + plural.Count(f.Images, "image")
	case dataset.OfTriplets:
		what = plural.Count(f.Tuples, "triplet") + " of " + plural.Count(f.Images, "image")
	case dataset.OfLabelImages:
		what = plural.Count(f.Images, "photo") + " of " + plural.Count(f.Classes, "label image")
	default:
		what = fmt.Sprintf("%s in %s", plural.Count(f.Images, "image"), plural.Count(f.Classes, "class"))
	}
	return fmt.Sprintf("%s, %s, %d pixels", what, kind, f.Side)
}
