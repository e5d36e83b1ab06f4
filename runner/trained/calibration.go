package trained

import (
	"encoding/hex"
	"slices"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// Calibration returns what thresholds of searches by m are chosen with: images of classes that
// the network has learned are no strangers, and images of validation that it has not learned are.
func (m *Model) Calibration() index.Calibration {
	c := index.Calibration{Promise: index.Promise}
	if s := m.Strangers(); s != nil {
		c.Strangers = *s
	}
	learned := map[string]bool{}
	for _, class := range m.State.Seen {
		learned[class] = !slices.Contains(c.Strangers.Classes, class)
	}
	c.Learned = func(i index.Item) bool { return learned[i.Class] || Trained(m.Seen, i) }
	return c
}

// Strangers returns the embeddings of validation images of classes that the network has not
// learned; nil: there are none, or the run does not remember them.
func (m *Model) Strangers() *index.Strangers {
	if v := m.State.Validation; v != nil {
		return v.Strangers
	}
	return nil
}

// Trained reports whether the network was trained on the image of i, which seen may remember by
// its file; nil remembers nothing.
func Trained(s *seen.Set, i index.Item) bool {
	sum, err := hex.DecodeString(i.SHA256)
	var id phash.Identity
	if s == nil || err != nil || len(sum) != len(id.SHA256) {
		return false
	}
	copy(id.SHA256[:], sum)
	image, ok := s.Find(id)
	return ok && image.Role == seen.Train
}
