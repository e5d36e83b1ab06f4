package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"time"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/drift"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/sampler"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

const (
	saveEvery   = 5 * time.Minute  // between checkpoints, where epochs and evaluations are rarer
	restEvery   = 30 * time.Second // at least, between those of short epochs
	keepLast    = 3                // checkpoints kept besides the best
	recordEvery = 10               // steps between two step events in events.jsonl
)

// loop is a training in progress. One goroutine runs it; the Loader's workers
// read ahead and end with Iter.
type loop struct {
	Config
	folder     *run.Folder
	given      *spec.Spec          // before classes were counted
	longer     []byte              // spec of more steps than the folder stores, nil: the same
	pooled     *trained.Validation // what folds said; nil: the training has validation of its own
	store      *pipeline.Store
	labels     dataset.Labels // of the training data, where they are needed
	source     sampler.Source // of a sampler that mines
	sampler    sampler.Sampler
	network    *network.Network
	timed      []string    // what a step takes in both precisions, where that was measured
	pretrained *pretrained // weights to start from, nil: random ones
	joined     joined      // of an ensemble
	validation validation
	pictures   drift.Sample // how those of validation look; nil: nobody has looked
	cache      cache
	repeated   []string // says what validation repeats of training; nil: nothing
	found      []string // says what is wrong with the images, the worst first; nil: nothing
	moved      string   // says that the training goes on on another machine; "": it does not

	labelImages []int32 // of a process that is not the chief: those that can be read, ascending
	joinedAt    int     // step from which on all processes of a group make steps
	met         bool    // all of them wait for what the chief says

	step    int       // updates done
	until   time.Time // when the time is used up, zero: never
	state   trained.State
	saved   string // path of the last checkpoint, "" before the first
	savedAt time.Time
	meter   meter
	profile profile
	board   board
}

// close frees what open opened, however far it came.
func (l *loop) close() error {
	var errs []error
	errs = append(errs, l.board.close())
	errs = append(errs, l.cache.close())
	if l.network != nil {
		errs = append(errs, l.network.Close())
	}
	if l.store != nil && l.store != l.Pixels {
		errs = append(errs, l.store.Close())
	}
	return errors.Join(errs...)
}

// run makes the steps that are left.
func (l *loop) run(ctx context.Context) (*Summary, error) {
	start := l.Now()
	l.meter = newMeter(start)
	if l.Group != nil {
		l.meter.sent, l.meter.took = l.Group.Traffic()
	}
	l.board = board{folder: l.folder.TensorBoard(), first: l.step + 1}
	debug.FreeOSMemory()                                           // a long list lay in memory several times while it was read
	if l.saved == "" && (l.pretrained != nil || l.pooled != nil) { // gone on with, the run needs their file and folds no more
		if err := l.save(); err != nil {
			return nil, err
		}
	}
	reason := EndedBudget
	switch err := l.steps(ctx); {
	case left(err) && ctx.Err() == nil:
		return nil, errors.Join(err, l.save())
	case left(err): // this process was told to stop, too
		reason = EndedInterrupted
		if err := l.save(); err != nil {
			return nil, err
		}
	case err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err())):
		return nil, err
	case err != nil:
		reason = EndedInterrupted
		if l.saved != checkpoint.Path(l.folder.Checkpoints(), l.step) {
			if err := l.save(); err != nil {
				return nil, err
			}
		}
	case l.outOfPatience():
		reason = EndedPatience
	case l.step < l.Spec.Train.Steps:
		reason = EndedTime
	}
	if reason == EndedBudget || reason == EndedPatience {
		switch err := l.interpolate(ctx); {
		case err != nil && (ctx.Err() == nil || !errors.Is(err, ctx.Err())):
			return nil, err
		case err != nil: // it is made when the training goes on
			reason = EndedInterrupted
		}
	}
	if err := l.belowStart(reason); err != nil {
		return nil, err
	}
	end := Ended{Step: l.step, Reason: reason, Seconds: l.Now().Sub(start).Seconds()}
	if err := errors.Join(l.tell(end), l.folder.SyncEvents()); err != nil {
		return nil, err
	}
	if reason == EndedBudget || reason == EndedPatience {
		if err := l.dropFeatures(); err != nil {
			return nil, err
		}
	}
	if reason == EndedInterrupted {
		return nil, &InterruptedError{Step: l.step, Checkpoint: l.saved, Cause: context.Cause(ctx)}
	}
	return l.summary(end)
}

