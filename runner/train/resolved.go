package train

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/augment"
	"github.com/tfpair/tfpair/pipeline/sampler"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
	"github.com/tfpair/tfpair/runner/network"
)

// Resolved is a training as a spec describes it: its names are looked up, its options are
// checked, its defaults are filled in. Resolve makes it. What checks a spec and what trains
// by it use the same Resolved, so that they cannot disagree.
type Resolved struct {
	*graphs.Parts                    // of the network; Spec has every default filled in
	Sampler       sampler.Maker      // of batches
	Augmenter     *augment.Augmenter // of training images; its seed is train.seed
	Select        Selection
	Own           network.Own // that names were looked up in, too
}

// Selection is the metric by which the best checkpoint is chosen.
type Selection struct {
	Key    string // as the spec has it: "val.auc"
	Metric string // "auc"
	Better metric.Better
}

// Resolve looks up all that s names and says what is wrong with it, as far as that can be
// known without data. It leaves s as it is. Errors are those of graphs.Resolve, of
// sampler.Table and augment.New, and a *graphs.MisfitError where parts do not go together.
func Resolve(s *spec.Spec) (*Resolved, error) { return ResolveWith(s, network.Own{}) }

// ResolveWith is Resolve where s may name what the program adds, too.
func ResolveWith(s *spec.Spec, own network.Own) (*Resolved, error) {
	r := &Resolved{Own: own}
	var err error
	if r.Parts, err = own.Resolve(s); err != nil {
		return nil, err
	}
	if r.Sampler, err = sampler.Table.New(&r.Spec.Sampler); err != nil {
		return nil, err
	}
	if err := r.Sampler.Check(r.Spec.Sampler.Name, sampler.Tuples(r.Tuples())); err != nil {
		return nil, err
	}
	if r.Augmenter, err = augment.Own(own.Augmentations).New(&r.Spec.Augment, uint64(r.Spec.Train.Seed)); err != nil {
		return nil, err
	}
	if err := errors.Join(r.checkTurns(), r.checkViews(), r.checkMined()); err != nil {
		return nil, err
	}
	if err := distance.Rule(r.Spec.Train.Threshold).Check(); err != nil {
		return nil, fmt.Errorf("train.threshold: %w", err)
	}
	r.Select, err = r.selection()
	return r, err
}

// checkTurns refuses turned images where labels are images: they would be classes
// without a label image.
func (r *Resolved) checkTurns() error {
	if !r.Spec.LabelImages() || r.Augmenter.Classes() == 1 {
		return nil
	}
	return &graphs.MisfitError{Err: fmt.Errorf("augment.turns makes turned images classes of their own, "+
		"topology %q has label images in place of classes: take turns out of augment", r.Spec.Topology)}
}

// checkViews refuses views of images that are not augmented.
func (r *Resolved) checkViews() error {
	if r.Spec.Cache.Views == 0 || !r.Augmenter.None() {
		return nil
	}
	return &graphs.MisfitError{Err: fmt.Errorf("cache.views is %d, but augment has no steps and all "+
		"views of an image would be alike: set cache.views to 0, or augment", r.Spec.Cache.Views)}
}

// selection reads train.select.
func (r *Resolved) selection() (Selection, error) {
	key := r.Spec.Train.Select
	name, ok := strings.CutPrefix(key, "val.")
	if !ok {
		return Selection{}, fmt.Errorf("train.select must be val.METRIC, chosen on validation data, got %q", key)
	}
	better, err := evaluate.Direction(name, r.Spec.LabelImages())
	if err != nil {
		return Selection{}, fmt.Errorf("train.select: %w", err)
	}
	return Selection{Key: key, Metric: name, Better: better}, nil
}

// withClasses returns r for so many classes of training images, for a loss that learns a
// vector for each: it is told how many there are, or has been told of enough.
func (r *Resolved) withClasses(classes int) (*Resolved, error) {
	if set := r.Loss.Classes; set > 0 {
		if set < classes {
			return nil, &ClassesError{Loss: r.Spec.Loss.Name, Set: set, Training: classes}
		}
		return r, nil
	}
	counted := *r
	var err error
	counted.Parts, err = r.WithClasses(classes)
	return &counted, err
}
