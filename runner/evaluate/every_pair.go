package evaluate

import (
	"math/rand/v2"
	"slices"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/runner/metric"
)

const (
	// maxCompared is how many images are compared all with all, 50 million pairs; of more,
	// so many are drawn.
	maxCompared = 10_000
	// pairBlock is how many pairs are compared at once: 64 MB of embeddings of 128 dimensions.
	pairBlock = 1 << 16
)

// EveryPair is what all pairs of labelled images say, each counting the same.
type EveryPair struct {
	Images    int      `json:"images"` // compared all with all
	Same      int64    `json:"same"`   // pairs
	Different int64    `json:"different"`
	AUC       Measured `json:"auc"`
}

// everyPair measures all pairs of the images of p, whose embeddings are given, but for same
// pairs of one group where p has none. It returns their rates of false accepts, too, which
// drawn pairs are too few for.
func (c Config) everyPair(embeddings []float32, p Pairs) (*EveryPair, []metric.Rate, error) {
	dim, images := c.Model.Dim(), p.Images
	if len(images) > maxCompared {
		embeddings, images = someRows(embeddings, images, dim, c.Seed)
	}
	m, err := metric.Pairs.New(&named.Choice{Name: "auc"})
	if err != nil {
		return nil, nil, err
	}
	sample := SampleOf(c.Data, images, c.Seen)
	leave := func(i, j int32) bool { return false }
	if sample.Group != nil && !p.OneGroup {
		leave = func(i, j int32) bool {
			return sample.Group[i] >= 0 && sample.Group[i] == sample.Group[j] && sample.Class[i] == sample.Class[j]
		}
	}
	curve, intervals, err := sample.Every(len(images), compareAll(c.Model, embeddings, leave), []metric.Statistic{m.At(0)})
	if err != nil {
		return nil, nil, err
	}
	last := len(curve.Distance) - 1
	every := &EveryPair{Images: len(images), Same: int64(curve.Positives[last]), Different: int64(curve.Negatives[last]),
		AUC: Measured{Name: "auc", Value: metric.AUC(curve), Better: m.Better, Interval: intervals[0]}}
	rates, err := metric.Rates(curve, metric.Targets())
	return every, rates, err
}

// someRows draws maxCompared of the images.
func someRows(embeddings []float32, images []int32, dim int, seed uint64) (rows []float32, some []int32) {
	r := rand.New(rand.NewPCG(seed, 0x65766572)) // "ever": a stream of its own
	chosen := r.Perm(len(images))[:maxCompared]
	slices.Sort(chosen)
	for _, at := range chosen {
		rows, some = append(rows, embeddings[at*dim:][:dim]...), append(some, images[at])
	}
	return rows, some
}

// compareAll walks over all pairs of embeddings [N,D] but those to leave, by the model's distance.
func compareAll(e Embedder, embeddings []float32, leave func(i, j int32) bool) metric.Every {
	return func(block func(left, right []int32, distance []float32) error) error {
		var left, right []int32
		flush := func() error {
			distance, _, err := e.Compare(embeddings, left, right)
			if err == nil {
				err = block(left, right, distance)
			}
			left, right = left[:0], right[:0]
			return err
		}
		for i := range int32(len(embeddings) / e.Dim()) {
			for j := range i {
				if leave(i, j) {
					continue
				}
				left, right = append(left, i), append(right, j)
				if len(left) == pairBlock {
					if err := flush(); err != nil {
						return err
					}
				}
			}
		}
		if len(left) == 0 {
			return nil
		}
		return flush()
	}
}
