// Package trained opens what a training left:
//
//	run folder, "best" | "last" | step → spec, state, network with that checkpoint's weights
//
// It trains and changes nothing.
package trained

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/drift"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/network"
)

// State is what a checkpoint's manifest says beside the weights.
type State struct {
	Fingerprint string      `json:"data_fingerprint"`
	Data        string      `json:"data"`
	GroupBy     string      `json:"group_by,omitempty"` // see dataset.Dataset; "" in runs of before it was kept, too
	Classes     []string    `json:"classes,omitempty"`
	Seen        []string    `json:"seen_classes,omitempty"` // those trained or validated on
	Images      string      `json:"images,omitempty"`       // seen.List.Sum of what is trained on; "": an earlier version began the run
	Skipped     []string    `json:"skipped,omitempty"`      // bad images left out
	Validation  *Validation `json:"validation,omitempty"`   // the last one so far
	BestStep    int         `json:"best_step"`              // -1 before the first evaluation
	BestValue   float64     `json:"best_value"`
	Stale       int         `json:"stale"`                 // evaluations since the best
	Start       *float64    `json:"start_value,omitempty"` // before the first step; nil in runs of before it was measured
	Later       *float64    `json:"later_value,omitempty"` // the best after it, likewise

	Interpolated *Interpolated `json:"interpolated,omitempty"` // where train.interpolate has tried weights in between; nil: it has not

	Mined *Mined `json:"mined,omitempty"` // of a sampler that looks at all images now and then; nil: it does not, or has not yet

	Decoder  string    `json:"decoder,omitempty"`  // of JPEG files, as pipeline.Store.Decoder names it, that the run began with; "": Go's
	Machines []Stretch `json:"machines,omitempty"` // that made the steps so far; nil: an earlier version began the run

	Pretrained *models.Pretrained    `json:"pretrained,omitempty"` // what the backbone started from, nil: random weights
	Gallery    []evaluate.LabelImage `json:"gallery,omitempty"`    // rows of the checkpoint's gallery
}

// Mined is what a sampler was told at a step of the network as it was then.
type Mined struct {
	Step    int       `json:"step"`
	Hardest [][]int32 `json:"hardest"` // see sampler.Source
}

// Interpolated is what validation says of weights between the start of a training and a step of it.
type Interpolated struct {
	To     int     `json:"to_step"`
	Tried  []Share `json:"tried"`  // in between
	Chosen float64 `json:"chosen"` // share of the weights of that step in those of the model; 0 and 1: none of Tried is better
}

// Share is weights of so large a share of the trained ones, the others those of the start, and
// their train.select.
type Share struct {
	Share float64 `json:"share"`
	Value float64 `json:"value"`
}

// Stretch is a part of a training that one machine has made.
type Stretch struct {
	From int `json:"from_step"` // updates that were done before
	session.Machine
}

// Validation is the scores of a step, or those of trainings of as many steps, each on the fold
// that it held out.
type Validation struct {
	Step   int             `json:"step"`
	Folds  int             `json:"folds,omitempty"` // 0: of the model itself
	Scores evaluate.Scores `json:"scores"`
	Curve  *distance.Curve `json:"curve,omitempty"` // without a source; nil in runs of before it was kept
	// Strangers are images of classes that are not learned, at most 500; nil: there are none, or an
	// earlier version made the run. An exported model does not carry them: they tell whoever has a
	// picture that it was in the data.
	Strangers *index.Strangers `json:"strangers,omitempty"`
	Reference *drift.Reference `json:"reference,omitempty"` // of its pictures; nil in runs of before it was kept
}

// source says what was measured: "validation, step 1565".
func (v *Validation) source() string {
	if v.Folds > 0 {
		return fmt.Sprintf("validation, %d folds", v.Folds)
	}
	return fmt.Sprintf("validation, step %d", v.Step)
}

// ErrNoThreshold says that a checkpoint was saved before the first evaluation.
var ErrNoThreshold = errors.New("no threshold was calibrated before this checkpoint")

// ErrFrozen says that a gallery was asked for which the model cannot embed.
var ErrFrozen = errors.New("with target.side=frozen label images have the embeddings that the network gave them " +
	"before the training; the model carries those of the training and can embed no others")