// steps trains until the budget or the time is used or patience runs out. The error is that of
// ctx where it was cancelled; the step in hand is finished then.
func (l *loop) steps(ctx context.Context) error {
	cutOff := l.due() && !l.evaluated()
	if cutOff || l.step < l.Spec.Train.Steps && !l.outOfPatience() {
		if err := l.extract(ctx); err != nil {
			return err
		}
	}
	if l.step == 0 && l.state.Start == nil && l.Spec.Train.Steps > 0 && l.pooled == nil {
		if err := l.evaluate(ctx); err != nil {
			return err
		}
	}
	if cutOff {
		if err := l.evaluate(ctx); err != nil {
			return err
		}
	}
	if l.outOfPatience() {
		return nil
	}
	for l.step < l.Spec.Train.Steps {
		until, err := l.mine(ctx)
		if err != nil {
			return err
		}
		if ended, err := l.stepsTo(ctx, until); err != nil || ended {
			return err
		}
	}
	return ctx.Err()
}

// stepsTo makes the steps up to one, not including it, with the sampler as it is. It reports whether training ends
// before.
func (l *loop) stepsTo(ctx context.Context, until int) (ended bool, err error) {
	loader := pipeline.NewLoader(l.store, l.sampler, l.loaderOptions())
	batches := l.batches()
	for batch, err := range loader.Iter(ctx, l.step*batches, until*batches) {
		if err != nil {
			return true, err
		}
		if err := l.stepOfAll(); err != nil {
			return true, err
		}
		before := l.step
		if err := l.update(batch); err != nil {
			return true, err
		}
		if l.step == before { // more batches make the update
			continue
		}
		last := l.outOfTime()
		if err := l.afterStep(ctx, last); err != nil || last || l.outOfPatience() {
			return true, err
		}
	}
	return false, ctx.Err()
}

// batches returns how many batches make an update.
func (l *loop) batches() int { return max(l.Spec.Train.Accumulate, 1) }

// stepsPerEpoch returns how many updates show all of the data once, at least 1.
func (l *loop) stepsPerEpoch() int {
	return (l.sampler.StepsPerEpoch() + l.batches() - 1) / l.batches()
}

// learn makes a step, or, where that takes more batches, does what belongs to this one.
func (l *loop) learn(b *pipeline.Batch) (update network.Update, done bool, err error) {
	if l.Group != nil {
		l.met = false
		update, err = l.network.SharedStep(b, l.step, l.Group)
		l.met = err == nil
		return update, true, err
	}
	if l.batches() > 1 {
		return l.network.Accumulate(b, l.step)
	}
	update, err = l.network.Step(b, l.step)
	return update, true, err
}

// profiled is learn, and says what the operations of steps took where Config asks for that.
func (l *loop) profiled(b *pipeline.Batch) (update network.Update, done bool, err error) {
	if !l.Profile {
		return l.learn(b)
	}
	l.profile.around(l.network, func() { update, done, err = l.learn(b) })
	if err == nil && done {
		if e, ok := l.profile.done(l.step + 1); ok {
			l.Observe(e)
		}
	}
	return update, done, err
}

// update makes one step, or a part of it.
func (l *loop) update(b *pipeline.Batch) error {
	update, done, err := l.profiled(b)
	if err != nil || !done {
		return err
	}
	loss := float64(update.Loss)
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return l.diverged(fmt.Sprintf("loss is %v", loss), b)
	}
	if l.meter.epochSteps == 0 {
		if l.meter.trivial, err = l.network.TrivialLoss(b); err != nil {
			return err
		}
	}
	l.step++
	l.meter.add(loss, float64(update.Active), l.batches()*len(b.Images))
	e := Stepped{Step: l.step, Steps: l.Spec.Train.Steps,
		LearningRate: float64(l.LearningRate(l.step - 1)),
		recorded:     l.step%recordEvery == 0 || l.step == l.Spec.Train.Steps}
	l.meter.read(&e, l.Now())
	if l.Group != nil {
		sent, took := l.Group.Traffic()
		l.meter.share(&e, sent, took)
	}
	if !e.recorded {
		l.Observe(e)
		return nil
	}
	l.meter.reset(l.Now())
	return l.tell(e)
}

