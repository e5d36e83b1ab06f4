package pipeline

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"

	"github.com/tfpair/tfpair/pipeline/augment"
	"github.com/tfpair/tfpair/pipeline/features"
)

// CacheOptions say of which images the features are kept.
type CacheOptions struct {
	Plain   []int32            // dataset images as they are
	Drawn   []int32            // images as they are planned, see Turned, changed at random; nil: none
	Views   int                // draws of each of Drawn
	Augment *augment.Augmenter // of Drawn
	Seed    uint64             // of which view an epoch shows
}

// Cached holds what the frozen part of a network makes of images, in a file, so that a
// Loader need not read pixels. It is safe for concurrent use once it has been filled.
type Cached struct {
	store   *Store
	options CacheOptions
	plain   []int32         // row of each dataset image, -1 where it is not kept as it is
	drawn   map[int32]int32 // which of Drawn an image is
	file    *features.File  // of Rows rows; nil before Fill
}

// NewCached returns the features of images of store, not yet made.
func NewCached(store *Store, o CacheOptions) *Cached {
	c := &Cached{store: store, options: o, plain: make([]int32, len(store.data.Images)),
		drawn: make(map[int32]int32, len(o.Drawn))}
	for i := range c.plain {
		c.plain[i] = -1
	}
	for row, image := range o.Plain {
		c.plain[image] = int32(row)
	}
	for i, planned := range o.Drawn {
		c.drawn[planned] = int32(i)
	}
	return c
}

// Rows returns how many rows there are: Plain, then Drawn in each of its views.
func (c *Cached) Rows() int { return len(c.options.Plain) + c.options.Views*len(c.options.Drawn) }

// Fill makes the rows that file lacks. embed makes features [n,F] of pixels [n,S,S,3];
// progress, which may be nil, is told after each block how many rows are done, and how many
// of these were not there before. The file is c's from now on, but its maker closes it.
// Blocks are the same whatever was there before, so that each row is made in the same
// company.
func (c *Cached) Fill(ctx context.Context, file *features.File,
	embed func(pixels []uint8) ([]float32, error), progress func(done, made int)) error {
	c.file = file
	fill := func(ctx context.Context, j *job) (err error) {
		if err := c.show(ctx, j); err != nil {
			return err
		}
		j.fresh, err = file.Fresh(j.step, j.inputs)
		return err
	}
	p := parallel{workers: c.store.options.Workers, ahead: c.store.options.Workers}
	made := 0
	for j, err := range ordered(ctx, 0, file.Blocks(), p, fill) {
		if err != nil {
			return err
		}
		first, done := file.Span(j.step)
		if !j.fresh {
			made += done - first
			rows, err := embed(j.batch.Pixels)
			if err == nil {
				err = file.Put(j.step, j.inputs, rows)
			}
			if err != nil {
				return fmt.Errorf("features of images: %w", err)
			}
		}
		if progress != nil {
			progress(done, made)
		}
	}
	return nil
}

// show reads the pixels of block j.step, augmented where they are, and sums them.
func (c *Cached) show(ctx context.Context, j *job) error {
	first, end := c.file.Span(j.step)
	j.batch.setPixels(end-first, c.store.side)
	j.inputs = j.inputs[:0]
	for row := first; row < end; row++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		pixels := j.batch.Pixels[(row-first)*c.store.bytes:][:c.store.bytes]
		if err := c.read(pixels, row); err != nil {
			return err
		}
		j.inputs = append(j.inputs, sha256.Sum256(pixels))
	}
	return nil
}

// read reads the pixels [S,S,3] that a row is of.
func (c *Cached) read(pixels []uint8, row int) error {
	if row < len(c.options.Plain) {
		return c.store.load(pixels, c.options.Plain[row])
	}
	row -= len(c.options.Plain)
	view, planned := row/len(c.options.Drawn), c.options.Drawn[row%len(c.options.Drawn)]
	image, turn := c.store.unturned(planned)
	if err := c.store.load(pixels, image); err != nil {
		return err
	}
	c.options.Augment.Apply(pixels, c.store.side, augment.Draw{Epoch: view, Image: image, Turn: turn})
	return nil
}

// Length returns F, the numbers of a row.
func (c *Cached) Length() int { return c.file.Length }

// Features reads the rows of dataset images as they are into dst [N,F].
func (c *Cached) Features(dst []float32, images []int32) error {
	for i, image := range images {
		if c.plain[image] < 0 {
			return fmt.Errorf("image %q has no features", c.store.data.Images[image].Path)
		}
		if err := c.file.Row(dst[i*c.file.Length:][:c.file.Length], int(c.plain[image])); err != nil {
			return err
		}
	}
	return nil
}

// draw reads the row of a planned image, as an epoch shows it, into dst [F].
func (c *Cached) draw(dst []float32, planned int32, epoch int) error {
	at, ok := c.drawn[planned]
	if !ok {
		image, _ := c.store.unturned(planned)
		return c.Features(dst, []int32{image})
	}
	view := c.options.view(planned, epoch)
	return c.file.Row(dst, len(c.options.Plain)+view*len(c.options.Drawn)+int(at))
}

// view returns which of the views of an image an epoch shows: one after the other, from
// one that is drawn, so that each is shown as often as the others.
func (o CacheOptions) view(planned int32, epoch int) int {
	first := rand.New(rand.NewPCG(o.Seed, uint64(planned))).IntN(o.Views)
	return (first + epoch) % o.Views
}
