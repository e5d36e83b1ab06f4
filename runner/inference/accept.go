package inference

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/runner/trained"
)

// ErrLabelThreshold says that the threshold of a search among label images cannot be chosen anew.
var ErrLabelThreshold = errors.New("photos of validation chose the threshold of its label images during the training, " +
	"and are not at hand to choose another")

// NoAcceptError says that no threshold answers whether the nearest image of a search is an answer.
type NoAcceptError struct {
	Images    int // searched
	Reason    string
	Suggested *float64 // see Suggested
	Outgrown  bool     // it lies in a database, and Renew chooses its threshold
}

func (e *NoAcceptError) Error() string {
	return fmt.Sprintf("no threshold for a search among %s: %s", plural.Count(e.Images, "image"), e.Reason)
}

// Silent reports whether m does not tell of the strangers that its run knows: it was exported without the images that training has seen,
// or with aliases. Then the run chooses thresholds, or an export that tells.
func (m *Model) Silent() bool { return m.calibration.Untold != "" }

// Promising returns an index of m's space with a threshold that accepts at most a share of
// strangers, in (0,1), chosen as by Index. Of an index in a database it reads all entries. Errors: ErrLabelThreshold of m's label
// images, a *NoAcceptError where too few strangers can ask, and *postgres.Error.
func (m *Model) Promising(ctx context.Context, x index.Searched, share float64) (index.Searched, error) {
	if x == index.Searched(m.Gallery) && len(m.Labels.Images) > 0 {
		return nil, fmt.Errorf("model %q: %w", m.Name, ErrLabelThreshold)
	}
	var about index.About
	var err error
	switch x := x.(type) {
	case *index.Index:
		about = x.Calibrate(m.promising(share)).About()
	case *postgres.Index:
		about, err = x.Calibrate(ctx, m.promising(share))
	}
	if err != nil {
		return nil, err
	}
	if about.Accept == nil {
		return nil, &NoAcceptError{Images: x.Len(), Reason: about.NoAccept, Suggested: index.Suggested(ctx, x)}
	}
	return index.Accepting(x, *about.Accept), nil
}

// Renew chooses the threshold of an index in a database anew, for the images that it has now, and stores it there.
// At most a share of strangers is accepted, that of the threshold before, or else of index.Promise, where the share is 0. The
// threshold that is returned may be none: its NoAccept says why. The error is a *postgres.Error.
func (m *Model) Renew(ctx context.Context, x *postgres.Index, share float64) (index.About, error) {
	if share == 0 {
		share = index.Promise
		if before := x.Promised(); before > 0 {
			share = before
		}
	}
	return x.Renew(ctx, m.promising(share))
}

// promising returns what a threshold that accepts a share of strangers is chosen by.
func (m *Model) promising(share float64) index.Calibration {
	c := m.calibration
	c.Promise = share
	if m.Spec.LabelImages() { // photos ask for such images, and they ask for nothing
		c.Learned = func(index.Item) bool { return true }
	}
	return c
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
