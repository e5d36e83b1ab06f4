package serve

import (
	"context"
	"errors"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// embed returns the embeddings [N,D], row-major, of files, which are pictures as they were sent.
func (c *call) embed(l *loaded, files [][]byte) ([]float32, error) {
	if err := c.few(len(files)); err != nil {
		return nil, err
	}
	pictures := make([]decode.Picture, len(files))
	weight := int64(0)
	for i, file := range files {
		var of int64
		var err error
		if pictures[i], of, err = c.examine(l, file); err != nil {
			return nil, &pictureError{i, len(files), err}
		}
		weight += of
	}
	if err := c.holdPixels(l, len(files)); err != nil {
		return nil, err
	}
	rows, err := c.inTurn(l, len(files), weight, func(ctx context.Context) ([]uint8, error) {
		pixels := make([]uint8, len(files)*l.resizer.Bytes())
		return pixels, c.decode(ctx, l, pictures, pixels)
	})
	if err != nil {
		return nil, err
	}
	for _, p := range pictures {
		l.drift.Sized(p.Size())
	}
	return rows, nil
}

// few refuses a request of no pictures, or of too many.
func (c *call) few(n int) error {
	switch most := c.service.limits.Pictures; {
	case n == 0:
		return malformed("the request has no picture")
	case n > most:
		return failed(http.StatusRequestEntityTooLarge, "too_many", "%d pictures, limit %d", n, most)
	}
	return nil
}

// unit is how much memory of decoding weighs as much as a picture in a run of the network: a photo of 12
// megapixels weighs 17, and takes some 0.2 s of a core.
const unit = 4 << 20

// examine reads the header of a file, which is refused here if it is no picture, before it waits. weight is how
// much of the turns the work on it takes.
func (c *call) examine(l *loaded, file []byte) (p decode.Picture, weight int64, err error) {
	p, err = l.reader.Examine(file)
	return p, 1 + p.Cost()/unit, err
}

// holdPixels holds the memory of the pixels of n pictures.
func (c *call) holdPixels(l *loaded, n int) error { return c.hold.take(int64(n * l.resizer.Bytes())) }

// numberBytes is what a number of an embedding takes: as float32, and as JSON twice, since that is copied once.
const numberBytes = 4 + 2*13

// inTurn waits for the turn of n pictures of a weight, has fill make their pixels [N,S,S,3], and returns their embeddings.
func (c *call) inTurn(l *loaded, n int, weight int64, fill func(context.Context) ([]uint8, error)) ([]float32, error) {
	s := c.service
	c.pictures += n
	if err := c.hold.takeAnswer(int64(n*l.info.Manifest.EmbeddingDim) * numberBytes); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(c.ctx, s.limits.Deadline) // the request has arrived
	defer cancel()
	patience, cancelled := context.WithTimeout(ctx, s.limits.QueueWait)
	defer cancelled()
	c.patience = patience
	began := time.Now()
	done, err := l.turns.take(ctx, patience, weight)
	s.metrics.queue.Observe(c.took("queue", began).Seconds())
	if err != nil {
		return nil, err
	}
	if c.searches {
		c.done = append(c.done, done)
	} else {
		defer done()
	}
	began = time.Now()
	pixels, err := fill(ctx)
	if err != nil {
		return nil, err
	}
	s.metrics.decode.Observe(c.took("decode", began).Seconds())
	began = time.Now()
	rows, err := l.Model.EmbedPixels(ctx, pixels)
	s.metrics.inference.WithLabelValues(l.name).Observe(c.took("run", began).Seconds())
	if errors.Is(err, models.ErrTimeout) {
		s.stuck.Store(true)
	}
	if err == nil {
		l.drift.Embedded(n, pixels, rows)
	}
	return rows, err
}

// decode fills pixels [N,S,S,3] with pictures. It stops at the first that cannot be used.
func (c *call) decode(ctx context.Context, l *loaded, pictures []decode.Picture, pixels []uint8) error {
	size := l.resizer.Bytes()
	if len(pictures) == 1 { // another goroutine would have to be woken for it
		if err := c.decodeOne(ctx, l, pictures[0], pixels); err != nil {
			return &pictureError{0, 1, err}
		}
		return nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers.Cores())
	for i, p := range pictures {
		g.Go(func() error {
			if err := c.decodeOne(ctx, l, p, pixels[i*size:(i+1)*size]); err != nil {
				return &pictureError{i, len(pictures), err}
			}
			return nil
		})
	}
	return g.Wait()
}

// decodeOne fills pixels [S,S,3] with a picture, which is held in full size no longer than that takes.
func (c *call) decodeOne(ctx context.Context, l *loaded, p decode.Picture, pixels []uint8) error {
	if err := c.core(ctx); err != nil {
		return err
	}
	defer c.service.budget.cores.Release(1)
	return c.service.budget.decode(ctx, p.Cost(), func() error {
		if spare, ok := c.service.spare.Get().(*[]uint8); ok {
			p.Memory = *spare
		}
		img, err := p.Decode(ctx)
		if err != nil {
			return err
		}
		l.resizer.Into(pixels, img)
		if cap(img.Pix) <= unit { // more is given back at once
			c.service.spare.Put(&img.Pix)
		}
		return nil
	})
}

// core waits for a core to decode on: for as long as ctx lasts where the request has begun, else for no longer than
// it may wait for its turn. The turns are by memory, and where other programs have the cores a turn says little.
func (c *call) core(ctx context.Context) error {
	cores := c.service.budget.cores
	if !c.begun.Load() {
		if cores.TryAcquire(1) || cores.Acquire(c.patience, 1) == nil {
			c.begun.Store(true)
			return nil
		}
		if ctx.Err() == nil && !c.begun.Load() {
			return errBusy("wait", "no core came within %v", c.service.limits.QueueWait)
		}
	}
	return cores.Acquire(ctx, 1)
}
