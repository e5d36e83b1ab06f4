package train

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/augment"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/sampler"
)

// Check says what is wrong with s as far as that can be known without data, and fills
// in the defaults of its options. Errors are those of graphs.Resolve, Sampler and
// augment.New.
func Check(s *spec.Spec) error {
	parts, err := graphs.Resolve(s)
	if err != nil {
		return err
	}
	if _, err := Sampler(s, parts); err != nil {
		return err
	}
	augmenter, err := augment.New(&s.Augment, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(checkTurns(parts, augmenter), checkViews(s, augmenter)); err != nil {
		return err
	}
	_, err = selection(s)
	return err
}

// Sampler looks up the sampler of s, and refuses one that cannot give what the loss needs.
func Sampler(s *spec.Spec, parts graphs.Parts) (sampler.Maker, error) {
	maker, err := sampler.Table.New(&s.Sampler)
	if err != nil {
		return sampler.Maker{}, err
	}
	return maker, maker.Check(s.Sampler.Name, sampler.Tuples(parts.Tuples()))
}

// countClasses puts the number of classes in the training data into the spec of a
// loss that learns a vector for each, or checks the number that is there. Training
// makes turns classes of each.
func (c *Config) countClasses(parts graphs.Parts, turns int) (graphs.Parts, error) {
	if !parts.Loss.PerClass {
		return parts, nil
	}
	labels, err := c.Data.Labels(c.Data.In(dataset.Train))
	if err != nil {
		return parts, err
	}
	labels = pipeline.TurnedLabels(labels, turns)
	name := c.Spec.Loss.Name
	switch set := parts.Loss.Classes; {
	case set == 0:
		key := fmt.Sprintf("loss.%s.classes=%d", name, labels.Classes)
		if c.Spec, err = c.Spec.Set(key); err != nil {
			return parts, err
		}
		return graphs.Resolve(c.Spec)
	case set < labels.Classes:
		return parts, &ClassesError{Loss: name, Set: set, Training: labels.Classes}
	}
	return parts, nil
}

// plan numbers the classes of the training data where they are needed, and makes the sampler.
func (l *loop) plan(part dataset.Part, parts graphs.Parts, maker sampler.Maker) (err error) {
	if parts.Tuples() == loss.Classes || !maker.Lists(part) {
		if l.labels, err = l.Data.Labels(part); err != nil {
			return err
		}
	}
	turns := l.augmenter.Classes()
	if l.labels.Of != nil {
		l.labels = pipeline.TurnedLabels(l.labels, turns)
	}
	part = pipeline.Turned(part, len(l.Data.Images), turns)
	l.sampler, err = maker.New(sampler.Source{Part: part, Labels: l.labels.Of,
		BatchSize: l.Spec.Train.BatchSize, Seed: uint64(l.Spec.Train.Seed),
		Tuples: sampler.Tuples(parts.Tuples())})
	if err != nil {
		return &SamplerError{err}
	}
	return nil
}

// notes returns what a user should know about the data and what it meets.
func (l *loop) notes() []string {
	return slices.Concat(l.Data.Notes, l.network.Parts.Notes, minerNotes(l.Spec),
		l.labels.Notes(), l.sampler.Notes(), l.augmenter.Notes(), l.cacheNotes(l.fileOptions().Bytes()), l.startNotes())
}

// minerNotes says where the hardest of an anchor's triplets is the only one.
func minerNotes(s *spec.Spec) []string {
	if s.Miner.Name != "hard" || s.Sampler.Name != "triplets" {
		return nil
	}
	return []string{`miner "hard" chooses among the triplets of an anchor, and sampler "triplets" ` +
		"draws one for each: sampler=balanced gives all"}
}
