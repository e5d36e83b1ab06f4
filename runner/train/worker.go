package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// Work makes the steps of a chief's training that are this process' own part of. It reads the data that the chief
// reads, writes nothing, and returns how many steps it has made its part of. c.Group must be set; Folder,
// Weights, MaxTime and Exact are the chief's. Errors are those of Run before its first step, *UnlikeError,
// *ApartError, *LeftError, that of ctx, and what c.Group says of a process that was lost.
func Work(ctx context.Context, c Config) (steps int, err error) {
	if c.Resolved, err = c.ofGroup(); err != nil {
		return 0, err
	}
	if err := c.Data.Assign(trained.Splits(c.Spec)); err != nil {
		return 0, err
	}
	if err := c.Data.CheckPairs(); err != nil {
		return 0, err
	}
	l := &loop{Config: c, given: c.Spec}
	if err := l.countClasses(); err != nil {
		return 0, err
	}
	l.Observe = c.watched()
	err = l.prepareWork(ctx)
	if err == nil {
		err = l.work(ctx)
	}
	return l.step - l.joinedAt, errors.Join(err, l.close())
}

// prepareWork opens the network and reads the data, and takes the chief's state.
func (l *loop) prepareWork(ctx context.Context) (err error) {
	if l.network, err = network.Open(l.Parts, l.Own, l.Session); err != nil {
		return err
	}
	if err := l.checkPrecision(); err != nil {
		return err
	}
	if l.Store.JPEG, err = session.SharedJPEG(l.Session); err != nil {
		return err
	}
	if err := l.makeStore(); err != nil {
		return err
	}
	trainPart, valPart := l.Data.In(dataset.Train), l.Data.In(dataset.Val)
	if l.labelImages, err = l.prepareImages(ctx, &trainPart, &valPart); err != nil {
		return err
	}
	if err := l.plan(trainPart); err != nil {
		return err
	}
	if err := l.compareCards(trainPart, l.labelImages); err != nil {
		return err
	}
	if err := l.network.Start(uint64(l.Spec.Train.Seed)); err != nil { // a variable must be set before it is read
		return err
	}
	return l.shareState()
}

// work makes steps until the chief ends them.
func (l *loop) work(ctx context.Context) error {
	debug.FreeOSMemory() // as run
	loader := pipeline.NewLoader(l.store, l.sampler, l.loaderOptions())
	for batch, err := range loader.Iter(context.WithoutCancel(ctx), l.step, l.Spec.Train.Steps) {
		if err != nil {
			return err
		}
		word, err := l.listen(ctx)
		if err != nil || word != aStep {
			return err
		}
		if _, err := l.network.SharedStep(batch, l.step, l.Group); err != nil {
			return err
		}
		l.step++
	}
	_, err := l.listen(ctx) // to the end
	return err
}

// listen returns what the chief says next: that a step is to be made, or that the training has ended.
func (l *loop) listen(ctx context.Context) (word int32, err error) {
	for {
		own := willing
		if ctx.Err() != nil {
			own = leaving
		}
		words, err := l.meet(own)
		if err != nil {
			return 0, err
		}
		switch word = words[0]; {
		case word == ended:
			l.Group.Leave()
			return word, nil
		case word == stopped:
			l.Group.Leave()
			return word, cmp.Or(ctx.Err(), error(&LeftError{Who: "the chief", Step: l.step}))
		case anyLeaves(words): // the chief ends the training next
		case word == aStep:
			return word, nil
		case word == compare:
			if err := l.compareVariables(); err != nil {
				return 0, err
			}
		default:
			return 0, fmt.Errorf("the chief says %d, which this process does not know", word)
		}
	}
}

// anyLeaves reports whether a process other than the chief was told to stop: what the chief says then is not done.
func anyLeaves(words []int32) bool {
	return slices.Contains(words[1:], leaving)
}
