package sampler

import (
	"fmt"
	"strings"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// FitError says that a sampler cannot make batches of its data, and with which settings it can.
type FitError struct {
	What     string
	Settings []Setting // those that differ from what was asked for; none where no setting helps
}

// Setting is a value of a key of the spec.
type Setting struct{ Key, Value string }

// String returns s as an assignment: "train.batch_size=32".
func (s Setting) String() string { return s.Key + "=" + s.Value }

func (e *FitError) Error() string {
	var sets []string
	for _, s := range e.Settings {
		sets = append(sets, fmt.Sprintf("set %s to %s", s.Key, s.Value))
	}
	if len(sets) == 0 {
		return e.What
	}
	return e.What + ": " + strings.Join(sets, " and ")
}

// The keys of numbers that samplers ask for.
const (
	batchSize      = "train.batch_size"
	imagesPerClass = "sampler.balanced.images_per_class"
)

// number returns the setting of a key to a number.
func number(key string, n int) Setting { return Setting{key, fmt.Sprint(n)} }

// least says that a batch is too small: it needs n of what.
func (s Source) least(n int, what string) error {
	return &FitError{fmt.Sprintf("batch_size must be at least %d %s, got %d", n, what, s.BatchSize),
		[]Setting{number(batchSize, n)}}
}

// listing returns the settings that sample what the part lists in place of classes: those that
// the loss can take, or those of another loss. It is nil where nothing is listed.
func (s Source) listing() []Setting {
	switch kind := s.Part.Kind(); {
	case kind == dataset.OfTriplets && s.Tuples == Triplets:
		return []Setting{{"sampler", "triplets"}}
	case kind.Lists() && s.Tuples == Pairs:
		return []Setting{{"sampler", "pairs"}}
	case kind.Lists() && s.Tuples == Classes:
		return []Setting{{"loss", "contrastive"}, {"sampler", "pairs"}}
	}
	return nil
}
