package train

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/trained"
)

// checkMined refuses turned images where batches are mined: only images as they are are compared.
func (r *Resolved) checkMined() error {
	if r.Sampler.Mining.Every == 0 || r.Augmenter.Classes() == 1 {
		return nil
	}
	return &graphs.MisfitError{Err: fmt.Errorf("sampler %q compares images as they are, augment.turns makes turned images "+
		"classes of their own: take turns out of augment, or set sampler to balanced", r.Spec.Sampler.Name)}
}

// mine makes the sampler of the steps that follow, and returns up to which step, not including, its plans are good.
// A sampler that mines is told what all labelled images of training look like to the network every so many
// steps. What it was told is part of the state, so that a training that goes on between is told the same.
func (l *loop) mine(ctx context.Context) (until int, err error) {
	steps, mining := l.Spec.Train.Steps, l.Sampler.Mining
	if mining.Every == 0 {
		return steps, nil
	}
	first := l.step / mining.Every * mining.Every
	if l.state.Mined == nil || l.state.Mined.Step != first {
		hardest, err := l.hardest(ctx, mining.Among)
		if err != nil {
			return 0, err
		}
		l.state.Mined = &trained.Mined{Step: first, Hardest: hardest}
	}
	l.source.Hardest = l.state.Mined.Hardest
	if l.sampler, err = l.Sampler.New(l.source); err != nil {
		return 0, &SamplerError{err}
	}
	return min(first+mining.Every, steps), nil
}

// hardest returns Source.Hardest of the network as it is, among so many.
func (l *loop) hardest(ctx context.Context, among int) ([][]int32, error) {
	images := slices.DeleteFunc(slices.Clone(l.source.Part.Images), func(i int32) bool { return l.source.Labels[i] < 0 })
	rows, err := l.embed(ctx, images)
	if err != nil {
		return nil, fmt.Errorf("compare all training images: %w", err)
	}
	all := make([][]int32, len(l.Data.Images))
	for i, nearest := range nearestOthers(rows, images, l.source.Labels, l.network.Distance(), among) {
		all[images[i]] = nearest
	}
	return all, nil
}

// nearestOthers returns of each image those that are nearest to it among images of other classes, so many at most, the
// nearest first, of equal ones the first. rows [N,D] are the embeddings of images, dataset images whose
// classes are labels.
func nearestOthers(rows []float32, images, labels []int32, by distance.Distance, among int) [][]int32 {
	dim := len(rows) / max(len(images), 1)
	row := func(i int) []float32 { return rows[i*dim:][:dim] }
	type other struct {
		key float64
		at  int
	}
	nearer := func(a, b other) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.at, b.at)) }
	nearest := make([][]int32, len(images))
	workers.Each(len(images), func() func(int) {
		var best []other // the nearest first
		return func(i int) {
			best = best[:0]
			for k, image := range images {
				if labels[image] == labels[images[i]] {
					continue
				}
				o := other{by.Key(row(i), row(k)), k}
				if len(best) == among && nearer(o, best[among-1]) > 0 {
					continue
				}
				at, _ := slices.BinarySearchFunc(best, o, nearer)
				best = slices.Insert(best, at, o)
				best = best[:min(len(best), among)]
			}
			for _, o := range best {
				nearest[i] = append(nearest[i], images[o.at])
			}
		}
	})
	return nearest
}
