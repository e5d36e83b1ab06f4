// Package train runs trainings:
//
//	spec + dataset → Store, Loader → Network.Step … → evaluations, checkpoints, events → a run folder
//
// A training is a pure function of spec, data and session.Machine: stopped at any
// moment and called again, Run goes on from the last checkpoint and ends with the
// same weights, bit for bit. On another machine it says so. It prints nothing: Config.Observe is told all.
package train

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// Config says what to train, on what, and where to.
type Config struct {
	*Resolved                  // of the spec: see Resolve
	Data      *dataset.Dataset // Run assigns missing splits
	Opened    []string         // by what words the caller opened Data: kept in the run, for who opens it again
	Folder    string           // run folder: made, or gone on with
	Weights   []*weights.File  // that the backbone of a new run starts from, one for each of its networks; nil: random ones
	Session   session.Options
	Store     pipeline.StoreOptions // Resizer is set from Spec
	Pixels    *pipeline.Store       // of these images at the size of Spec, shared; nil: Run makes its own
	Features  string                // file of features, shared with trainings before and after; "": the run folder's
	MaxTime   time.Duration         // ends the training after a step, evaluated and saved; 0: no limit
	SkipBad   float64               // share of images that may be bad and left out; 0: none
	Exact     bool                  // a run that this machine cannot go on with to the last digit is refused
	Profile   bool                  // a Profiled is observed behind the first ProfileSteps steps
	Observe   func(Event)           // may be nil; called from one goroutine
	Now       func() time.Time      // the clock, for speeds and the times of events
	Group     Group                 // the processes that train together, of which this is the chief; nil: it is alone
	Program   string                // version of the program, which is the same in all of them
}

// Summary is what a training came to.
type Summary struct {
	Ended
	BestStep  int              // step of the best checkpoint by train.select, -1 if there is none
	BestValue float64          // its value of train.select
	Later     float64          // best value after the first step: what it learnt, even where the start is better
	Selected  string           // train.select
	Best      *evaluate.Scores // its scores on validation, nil if there is none
	Folds     int              // of which Best is pooled; 0: it is of the model itself
	Fold      int              // in which time was up, from 1; 0: in none
	Member    int              // of an ensemble, in which time was up, from 1; 0: in none
}

// Run trains until the budget of steps or MaxTime is used, patience runs out, or ctx is
// cancelled: then the step in hand is finished and a checkpoint saved, and the
// error is an *InterruptedError. What ends before its first step leaves no new
// folder. With train.folds it first trains once for each fold, in folders inside the run's,
// and then on all of train and validation. The networks of an ensemble are trained first, one after the
// other, in folders inside the run's, too. Other errors: *SamplerError, *SpecError, *DataError, *pipeline.BadImagesError,
// *ClassesError, *ImagesError, *WeightsError, *weights.Error, *weights.OptionsError,
// *MachineError, *evaluate.NoPairsError, *run.LockedError, *DivergedError.
func Run(ctx context.Context, c Config) (*Summary, error) {
	return runOne(ctx, c, nil)
}

// runOne is Run that lets after, if it is not nil, see a training that has made all its steps.
func runOne(ctx context.Context, c Config, after func(*loop) error) (*Summary, error) {
	if err := c.keepNoTest(); err != nil {
		return nil, err
	}
	var whole *dataset.Dataset // of which folds are assigned
	if c.Spec.Train.Folds > 0 {
		whole = c.Data.Without(nil)
	}
	if err := c.Data.Assign(trained.Splits(c.Spec)); err != nil {
		return nil, err
	}
	if err := c.Data.CheckPairs(); err != nil {
		return nil, err
	}
	resolved, err := c.ofGroup()
	if err != nil {
		return nil, err
	}
	c.Resolved = resolved
	l := &loop{Config: c, given: c.Spec}
	if err := l.countClasses(); err != nil {
		return nil, err
	}
	if err := session.Ready(c.Session); err != nil { // before hours of reading images
		return nil, err
	}
	if l.folder, l.longer, err = openFolder(c.Folder, l.Resolved); err != nil {
		return nil, err
	}
	defer l.folder.Close()
	if c.MaxTime > 0 {
		l.until = c.Now().Add(c.MaxTime)
	}
	l.Observe = c.watched()
	if l.folds() {
		if stopped, err := l.pool(ctx, whole); err != nil || stopped != nil {
			return stopped, errors.Join(err, l.close(), l.discard(stopped))
		}
	}
	if l.ensemble() {
		if stopped, err := l.trainMembers(ctx); err != nil || stopped != nil {
			return stopped, errors.Join(err, l.close(), l.discard(stopped))
		}
	}
	if err := l.open(ctx); err != nil {
		return nil, errors.Join(err, l.close(), l.discard(nil))
	}
	if l.Group != nil {
		if err := l.shareState(); err != nil {
			return nil, errors.Join(err, l.close())
		}
	}
	summary, err := l.run(ctx)
	if err == nil && after != nil && summary.Step == l.Spec.Train.Steps {
		err = after(l)
	}
	l.dismiss(err)
	return summary, errors.Join(err, l.close())
}

