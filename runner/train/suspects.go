package train

import (
	"context"
	"slices"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/suspects"
)

// maxBeside is how many images that a fold has learnt from those that it has not are compared with.
const maxBeside = 10_000

// doubted is what folds say about labels.
type doubted struct {
	list []suspects.Suspect
	// Listed pairs wait for the threshold of all folds.
	pairs     []dataset.Pair
	distances []float32
}

// ask lets a network judge the labels of the fold that it has not learnt from.
func (q *doubted) ask(ctx context.Context, l *loop) error {
	held, by := l.Data.In(dataset.Val), l.network.Distance()
	switch v := l.validation.(type) {
	case *amongLabels:
		labels, err := v.at(ctx, l.step)
		if err != nil {
			return err
		}
		images := make([]int32, len(held.Matches))
		for i, m := range held.Matches {
			images[i] = m.Image
		}
		photos, err := l.embed(ctx, images)
		if err != nil {
			return err
		}
		q.list = append(q.list, suspects.LabelImages(l.Data, held.Matches, v.gallery, photos, labels, by)...)
		return nil
	}
	if l.Data.Kind().Lists() {
		return q.compare(ctx, l, held)
	}
	beside := dataset.Evenly(l.Data.In(dataset.Train).Images, maxBeside)
	embeddings, err := l.embed(ctx, slices.Concat(held.Images, beside))
	if err != nil {
		return err
	}
	q.list = append(q.list, suspects.Images(l.Data, held.Images, beside, embeddings, by)...)
	return nil
}

// compare measures listed pairs.
func (q *doubted) compare(ctx context.Context, l *loop, held dataset.Part) error {
	embeddings, err := l.embed(ctx, held.Images)
	if err != nil {
		return err
	}
	dim := l.network.Dim()
	row := func(image int32) []float32 {
		at, _ := slices.BinarySearch(held.Images, image)
		return embeddings[at*dim : (at+1)*dim]
	}
	for p := range held.Pairs.All() {
		q.pairs, q.distances = append(q.pairs, p), append(q.distances, l.network.Distance().Between(row(p.Left), row(p.Right)))
	}
	return nil
}

// write writes the suspects, by the threshold that folds chose together, into the folder of the run, and
// returns how many there are. A run of which no label is suspect has an empty list.
func (q *doubted) write(l *loop, threshold float64) (int, error) {
	list := append(q.list, suspects.Pairs(l.Data, q.pairs, q.distances, threshold)...)
	suspects.Sort(list)
	return len(list), suspects.Save(l.Data, list, l.folder.Suspects(), l.folder.SuspectsSheet())
}
