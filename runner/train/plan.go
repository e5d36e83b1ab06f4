package train

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/sampler"
)

// countClasses tells a loss that learns a vector for each class how many the training data
// has, quarter turns counted. Other losses do not ask.
func (l *loop) countClasses() error {
	if !l.Loss.PerClass {
		return nil
	}
	labels, err := l.Data.Labels(l.Data.In(dataset.Train))
	if err != nil {
		return err
	}
	l.Resolved, err = l.withClasses(pipeline.TurnedLabels(labels, l.Augmenter.Classes()).Classes)
	return err
}

// plan numbers the classes of the training data where they are needed, and makes the sampler.
func (l *loop) plan(part dataset.Part) (err error) {
	if len(part.Images) == 0 {
		return &dataset.Error{Role: "data", Path: l.Data.Name, Err: l.noTraining()}
	}
	if l.Tuples() == loss.Classes || !l.Sampler.Lists(part) {
		if l.labels, err = l.Data.Labels(part); err != nil {
			return err
		}
	}
	turns := l.Augmenter.Classes()
	if l.labels.Of != nil {
		l.labels = pipeline.TurnedLabels(l.labels, turns)
	}
	part = pipeline.Turned(part, len(l.Data.Images), turns)
	source := sampler.Source{Part: part, Labels: l.labels.Of, BatchSize: l.Spec.Train.BatchSize,
		Seed: uint64(l.Spec.Train.Seed), Tuples: sampler.Tuples(l.Tuples())}
	if l.sampler, err = l.Sampler.New(source); err != nil {
		return &SamplerError{err}
	}
	if l.Sampler.Mining.Every > 0 { // else the part is not kept: it may be of millions of pairs
		l.source = source
	}
	return nil
}

// noTraining says that no image is for training, and what would be.
func (l *loop) noTraining() error {
	for _, split := range []dataset.Split{dataset.Test, dataset.Val} {
		if images := len(l.Data.In(split).Images); images > 0 {
			return fmt.Errorf("no image is for training, %s for %s; add images for training, or name the folder "+
				"of split %[2]s as the data to have it divided", plural.Count(images, "image"), split)
		}
	}
	return errors.New("no image is for training")
}

// notes returns what a user should know about the data and what it meets.
func (l *loop) notes() []string {
	var moved []string
	if l.moved != "" {
		moved = []string{l.moved}
	}
	return slices.Concat(moved, l.Data.Notes, l.repeated, l.found, l.Notes, minerNotes(l.Spec),
		l.labels.Notes(), l.sampler.Notes(), l.Augmenter.Notes(), l.cacheNotes(l.fileOptions().Bytes()), l.startNotes(), l.groupNotes(), l.timed)
}

// startNotes says that label images, which are to be known by their looks, are embedded by
// a network that has seen nothing.
func (l *loop) startNotes() []string {
	if !l.Spec.LabelImages() || l.state.Pretrained != nil {
		return nil
	}
	note := "no weights are imported: the backbone starts from random values"
	if l.network.FrozenTargets() {
		note += ", and frozen targets are what it makes of label images then"
	}
	return []string{note + "; --weights FILE gives others"}
}

// minerNotes says where the hardest of an anchor's triplets is the only one.
func minerNotes(s *spec.Spec) []string {
	if s.Miner.Name != "hard" || s.Sampler.Name != "triplets" {
		return nil
	}
	return []string{`miner "hard" chooses among the triplets of an anchor, and sampler "triplets" ` +
		"draws one for each: sampler=balanced gives all"}
}