// keepNoTest gives a run that was begun before there was a key train.test what it had, where
// Spec says no more than the default.
func (c *Config) keepNoTest() error {
	f, err := run.Open(c.Folder)
	if err != nil {
		return nil // a new run; openFolder says where it cannot be
	}
	text, err := f.Spec()
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if spec.NamesTest(text) || c.Spec.Train.Test != spec.DefaultTest {
		return nil
	}
	before, err := spec.Stored(text, f.SpecPath())
	if err != nil {
		return nil // openFolder says what is wrong
	}
	s := *c.Spec
	s.Train.Test = before.Train.Test
	c.Resolved, err = Resolve(&s)
	return err
}

// open builds the network, reads the data, and sets the network to the last checkpoint or
// to a start.
func (l *loop) open(ctx context.Context) error {
	trainPart, valPart := l.Data.In(dataset.Train), l.Data.In(dataset.Val)
	var err error
	if l.network, err = network.Open(l.Parts, l.Own, l.Session); err != nil {
		return err
	}
	if err := l.checkPrecision(); err != nil {
		return err
	}
	if err := l.openStore(); err != nil {
		return err
	}
	if err := l.importWeights(); err != nil {
		return err
	}
	labelImages, err := l.prepareImages(ctx, &trainPart, &valPart)
	if err != nil {
		return err
	}
	valPart = l.withoutTrained(trainPart, valPart)
	if err := l.plan(trainPart); err != nil {
		return err
	}
	if err := l.choose(l.once(valPart, labelImages), labelImages); err != nil {
		return err
	}
	images, err := l.images(trainPart, valPart, labelImages)
	if err != nil {
		return err
	}
	if err := l.resume(images); err != nil {
		return err
	}
	if err := l.check(); err != nil {
		return err
	}
	if l.Group != nil {
		if err := l.compareCards(trainPart, labelImages); err != nil {
			return err
		}
	}
	l.cache.images = pipeline.NewCached(l.store, l.cacheOptions(trainPart, valPart))
	if err := l.timePrecisions(ctx); err != nil {
		return err
	}
	if err := l.started(trainPart, valPart); err != nil || l.saved != "" {
		return err
	}
	if err := l.fit(ctx, trainPart); err != nil {
		return err
	}
	return l.validation.begin(ctx)
}

// openStore makes the store of pixels, or takes the one that is shared, if the run began with its decoder.
func (l *loop) openStore() error {
	if l.store != nil { // folds have opened it
		return nil
	}
	ofGo, err := l.beganWithGo()
	if err != nil {
		return err
	}
	if l.Pixels != nil && (l.Pixels.Decoder() == "") == ofGo {
		l.store = l.Pixels
		return nil
	}
	if l.Store.JPEG = nil; !ofGo {
		if l.Store.JPEG, err = session.SharedJPEG(l.Session); err != nil {
			return err
		}
	}
	if l.Store.SpillDir == "" {
		l.Store.SpillDir = l.folder.Path() // a disk that is meant to hold much; "/tmp" may be memory
	}
	return l.makeStore()
}

// makeStore makes the store of pixels, by l.Store.
func (l *loop) makeStore() error {
	if err := l.Store.Resize(network.Resize(l.Spec), l.Spec.Target.Resize); err != nil {
		return err
	}
	l.Store.Identify = true
	l.store = pipeline.NewStore(l.Data, l.Store)
	return nil
}

// beganWithGo reports whether the run was begun with Go's decoder of JPEG files, by an earlier version: it goes
// on with the same pixels.
func (l *loop) beganWithGo() (bool, error) {
	state, ok, err := l.newestState()
	return ok && state.Decoder == "", err
}

