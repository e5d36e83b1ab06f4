package train

import (
	"fmt"
	"strings"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models/seen"
)

// SpecError says that a run folder holds a training with another spec.
type SpecError struct {
	Folder      string
	Differences []spec.Difference // A is the run's, B the one given
}

func (e *SpecError) Error() string {
	var lines []string
	for _, d := range e.Differences {
		switch {
		case d.A == spec.Absent:
			lines = append(lines, fmt.Sprintf("%s is set now and not in the run", d.Key))
		case d.B == spec.Absent:
			lines = append(lines, fmt.Sprintf("%s is set in the run and not now", d.Key))
		default:
			lines = append(lines, fmt.Sprintf("%s is %s in the run, %s now", d.Key, d.A, d.B))
		}
	}
	return fmt.Sprintf("run %q was made with another spec: %s", e.Folder, strings.Join(lines, "; "))
}

// SamplerError says that the sampler cannot make batches of the training data.
type SamplerError struct{ Err error }

func (e *SamplerError) Error() string { return "sampler: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *SamplerError) Unwrap() error { return e.Err }

// ClassesError says that a loss has vectors for fewer classes than there are.
type ClassesError struct {
	Loss          string
	Set, Training int
}

func (e *ClassesError) Error() string {
	return fmt.Sprintf("loss.%s.classes is %d, but the training data has %s; 0 counts them",
		e.Loss, e.Set, plural.Count(e.Training, "class"))
}

// DataError says that a run folder holds a training on other data.
type DataError struct{ Folder, Run, Given string }

func (e *DataError) Error() string {
	return fmt.Sprintf("run %q was trained on other data: fingerprint %s in the run, %s now",
		e.Folder, e.Run, e.Given)
}

// ImagesError says that images of a run are not those that it was begun with.
type ImagesError struct {
	Folder      string
	Images      int               // that the run has seen
	Differences []seen.Difference // none: its list of them is lost, and only a sum of all is known
}

func (e *ImagesError) Error() string {
	if len(e.Differences) == 0 {
		return fmt.Sprintf("run %q was begun with other images; its file seen is gone or is not its own, "+
			"so it is not known which of %d differ", e.Folder, e.Images)
	}
	var first []string
	for _, d := range e.Differences[:min(3, len(e.Differences))] {
		first = append(first, fmt.Sprintf("%q: %s", d.Path, d.Reason))
	}
	if more := len(e.Differences) - len(first); more > 0 {
		first = append(first, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("run %q was begun with other images; %d of %d differ: %s", e.Folder,
		len(e.Differences), e.Images, strings.Join(first, "; "))
}

// DivergedError says that the loss, or a weight about to be saved, is not a finite number.
type DivergedError struct {
	Step       int      // updates done before
	What       string   // "loss is NaN"
	Images     []string // of the batch; nil where it was found between two
	Checkpoint string   // the last good one, "" if there is none
}

func (e *DivergedError) Error() string {
	last := "no checkpoint had been saved"
	if e.Checkpoint != "" {
		last = "the last good checkpoint is " + e.Checkpoint
	}
	text := fmt.Sprintf("step %d: %s; %s", e.Step, e.What, last)
	if len(e.Images) > 0 {
		text += "; images of the batch: " + strings.Join(e.Images, ", ")
	}
	return text
}

// InterruptedError says that the context was cancelled, and where the training can go on from.
type InterruptedError struct {
	Step       int
	Checkpoint string
	Cause      error // of the context
}

func (e *InterruptedError) Error() string {
	return fmt.Sprintf("interrupted at step %d, saved %s", e.Step, e.Checkpoint)
}

// Unwrap returns the cause of the context's end.
func (e *InterruptedError) Unwrap() error { return e.Cause }
