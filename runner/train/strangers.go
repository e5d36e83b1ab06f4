package train

import (
	"slices"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// maxStrangers is how many images of validation a run keeps the embeddings of, at most: a rate
// of 5 % of so many is known to a point.
const maxStrangers = 500

// strangers are the images of validation whose classes the network does not learn. Their
// embeddings choose thresholds of searches later, when the images are no longer at hand.
type strangers struct {
	rows    []int    // of the images that validation embeds
	classes []string // of each
	last    *index.Strangers
}

// strangersOf returns those of images: none where their classes are learned.
func strangersOf(data *dataset.Dataset, images []int32, learned []string) strangers {
	var all []int
	for row, image := range images {
		if class := data.Images[image].Class; class >= 0 && !slices.Contains(learned, data.Classes[class]) {
			all = append(all, row)
		}
	}
	var s strangers
	for _, row := range dataset.Evenly(all, maxStrangers) { // images lie by class: each gives its share
		s.rows, s.classes = append(s.rows, row), append(s.classes, data.Classes[data.Images[images[row]].Class])
	}
	return s
}

// keep takes the strangers' out of the embeddings [N,dim] of the images.
func (s *strangers) keep(embeddings []float32, dim int) {
	if len(s.rows) == 0 {
		return
	}
	s.last = &index.Strangers{Classes: s.classes}
	for _, row := range s.rows {
		s.last.Vectors = append(s.last.Vectors, embeddings[row*dim:][:dim]...)
	}
}
