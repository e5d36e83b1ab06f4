package train

import (
	"errors"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/pipeline"
)

// stepOfAll has all processes make the next step, or ends it where one was told to stop: the error is a
// *LeftError then. It does nothing where this process is alone.
func (l *loop) stepOfAll() error {
	if l.Group == nil {
		return nil
	}
	if l.step > l.joinedAt && l.step%compareEvery == 0 {
		if err := l.compareAll(); err != nil {
			return err
		}
	}
	return l.say(aStep)
}

// compareAll has all processes compare their variables.
func (l *loop) compareAll() error {
	if l.Group == nil {
		return nil
	}
	if err := l.say(compare); err != nil {
		return err
	}
	return l.compareVariables()
}

// say holds a meeting at which the chief says word.
func (l *loop) say(word int32) error {
	words, err := l.meet(word)
	if err != nil {
		return err
	}
	for rank, w := range words[1:] {
		if w == leaving {
			return &LeftError{Who: l.Group.Name(1 + rank), Step: l.step}
		}
	}
	return nil
}

// dismiss ends the training of all processes, whatever it came to. Where the others do not wait for what the chief
// says, they find out by its end.
func (l *loop) dismiss(err error) {
	if l.Group == nil || !l.met {
		return
	}
	word := ended
	if err != nil {
		word = stopped
	}
	_, _ = l.meet(word) // where a process is lost, that was said before
	l.Group.Leave()
}

// left reports whether a process has left in order, so that what was learnt is saved.
func left(err error) bool {
	var l *LeftError
	return errors.As(err, &l)
}

// loaderOptions say how batches of training are assembled.
func (l *loop) loaderOptions() pipeline.LoaderOptions {
	o := pipeline.LoaderOptions{
		Labels: l.labels.Of, Augment: l.Augmenter, Workers: l.Store.Workers,
		LabelImages: l.Spec.Target.Side == spec.SharedTargets, AugmentLabelImages: l.Spec.Target.Augment,
		Cached: l.cache.filled(), Part: l.Spec.Train.Chunk}
	if l.Group != nil {
		o.Share = pipeline.Share{Rank: l.Group.Rank(), Of: l.Group.Size()}
	}
	return o
}
