package inference

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/runner/trained"
)

// ErrLabelThreshold says that the threshold of a search among label images cannot be chosen anew.
var ErrLabelThreshold = errors.New("photos of validation chose the threshold of its label images during the training, " +
	"and are not at hand to choose another")

// ErrElsewhere says that no other threshold can be chosen for an index in a database.
var ErrElsewhere = errors.New("strangers ask in an index folder, and not in a database: choose the threshold there and push it")

// NoAcceptError says that no threshold answers whether the nearest image of a search is an answer.
type NoAcceptError struct {
	Images int // searched
	Reason string
}

func (e *NoAcceptError) Error() string {
	return fmt.Sprintf("no threshold for a search among %s: %s", plural.Count(e.Images, "image"), e.Reason)
}

// Promising returns an index of m's space with a threshold that accepts at most a share of
// strangers, in (0,1), chosen as by Index. Errors: ErrElsewhere, ErrLabelThreshold of m's label images, and a
// *NoAcceptError where too few strangers can ask.
func (m *Model) Promising(in index.Searched, share float64) (*index.Index, error) {
	x, ok := in.(*index.Index)
	if !ok {
		return nil, ErrElsewhere
	}
	if x == m.Gallery && len(m.Labels.Images) > 0 {
		return nil, fmt.Errorf("model %q: %w", m.Name, ErrLabelThreshold)
	}
	c := m.calibration
	c.Promise = share
	if m.Spec.LabelImages() { // photos ask for such images, and they ask for nothing
		c.Learned = func(index.Item) bool { return true }
	}
	y := x.Calibrate(c)
	if a := y.About(); a.Accept == nil {
		return nil, &NoAcceptError{x.Len(), a.NoAccept}
	}
	return y, nil
}

// calibrationOf returns what thresholds of searches by an exported model are chosen with. The error
// is a *models.CorruptError.
func (m *Model) calibrationOf(info models.Info) (index.Calibration, error) {
	c := index.Calibration{Promise: index.Promise, Learned: m.learned}
	if _, ok := info.Manifest.Files[models.StrangersName]; !ok {
		c.Untold = m.untold()
		return c, nil
	}
	text, err := info.Manifest.ReadFile(info.Path, models.StrangersName)
	if err == nil {
		c.Strangers, err = index.ParseStrangers(text, m.Dim())
	}
	if err != nil {
		return c, &models.CorruptError{Path: info.Path, File: models.StrangersName, Reason: err.Error()}
	}
	c.Learned = func(i index.Item) bool { return !slices.Contains(c.Strangers.Classes, i.Class) && m.learned(i) }
	return c, nil
}

// untold says why an exported model has no embeddings of strangers though its run has some, ""
// where the run has none either.
func (m *Model) untold() string {
	switch {
	case !m.Spec.Train.Unseen:
		return ""
	case m.Manifest.Aliased:
		return "the model has aliases, which do not tell who is a stranger: build the index with the run that it was exported from"
	}
	return "the model was exported without --with-seen, so that its validation images cannot ask: " +
		"build the index with the run that it was exported from"
}

// learned reports whether the network of an exported model has learned from the class of i.
func (m *Model) learned(i index.Item) bool {
	return m.Manifest.Learned(i.Class) || trained.Trained(m.Seen, i)
}