// Model is one checkpoint of a run, ready to embed and compare.
type Model struct {
	*network.Network
	Spec  *spec.Spec // with every default filled in
	State State
	Step  int
	Path  string    // of the checkpoint
	Seen  *seen.Set // images that the training has seen; nil: the run does not remember them

	gallery []float32 // [G,D]
}

// Open opens the checkpoint of the run folder that which names: "best", "last" or
// a step. Errors: those of run.Open, checkpoint.Load, graphs.Resolve and network.Open.
func Open(folder, which string, own network.Own, o session.Options) (*Model, error) {
	f, err := run.Open(folder)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := f.Spec()
	if err != nil {
		return nil, err
	}
	s, err := spec.Stored(text, f.SpecPath())
	if err != nil {
		return nil, err
	}
	step, err := f.Resolve(which)
	if err != nil {
		return nil, err
	}
	parts, err := own.Resolve(s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.SpecPath(), err)
	}
	m := &Model{Spec: parts.Spec, Step: step, Path: checkpoint.Path(f.Checkpoints(), step)}
	switch list, err := f.Seen(); {
	case err == nil:
		m.Seen = seen.NewSet(list)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	c, err := checkpoint.Load(m.Path)
	if err != nil {
		return nil, err
	}
	if m.State, err = ReadState(c); err != nil {
		return nil, err
	}
	if m.Network, err = network.Open(parts, own, o); err != nil {
		return nil, err
	}
	if err := m.Restore(c); err != nil {
		return nil, errors.Join(err, m.Close())
	}
	if m.gallery, err = GalleryOf(c, m.State); err == nil && len(m.gallery) != len(m.State.Gallery)*m.Dim() {
		err = fmt.Errorf("%d numbers, want %d of each of %d label images", len(m.gallery), m.Dim(),
			len(m.State.Gallery))
	}
	if err != nil {
		err = &checkpoint.CorruptError{Path: m.Path, File: galleryTensor, Reason: err.Error()}
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// ReadState returns the state in c's manifest.
func ReadState(c *checkpoint.Checkpoint) (State, error) {
	var s State
	if err := json.Unmarshal(c.Meta, &s); err != nil {
		return s, fmt.Errorf("read the state of checkpoint step %d: %w", c.Step, err)
	}
	return s, nil
}

// Threshold returns the threshold calibrated on validation at the checkpoint's
// step, or at the last evaluation before it, which the source then says. The
// error is ErrNoThreshold.
func (m *Model) Threshold() (distance.Threshold, error) {
	v := m.State.Validation
	if v == nil {
		return distance.Threshold{}, ErrNoThreshold
	}
	t := distance.Threshold{Value: v.Scores.Threshold,
		Source: fmt.Sprintf("%s, %s", v.source(), plural.Count(v.Scores.Pairs, "pair"))}
	if v.Scores.Rule != "" && v.Curve != nil && v.Curve.Check() == nil {
		same, different := v.Curve.Pairs()
		t.Source = fmt.Sprintf("%s, %d same and %d different pairs: %s", v.source(), same, different, v.Scores.Rule)
		t.FalseAccepts = m.Spec.Train.Threshold.FalseAccepts
	}
	return t, nil
}

// Curve returns what other thresholds did on the pairs of validation at the step of Threshold; nil
// where it was not kept.
func (m *Model) Curve() *distance.Curve {
	v := m.State.Validation
	if v == nil || v.Curve == nil {
		return nil
	}
	c := *v.Curve
	c.Source = v.source()
	return &c
}

// Probability returns the probability of "same", calibrated where Threshold was; nil where
// that was before probabilities were kept.
func (m *Model) Probability() *distance.Probability {
	v := m.State.Validation
	if v == nil || v.Scores.Probability == nil {
		return nil
	}
	p := *v.Scores.Probability
	p.Source = fmt.Sprintf("%s, %d pairs", v.source(), v.Scores.Pairs)
	return &p
}

// Resize returns how pictures are brought to the model's size.
func (m *Model) Resize() resize.Options {
	return network.Resize(m.Spec)
}

// Splits says how a training with s splits data that names no splits.
func Splits(s *spec.Spec) dataset.SplitOptions {
	t := s.Train
	return dataset.SplitOptions{Val: t.Val, Test: t.Test, ByClass: t.Unseen, Folds: t.Folds, Fold: t.Fold, Seed: uint64(t.Seed)}
}
