package evaluate

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/metric"
)

// maxKept is how many images of validation are compared all with all for the curve that is kept:
// two million pairs, about a second at each evaluation. They show rates down to 0.0002 %.
const maxKept = 2000

// kept returns which images, by their classes, are compared all with all, nil for all of them.
// Of many it takes whole classes, drawn, those of several images first, and of no class more
// than half of all.
func kept(class []int32) []int {
	if len(class) <= maxKept {
		return nil
	}
	rows := map[int32][]int{}
	for row, c := range class {
		rows[c] = append(rows[c], row)
	}
	order := slices.Sorted(maps.Keys(rows))
	r := rand.New(rand.NewPCG(0, 0x6b657074)) // "kept": always the same
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	slices.SortStableFunc(order, func(a, b int32) int {
		return cmp.Compare(min(2, len(rows[b])), min(2, len(rows[a])))
	})
	var some []int
	for _, c := range order {
		some = append(some, rows[c][:min(len(rows[c]), maxKept/2, maxKept-len(some))]...)
	}
	slices.Sort(some)
	return some
}

// Kinds returns on how many pairs of either kind a threshold is chosen: on those that are listed,
// or on all pairs of the images where pairs were drawn from classes.
func (p Pairs) Kinds() (same, different int64) {
	if p.Weight == nil {
		s, d := p.counts()
		return int64(s), int64(d)
	}
	s, _ := p.compared(nil, 0)
	leave, class := p.leave(s), map[int32]int64{}
	for i, c := range s.Class {
		different += int64(i) - class[c]
		same += class[c]
		class[c]++
		for j := range i {
			if leave(int32(i), int32(j)) {
				same--
			}
		}
	}
	return same, different
}

// compared returns which of the images are compared all with all, and their embeddings [N,D].
func (p Pairs) compared(embeddings []float32, dim int) (metric.Sample, []float32) {
	s := p.Sample
	some := kept(s.Class)
	if some == nil {
		return s, embeddings
	}
	s.Class = rowsOf(s.Class, 1, some)
	if s.Group != nil {
		s.Group = rowsOf(s.Group, 1, some)
	}
	return s, rowsOf(embeddings, dim, some)
}

// walk walks over the pairs that a threshold is chosen on where pairs were drawn from classes.
// embeddings [N,D] are those of the images.
func (p Pairs) walk(e Embedder, embeddings []float32) walk {
	s, some := p.compared(embeddings, e.Dim())
	all := compareAll(e.Distance(), some, e.Dim(), p.leave(s))
	return func(block func(distances []float32, same []bool) error) error {
		var same []bool
		return all(func(left, right []int32, distances []float32) error {
			same = same[:0]
			for i := range left {
				same = append(same, s.Class[left[i]] == s.Class[right[i]])
			}
			return block(distances, same)
		})
	}
}

// curve returns what thresholds do on the pairs that one is chosen on: see Kinds. Accuracy counts
// drawn pairs of either kind alike.
func (o Outcome) curve(listed *metric.Scored) (*distance.Curve, error) {
	if o.every == nil {
		same, _ := o.pairs.counts()
		return listed.Curve().Keep(float64(same) / float64(len(o.pairs.Same))), nil
	}
	var h metric.Histogram
	for _, walk := range o.every {
		if err := walk(h.Add); err != nil {
			return nil, err
		}
	}
	c, err := h.Curve()
	if err != nil {
		return nil, err
	}
	return c.Keep(distance.EvenPrevalence), nil
}

// choose sets the threshold. Best accuracy is that of the pairs themselves, whose curve is given.
func (s *Scores) choose(pairs *metric.Curve, by distance.Rule) error {
	if by.FalseAccepts == 0 && by.FalseRejects == 0 && by.Max != distance.F1 {
		s.Threshold, _ = metric.Calibrate(pairs)
		return nil
	}
	t, err := s.Curve.Choose(by)
	s.Threshold, s.Rule = t.Value, by.String()
	return err
}

// Kinds returns on how many pairs of either kind a threshold is chosen, of a photo and one of so
// many label images.
func (t LabelTask) Kinds(gallery int) (same, different int64) {
	photos := min(len(t.Photos), max(1, maxKept*maxKept/2/gallery))
	return int64(photos), int64(photos) * int64(gallery-1)
}

// walk walks over pairs of a photo and a label image, at most two million of them: each photo is
// the same as one label image and different from all others.
func (t LabelTask) walk(e Embedder, photos []float32) walk {
	dim, by := e.Dim(), e.Distance()
	gallery := len(t.Gallery) / dim
	n, _ := t.Kinds(gallery)
	chosen := someOf(len(t.Photos), int(n), t.Seed)
	rows := by.Rows(slices.Concat(t.Gallery, rowsOf(photos, dim, chosen)), dim)
	return func(block func(distances []float32, same []bool) error) error {
		distances, same := make([]float32, gallery), make([]bool, gallery)
		for at, photo := range chosen {
			for row := range distances {
				distances[row] = rows.Between(int32(gallery+at), int32(row))
				same[row] = int32(row) == t.Right[photo]
			}
			if err := block(distances, same); err != nil {
				return err
			}
		}
		return nil
	}
}

// CalibrateOn returns the Outcome.Scores of the pairs of c.Part, listed or drawn from classes. It
// looks at Model, Store, Data, Part, Seen, Seed and Progress of c. Errors are those of ChoosePairs,
// of reading images, of Measure and of Outcome.Scores.
func CalibrateOn(ctx context.Context, c Config, by distance.Rule) (Scores, error) {
	pairs, err := ChoosePairs(c.Data, c.Part, nil, c.Seen, c.Seed)
	if err != nil {
		return Scores{}, err
	}
	if err := by.Enough(pairs.Kinds()); err != nil {
		return Scores{}, err
	}
	embeddings, err := Embed(ctx, c.Model, c.Store, pairs.Images, c.Progress)
	if err != nil {
		return Scores{}, err
	}
	o, err := Measure(c.Model, embeddings, pairs)
	if err != nil {
		return Scores{}, err
	}
	return o.Scores(by)
}
