package train

import (
	"errors"
	"fmt"

	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/trained"
)

// resume sets the network to the newest good checkpoint, or to a start, of which the run
// remembers the images. A run of a version that did not remember them stays without: it may
// have seen others.
func (l *loop) resume(images seen.List) error {
	l.state.Fingerprint, l.state.Data, l.state.GroupBy = l.Data.Fingerprint(), l.Data.Name, l.Data.GroupBy
	l.state.Classes, l.state.Seen, l.state.BestStep = l.Data.Classes, l.Data.Seen(), -1
	l.state.Validation, l.state.Decoder = l.pooled, l.store.Decoder()
	l.savedAt = l.Now()
	var err error
	if l.state.Gallery, err = evaluate.DescribeLabels(l.Data, l.validation.labelImages()); err != nil {
		return err
	}
	var corrupt []error
	c, err := checkpoint.Latest(l.folder.Checkpoints(), func(_ string, err error) {
		corrupt = append(corrupt, err)
	})
	if errors.Is(err, checkpoint.ErrNone) && len(corrupt) == 0 {
		if _, err := l.checkImages(images, ""); err != nil {
			return err
		}
		l.state.Images = images.Sum()
		machine, err := l.machine()
		if err != nil {
			return err
		}
		l.state.Machines = []trained.Stretch{{Machine: machine}}
		if err := l.start(); err != nil {
			return err
		}
		return errors.Join(l.lengthen(), l.folder.SetSeen(images))
	}
	if err != nil {
		return errors.Join(append(corrupt, err)...)
	}
	before, err := trained.ReadState(c)
	if err != nil {
		return err
	}
	if before.Fingerprint != l.state.Fingerprint {
		return &DataError{Folder: l.folder.Path(), Run: before.Fingerprint, Given: l.state.Fingerprint}
	}
	if err := l.checkWeights(before.Pretrained); err != nil {
		return err
	}
	if a, b := fmt.Sprint(before.Skipped), fmt.Sprint(l.state.Skipped); a != b {
		return &DataError{Folder: l.folder.Path(), Run: "skipped images " + a, Given: "skipped images " + b}
	}
	lost, err := l.checkImages(images, before.Images)
	if err != nil {
		return err
	}
	if l.pooled != nil { // of more steps, perhaps
		before.Validation = l.pooled
	}
	l.state, l.step = before, c.Step
	if err := l.changeMachine(); err != nil {
		return err
	}
	l.saved = checkpoint.Path(l.folder.Checkpoints(), c.Step)
	if err := errors.Join(l.network.Restore(c), l.validation.resume(c, l.state)); err != nil {
		return err
	}
	if err := errors.Join(l.lengthen(), l.tidy()); err != nil { // all is checked: from here on the folder is changed
		return err
	}
	if lost && l.state.Images != "" { // its checkpoint knows that these are the images
		if err := l.folder.SetSeen(images); err != nil {
			return err
		}
	}
	for _, err := range corrupt {
		if err := l.tell(Alarmed{Step: c.Step, Reason: err.Error(),
			Advice: "the checkpoint is passed over; training goes on from the newest good one"}); err != nil {
			return err
		}
	}
	return nil
}

// lengthen stores the spec of a training that goes on with more steps than before.
func (l *loop) lengthen() error {
	if l.longer == nil {
		return nil
	}
	if err := l.folder.SetSpec(l.longer); err != nil {
		return fmt.Errorf("store the spec with more steps: %w", err)
	}
	return nil
}
