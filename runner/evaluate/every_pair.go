package evaluate

import (
	"math/rand/v2"
	"slices"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/metric"
)

const (
	// maxCompared is how many images are compared all with all, 50 million pairs; of more,
	// so many are drawn.
	maxCompared = 10_000
	// pairBlock is how many pairs are compared at once.
	pairBlock = 1 << 16
)

// EveryPair is what all pairs of labelled images say, each counting the same.
type EveryPair struct {
	Images    int      `json:"images"` // compared all with all
	Same      int64    `json:"same"`   // pairs
	Different int64    `json:"different"`
	AUC       Measured `json:"auc"`
}

// everyPair adds to r what all pairs of the images of p say, whose embeddings are given, but for those
// that p leaves out. Their wrong answers are added, too, which drawn pairs are too few for.
func (c Config) everyPair(r *Report, embeddings []float32, p Pairs) error {
	dim, images := c.Model.Dim(), p.Images
	if len(images) > maxCompared {
		chosen := someOf(len(images), maxCompared, c.Seed)
		embeddings, images = rowsOf(embeddings, dim, chosen), rowsOf(images, 1, chosen)
	}
	m, err := metric.Pairs.New(&named.Choice{Name: "auc"})
	if err != nil {
		return err
	}
	sample := SampleOf(c.Data, images, c.Seen)
	curve, intervals, err := sample.Every(len(images), compareAll(c.Model.Distance(), embeddings, dim, p.leave(sample)),
		append(wrongAnswers(c.Threshold), m.At(0)))
	if err != nil {
		return err
	}
	last := len(curve.Distance) - 1
	r.EveryPair = &EveryPair{Images: len(images), Same: int64(curve.Positives[last]), Different: int64(curve.Negatives[last]),
		AUC: Measured{Name: "auc", Value: metric.AUC(curve), Better: m.Better, Interval: intervals[2]}}
	r.Curve, r.Wrong = curve, wrong(curve, c.Threshold, intervals)
	r.Rates, err = metric.Rates(curve, metric.Targets())
	return err
}

// someOf draws most of n rows, in ascending order.
func someOf(n, most int, seed uint64) []int {
	r := rand.New(rand.NewPCG(seed, 0x65766572)) // "ever": a stream of its own
	chosen := r.Perm(n)[:most]
	slices.Sort(chosen)
	return chosen
}

// rowsOf returns the chosen rows of x [N,dim].
func rowsOf[T any](x []T, dim int, chosen []int) []T {
	rows := make([]T, 0, len(chosen)*dim)
	for _, row := range chosen {
		rows = append(rows, x[row*dim:][:dim]...)
	}
	return rows
}

// leave tells which pairs of the images of s are left out: same ones of one group, where p has none.
func (p Pairs) leave(s metric.Sample) func(i, j int32) bool {
	if s.Group == nil || p.OneGroup {
		return func(i, j int32) bool { return false }
	}
	return func(i, j int32) bool {
		return s.Group[i] >= 0 && s.Group[i] == s.Group[j] && s.Class[i] == s.Class[j]
	}
}

// compareAll walks over all pairs of embeddings [N,D] but those to leave, by a distance.
func compareAll(by distance.Distance, embeddings []float32, dim int, leave func(i, j int32) bool) metric.Every {
	rows := by.Rows(embeddings, dim)
	return func(block func(left, right []int32, distance []float32) error) error {
		var left, right []int32
		var distances []float32
		flush := func() error {
			err := block(left, right, distances)
			left, right, distances = left[:0], right[:0], distances[:0]
			return err
		}
		for i := range int32(len(embeddings) / dim) {
			for j := range i {
				if leave(i, j) {
					continue
				}
				left, right, distances = append(left, i), append(right, j), append(distances, rows.Between(i, j))
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
