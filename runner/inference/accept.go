package inference

import (
	"errors"
	"fmt"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models/index"
)

// ErrLabelThreshold says that the threshold of a search among label images cannot be chosen anew.
var ErrLabelThreshold = errors.New("photos of validation chose the threshold of its label images during the training, " +
	"and are not at hand to choose another")

// NoAcceptError says that no threshold answers whether the nearest image of a search is an answer.
type NoAcceptError struct {
	Images int // searched
	Reason string
}

func (e *NoAcceptError) Error() string {
	return fmt.Sprintf("no threshold for a search among %s: %s", plural.Count(e.Images, "image"), e.Reason)
}

// Promising returns x, an index of m's space, with a threshold that accepts at most a share of
// strangers, in (0,1), chosen as by Index. Errors: ErrLabelThreshold of m's label images, and a
// *NoAcceptError where too few strangers can ask.
func (m *Model) Promising(x *index.Index, share float64) (*index.Index, error) {
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