func (l *loop) diverged(what string, b *pipeline.Batch) error {
	e := &DivergedError{Step: l.step, What: what, Checkpoint: l.saved}
	if b != nil {
		for _, i := range b.Images {
			e.Images = append(e.Images, l.Data.Images[i].Path)
		}
	}
	return e
}

// afterStep evaluates and saves where that is due, or where it was the last step.
func (l *loop) afterStep(ctx context.Context, last bool) error {
	evaluate := l.due() || last && l.pooled == nil
	if !evaluate && !last && l.Now().Sub(l.savedAt) < l.savePeriod() {
		return nil
	}
	if err := l.compareAll(); err != nil {
		return err
	}
	if evaluate {
		return l.evaluate(ctx)
	}
	return l.save()
}

// savePeriod is after how long a checkpoint is saved at this step.
func (l *loop) savePeriod() time.Duration {
	if l.step%l.stepsPerEpoch() == 0 {
		return restEvery
	}
	return saveEvery
}

func (l *loop) outOfTime() bool { return !l.until.IsZero() && !l.Now().Before(l.until) }

func (l *loop) outOfPatience() bool {
	return l.Spec.Train.Patience > 0 && l.state.Stale >= l.Spec.Train.Patience
}

// save writes a checkpoint of this step, and the pointer to the best one.
func (l *loop) save() error {
	c, err := l.network.Snapshot()
	if err != nil {
		return err
	}
	if name := network.NotFinite(c); name != "" {
		return l.diverged(fmt.Sprintf("variable %q is not finite", name), nil)
	}
	if c.Meta, err = json.Marshal(l.state); err != nil {
		return fmt.Errorf("encode the state of step %d: %w", l.step, err)
	}
	if err := l.validation.keep(c, l.step); err != nil {
		return err
	}
	c.Step = l.step
	if err := l.folder.CheckLock(); err != nil {
		return err
	}
	if err := l.folder.SyncEvents(); err != nil { // those before the checkpoint are not made again
		return err
	}
	if l.saved, err = checkpoint.Save(l.folder.Checkpoints(), c); err != nil {
		return err
	}
	l.savedAt = l.Now()
	if err := l.tidy(); err != nil {
		return err
	}
	debug.FreeOSMemory() // weights and slots lay in memory twice more, for the file
	return l.tell(Saved{Step: l.step, Path: l.saved})
}

// tidy brings what follows from the checkpoints up to the last one: RUN/best, and which are kept.
func (l *loop) tidy() error {
	if l.state.BestStep >= 0 {
		if err := l.folder.ShowBest(l.state.BestStep, l.Select.Key, l.state.BestValue); err != nil {
			return err
		}
	}
	pinned := []int{l.state.BestStep}
	if l.Spec.Train.Interpolate && l.state.Interpolated == nil {
		pinned = append(pinned, 0)
	}
	return checkpoint.Prune(l.folder.Checkpoints(), keepLast, pinned...)
}

// summary returns what the training came to, with the scores of the best checkpoint.
func (l *loop) summary(end Ended) (*Summary, error) {
	s := &Summary{Ended: end, BestStep: l.state.BestStep, Selected: l.Select.Key}
	if l.state.BestStep < 0 {
		return s, nil
	}
	s.BestValue, s.Later = l.state.BestValue, l.state.BestValue
	if l.state.Later != nil {
		s.Later = *l.state.Later
	}
	c, err := checkpoint.Load(checkpoint.Path(l.folder.Checkpoints(), l.state.BestStep))
	if err != nil {
		return nil, err
	}
	var state trained.State
	if err := json.Unmarshal(c.Meta, &state); err != nil {
		return nil, fmt.Errorf("read the state of checkpoint step %d: %w", c.Step, err)
	}
	if state.Validation != nil {
		s.Best, s.Folds = &state.Validation.Scores, state.Validation.Folds
	}
	return s, nil
}

// tell observes e and keeps it in the run folder.
func (l *loop) tell(e Event) error {
	l.Observe(e)
	if err := l.board.show(e, l.Now()); err != nil {
		return err
	}
	line, err := Encode(e, l.Now())
	if err != nil {
		return err
	}
	return l.folder.AppendEvent(line)
}
