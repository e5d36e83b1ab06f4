package tune

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/train"
)

// How a trial ended.
const (
	Done     = "done"
	Diverged = "diverged" // the loss, or a weight, was no finite number
	Refused  = "refused"  // its settings do not go together, or not with the data
)

// Trial is one training of a search. Fields are only ever added.
type Trial struct {
	Number   int      `json:"trial"` // of the plan, from 0
	Set      []string `json:"set"`   // assignments over the spec
	Steps    int      `json:"steps"`
	Seed     int64    `json:"seed"` // of the training
	Status   string   `json:"status"`
	Reason   string   `json:"reason,omitempty"` // of another status than done
	Value    float64  `json:"value"`            // of the best checkpoint by train.select, on validation
	Low      float64  `json:"low"`              // of the interval of Value
	High     float64  `json:"high"`
	BestStep int      `json:"best_step"`
	Later    float64  `json:"later"`            // best value after the first step: of settings of one value, the better
	Doubts   []string `json:"doubts,omitempty"` // why the value carries little
	Seconds  float64  `json:"seconds"`
	Run      string   `json:"run,omitempty"` // run folder, inside the search's
}

// same reports whether two records are of one training.
func (t Trial) same(other Trial) bool {
	return t.Number == other.Number && t.Steps == other.Steps && t.Seed == other.Seed
}

// resolve returns the training that t is, over a base.
func (t Trial) resolve(base *train.Resolved) (*train.Resolved, error) {
	s, err := base.Spec.Set(t.Set...)
	if err != nil {
		return nil, err
	}
	s.Train.Steps, s.Train.Seed = t.Steps, t.Seed
	return train.ResolveWith(s, base.Own)
}

// folder names the run folder of a training. A trial that goes on for more steps does so
// in the same one, unless its schedule depends on how many there will be.
func (t Trial) folder(r *train.Resolved, whole int) string {
	name := fmt.Sprintf("%04d", t.Number)
	if t.Steps < whole && !r.Schedule.Open {
		name += fmt.Sprintf("-steps-%d", t.Steps)
	}
	return name
}

// try trains t, or goes on with it, into the folder runs of the search. What is wrong with
// its settings is told in the trial; the error is of what no other trial would mend.
func (u *tuner) try(ctx context.Context, t Trial, runs string) (Trial, error) {
	r, err := t.resolve(u.Resolved)
	if err != nil {
		return t.failed(Refused, err), nil
	}
	t.Run = filepath.Join(runs, t.folder(r, u.Spec.Train.Steps))
	data, err := u.open()
	if err != nil {
		return t, err
	}
	defer data.Close() // read only
	store, err := u.pixels.of(data, r.Spec)
	if err != nil {
		return t, err
	}
	started := u.Now()
	summary, err := train.Run(ctx, train.Config{Resolved: r, Data: data, Session: u.Session,
		Folder: filepath.Join(u.Folder, t.Run), Weights: u.Weights, Features: u.features(),
		Store: u.Store, Pixels: store, SkipBad: u.SkipBad,
		Observe: u.Training, Now: u.Now})
	t.Seconds = u.Now().Sub(started).Seconds()
	var diverged *train.DivergedError
	var sampler *train.SamplerError
	var classes *train.ClassesError
	switch {
	case errors.As(err, &diverged):
		return t.failed(Diverged, err), nil
	case errors.As(err, &sampler) || errors.As(err, &classes):
		t.Run = ""
		return t.failed(Refused, err), nil
	case err != nil:
		return t, fmt.Errorf("trial %d: %w", t.Number, err)
	}
	t.Status, t.Value, t.Later, t.BestStep = Done, summary.BestValue, summary.Later, summary.BestStep
	if summary.Best != nil {
		interval := summary.Best.Intervals[strings.TrimPrefix(summary.Selected, "val.")]
		t.Low, t.High, t.Doubts = interval.Low, interval.High, summary.Best.Doubts
	}
	return t, nil
}

func (t Trial) failed(status string, err error) Trial {
	t.Status, t.Reason = status, err.Error()
	return t
}

// open opens the data anew, for another training to split, and checks that it is the same.
func (u *tuner) open() (*dataset.Dataset, error) {
	data, err := u.Open()
	if err != nil {
		return nil, err
	}
	if got := data.Fingerprint(); got != u.fingerprint {
		data.Close() // read only
		return nil, &train.DataError{Folder: u.Folder, Run: u.fingerprint, Given: got}
	}
	return data, nil
}

// sharedPixels keeps the decoded images of one size for the trainings that follow.
type sharedPixels struct {
	options pipeline.StoreOptions
	session session.Options
	data    *dataset.Dataset // where the images are, in the order of every opening
	input   spec.Input
	target  string          // resize mode of label images
	store   *pipeline.Store // nil before the first
}

// of returns the pixels for a network's input: those there are, or new ones in their place.
func (p *sharedPixels) of(data *dataset.Dataset, s *spec.Spec) (*pipeline.Store, error) {
	if p.store != nil && p.input == s.Input && p.target == s.Target.Resize {
		return p.store, nil
	}
	o := p.options
	o.Identify = true // trials remember what they have seen
	jpeg, err := session.SharedJPEG(p.session)
	if err != nil {
		return nil, err
	}
	o.JPEG = jpeg
	if err := o.Resize(network.Resize(s), s.Target.Resize); err != nil {
		return nil, err
	}
	if err := p.close(); err != nil {
		return nil, err
	}
	p.input, p.target, p.store = s.Input, s.Target.Resize, pipeline.NewStore(p.data, o)
	return p.store, nil
}

func (p *sharedPixels) close() error {
	if p.store == nil {
		return nil
	}
	err := p.store.Close()
	p.store = nil
	return err
}
