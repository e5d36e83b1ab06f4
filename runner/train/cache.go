package train

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/features"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// featureBlock is how many images the frozen part sees at once, and featureBatch how many
// the rest embeds: enough to fill the cores.
const (
	featureBlock = 32
	featureBatch = 32
)

// cache is the features that the frozen part makes of images, so that it sees each once.
type cache struct {
	images *pipeline.Cached // whose features are kept
	file   *features.File   // that holds them; nil: none are kept, or not yet
	full   bool             // the file holds all of them
}

// filled returns the images and their features once all are made, else nil.
func (c *cache) filled() *pipeline.Cached {
	if c.full {
		return c.images
	}
	return nil
}

func (c *cache) close() error {
	if c.file == nil {
		return nil
	}
	err := c.file.Close()
	c.file, c.full = nil, false
	return err
}

// caches reports whether what the frozen part makes of images is kept.
func (l *loop) caches() bool {
	c := l.Spec.Cache
	return !l.ensemble() && l.Group == nil && (l.Spec.Train.Steps > 0 || l.network.Fits()) && (c.Type == spec.Float16 || c.Type == spec.Float32) &&
		(l.Augmenter.None() || c.Views > 0)
}

// cacheNotes says what is kept of the frozen part, in so many bytes, or why nothing is.
func (l *loop) cacheNotes(bytes int64) []string {
	c := l.Spec.Cache
	if l.ensemble() || l.Group != nil {
		return nil
	}
	kept := fmt.Sprintf("features are kept in the run folder as %s, %.1f MB", c.Type, float64(bytes)/1e6)
	switch {
	case l.caches() && l.Augmenter.None():
		return []string{"the frozen part of the backbone sees each image once: its " + kept}
	case l.caches():
		return []string{fmt.Sprintf("the frozen part of the backbone sees %d draws of each training "+
			"image: their %s", c.Views, kept)}
	case l.Spec.Train.Steps > 0 && (c.Type == spec.Float16 || c.Type == spec.Float32):
		return []string{"features of the frozen part of the backbone are not kept, since images are " +
			"augmented: cache.views=4 would keep those of 4 draws of each image, and train on them"}
	}
	return nil
}

// fileOptions say what the file of features holds, but for the network.
func (l *loop) fileOptions() features.Options {
	return features.Options{Rows: l.cache.images.Rows(), Length: l.network.FeatureLength(), Block: featureBlock,
		Type: features.Type(l.Spec.Cache.Type)}
}

// cacheOptions say which images the training and its validation show to the network. They
// do not depend on the seed of the split, so that trainings can share the features.
func (l *loop) cacheOptions(train, val dataset.Part) pipeline.CacheOptions {
	o := pipeline.CacheOptions{Augment: l.Augmenter, Views: l.Spec.Cache.Views,
		Seed: uint64(l.Spec.Train.Seed)}
	o.Plain = slices.Concat(val.Images, l.validation.seen())
	if l.Augmenter.None() || l.network.Fits() || l.Sampler.Mining.Every > 0 || l.Spec.Train.Fold > 0 { // labels are judged beside them
		o.Plain = append(o.Plain, train.Images...)
	}
	if l.network.Fits() {
		o.Plain = append(o.Plain, l.validation.labelImages()...)
	}
	if !l.Augmenter.None() {
		o.Drawn = pipeline.Turned(train, len(l.Data.Images), l.Augmenter.Classes()).Images
		if l.Spec.Target.Augment {
			o.Drawn = append(o.Drawn, l.validation.labelImages()...)
		}
	}
	slices.Sort(o.Plain)
	o.Plain = slices.Compact(o.Plain)
	return o
}

// extract lets the frozen part see all images, as far as it has not before. No pixels
// are needed afterwards.
func (l *loop) extract(ctx context.Context) (err error) {
	if !l.caches() || l.cache.full {
		return nil
	}
	frozen, err := l.network.OpenFrozen(l.Session)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, frozen.Close()) }()
	path := l.Features
	if path == "" {
		path = l.folder.Features()
	}
	o := l.fileOptions()
	o.Network = frozen.Sum
	if l.cache.file, err = features.Open(path, o); err != nil {
		return err
	}
	err = l.cache.images.Fill(ctx, l.cache.file, frozen.Features, func(done, made int) {
		l.Observe(Extracted{Done: done, Made: made, Total: o.Rows})
	})
	if err != nil {
		return err
	}
	l.cache.full = true
	if l.store != l.Pixels {
		return l.store.Close() // the memory; what it is asked for yet it decodes again
	}
	return nil
}

// dropFeatures removes what a finished training needs no more, and no other does: also what was
// left there when a kill came between the last checkpoint and this.
func (l *loop) dropFeatures() error {
	err := l.cache.close()
	if l.Features != "" {
		return err
	}
	return errors.Join(err, l.folder.RemoveFeatures())
}

// embed returns the embeddings [N,D] of dataset images as they are.
func (l *loop) embed(ctx context.Context, images []int32) ([]float32, error) {
	if l.cache.filled() == nil {
		return evaluate.Embed(ctx, l.network, l.store, images, l.embedded)
	}
	return l.readCached(ctx, images, l.network.Dim(), l.network.EmbedFeatures)
}

// readCached returns what of makes of the kept features of images, width numbers of each.
func (l *loop) readCached(ctx context.Context, images []int32, width int,
	of func(features []float32) ([]float32, error)) ([]float32, error) {
	cached := l.cache.filled()
	all := make([]float32, 0, len(images)*width)
	for batch := range slices.Chunk(images, featureBatch) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rows := make([]float32, len(batch)*cached.Length())
		if err := cached.Features(rows, batch); err != nil {
			return nil, err
		}
		made, err := of(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, made...)
	}
	return all, nil
}
