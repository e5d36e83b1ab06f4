package inference

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/trained"
)

// SplitError says that data has no split of a name.
type SplitError struct {
	Data  string
	Split dataset.Split
	Known []dataset.Split // that it has
}

func (e *SplitError) Error() string {
	var names []string
	for _, s := range e.Known {
		names = append(names, s.String())
	}
	return fmt.Sprintf("%s has no split %q (it has: %s)", e.Data, e.Split, strings.Join(names, ", "))
}

// Part returns a split of data. Train and val are what a training makes of data that splits as
// training says; data that names no splits is all test. Errors: *SplitError, and those of
// dataset.Dataset.Assign.
func Part(data *dataset.Dataset, split dataset.Split, training dataset.SplitOptions) (dataset.Part, error) {
	switch split {
	case dataset.Test:
		if len(data.Splits()) == 0 {
			part := data.All()
			part.Split = dataset.Test
			return part, nil
		}
	case dataset.Train, dataset.Val:
		if err := data.Assign(training); err != nil {
			return dataset.Part{}, err
		}
	}
	if known := data.Splits(); !slices.Contains(known, split) {
		return dataset.Part{}, &SplitError{Data: data.Name, Split: split, Known: known}
	}
	return data.In(split), nil
}

// ErrAliased says that a model does not tell the names of the classes that it has seen.
var ErrAliased = errors.New("it was exported with aliases in the place of the names of classes, so it cannot tell " +
	"which classes of other data it has not seen")

// ErrNoClasses says that a model was trained on data without names of classes, such as lists of pairs.
var ErrNoClasses = errors.New("its training knew no names of classes, so it cannot tell " +
	"which classes of other data it has not seen")

// Unseen returns the classes of data that the training never saw, whatever their split. Errors:
// ErrAliased, ErrNoClasses, and those of dataset.Dataset.Unseen.
func (m *Model) Unseen(data *dataset.Dataset) (dataset.Part, error) {
	if m.Manifest.Aliased {
		return dataset.Part{}, fmt.Errorf("model %q: %w", m.Name, ErrAliased)
	}
	if len(m.Manifest.Seen) == 0 {
		return dataset.Part{}, fmt.Errorf("model %q: %w", m.Name, ErrNoClasses)
	}
	return data.Unseen(m.Manifest.Seen)
}

// seenClasses returns the names of the classes that the training saw, nil where they are not
// known.
func (m *Model) seenClasses() []string {
	if m.Manifest.Aliased {
		return nil
	}
	return m.Manifest.Seen
}

// Part returns the images of a split of data that m is measured on. Where the training kept
// classes for test, test is the classes of data that it never saw, whatever their split; else
// it is Split, and so of data that names no classes, such as pairs. Errors are those of Split and of Unseen.
func (m *Model) Part(data *dataset.Dataset, split dataset.Split) (dataset.Part, error) {
	if m.Spec.Train.Unseen && split == dataset.Test && len(data.Classes) > 0 {
		return m.Unseen(data)
	}
	return m.Split(data, split)
}

// Split returns a split of data, whatever the training saw of it. Test of the data that was
// trained on is what the training kept for it. Other data that names no splits is all test; its
// train and val are what the training would make of it. Errors are those of the function Part.
func (m *Model) Split(data *dataset.Dataset, split dataset.Split) (dataset.Part, error) {
	training := trained.Splits(m.Spec)
	if split == dataset.Test && training.Test > 0 && m.TrainedOn(data) {
		if err := data.Assign(training); err != nil {
			return dataset.Part{}, err
		}
	}
	return Part(data, split, training)
}

// Lacking returns the *SplitError that Part of a model of s will return for data, as far as it is known before the network is open: test of
// data that a training may have parted is known by the network alone.
func Lacking(s *spec.Spec, data *dataset.Dataset, split dataset.Split) error {
	if split != dataset.Test || s.Train.Unseen && len(data.Classes) > 0 {
		return nil
	}
	training := trained.Splits(s)
	_, err := Part(data, split, training)
	if again := data.Without(nil); err != nil && again.Assign(training) == nil && slices.Contains(again.Splits(), dataset.Test) {
		return nil
	}
	return err
}

// TrainedOn reports whether data, grouped as it is, is that of m's training: parted as it was, it
// has its fingerprint.
func (m *Model) TrainedOn(data *dataset.Dataset) bool {
	again := data.Without(nil)
	return again.Assign(trained.Splits(m.Spec)) == nil && again.Fingerprint() == m.Manifest.Data.Fingerprint
}