// newestState returns what the newest checkpoint says of the training, without its tensors. It is false where there
// is none, or none that can be read: resume says what is wrong with it.
func (l *loop) newestState() (state trained.State, ok bool, err error) {
	steps, err := checkpoint.Steps(l.folder.Checkpoints())
	if err != nil {
		return state, false, err
	}
	for _, step := range slices.Backward(steps) {
		meta, err := checkpoint.Meta(checkpoint.Path(l.folder.Checkpoints(), step))
		if err != nil {
			continue
		}
		state, err = trained.ReadState(&checkpoint.Checkpoint{Step: step, Meta: meta})
		return state, err == nil, nil
	}
	return state, false, nil
}

// prepareImages decodes every image of both parts, and all label images, and takes the
// bad ones out or refuses. It returns the label images that are left, ascending.
func (l *loop) prepareImages(ctx context.Context, parts ...*dataset.Part) ([]int32, error) {
	var images []int32
	for _, p := range parts {
		images = append(images, p.Images...)
	}
	labelImages := l.Data.All().LabelImages()
	images = append(images, labelImages...)
	bad, err := l.store.Prepare(ctx, images, func(done, total int) {
		l.Observe(Prepared{Done: done, Total: total})
	})
	if err != nil {
		return nil, err
	}
	if l.state.Skipped, err = pipeline.LeaveOut(bad, len(images), l.SkipBad, parts...); err != nil {
		return nil, err
	}
	for _, b := range bad {
		labelImages = slices.DeleteFunc(labelImages, func(i int32) bool { return i == b.Image })
	}
	return labelImages, nil
}

func (l *loop) started(train, val dataset.Part) error {
	devices, err := l.network.Devices()
	if err != nil {
		return err
	}
	e := Started{
		Step: l.step, Steps: l.Spec.Train.Steps, StepsPerEpoch: l.stepsPerEpoch(),
		TrainImages: len(train.Images), ValImages: len(val.Images),
		ValPairs: l.validation.pairs(), Folds: l.Spec.Train.Folds, Fold: l.Spec.Train.Fold, Networks: len(l.Backbone.Members),
		Classes: len(l.Data.Classes), Devices: devices, Skipped: l.state.Skipped,
		Notes: l.notes(), Pretrained: l.state.Pretrained, Data: l.Opened,
	}
	if l.pooled != nil {
		e.ValPairs = l.pooled.Scores.Pairs
	}
	for _, v := range l.network.Graph.Variables {
		if !v.Trained && !l.ensemble() {
			continue
		}
		n := int64(1)
		for _, d := range v.Shape {
			n *= d
		}
		e.Parameters += n
	}
	return l.tell(e)
}

// openFolder makes the run folder, or opens it and checks that it holds a training
// with the same spec. More steps than before are fine where the schedule does not
// depend on their number: longer is then the spec to store once all else is checked, else
// nil. The folder is locked.
func openFolder(path string, r *Resolved) (folder *run.Folder, longer []byte, err error) {
	text, err := r.Spec.Marshal()
	if err != nil {
		return nil, nil, err
	}
	if folder, err = run.OpenOrCreate(path, text); err != nil {
		return nil, nil, err
	}
	if err := folder.Lock(); err != nil {
		return nil, nil, errors.Join(err, folder.Discard(), folder.Close())
	}
	more, err := checkSpec(folder, r)
	if err != nil {
		return nil, nil, errors.Join(err, folder.Close())
	}
	if more {
		longer = text
	}
	return folder, longer, nil
}

// checkSpec compares the spec of r with the one that the folder stores, and reports whether
// it has more steps.
func checkSpec(folder *run.Folder, r *Resolved) (longer bool, err error) {
	s := r.Spec
	before, err := storedSpec(folder, r.Own)
	if err != nil {
		return false, err
	}
	more := *before
	if r.Schedule.Open && !s.Train.Interpolate && r.Backbone.Members == nil && s.Train.Steps > before.Train.Steps {
		more.Train.Steps = s.Train.Steps
	}
	different, err := spec.Diff(&more, s)
	if err != nil {
		return false, err
	}
	if len(different) > 0 {
		return false, &SpecError{Folder: folder.Path(), Differences: different}
	}
	return more.Train.Steps > before.Train.Steps, nil
}

// storedSpec returns the spec of the training that the folder holds, which is not the one
// that is to be trained: an earlier version may have stored it. Options that came later have
// their defaults.
func storedSpec(folder *run.Folder, own network.Own) (*spec.Spec, error) {
	text, err := folder.Spec()
	if err != nil {
		return nil, err
	}
	s, err := spec.Stored(text, folder.SpecPath())
	if err != nil {
		return nil, err
	}
	before, err := own.Resolve(s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", folder.SpecPath(), err)
	}
	return before.Spec, nil
}
