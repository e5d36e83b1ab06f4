package serve

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// embed returns the embeddings [N,D], row-major, of files, which are pictures as they were sent.
func (c *call) embed(l *loaded, files [][]byte) ([]float32, error) {
	s := c.service
	switch n := len(files); {
	case n == 0:
		return nil, malformed("the request has no picture")
	case n > s.limits.Pictures:
		return nil, failed(http.StatusRequestEntityTooLarge, "too_many", "%d pictures, limit %d", n, s.limits.Pictures)
	}
	weight, err := c.weigh(files)
	if err != nil {
		return nil, err
	}
	return c.inTurn(l, len(files), weight, func(ctx context.Context, pixels []uint8) error { return c.decode(ctx, l, files, pixels) })
}

// unit is how much memory of decoding weighs as much as a picture in a run of the network: a photo of 12
// megapixels weighs 17, and takes some 0.2 s of a core.
const unit = 4 << 20

// weigh returns how much of the turns the work on files takes. Files that are no pictures are refused here,
// before they wait.
func (c *call) weigh(files [][]byte) (weight int64, err error) {
	for i, file := range files {
		cost, err := decode.Cost(file, c.service.limits.ofPicture())
		if err != nil {
			return 0, &pictureError{i, len(files), err}
		}
		weight += 1 + cost/unit
	}
	return weight, nil
}

// inTurn waits for the turn of n pictures of a weight, has fill make their pixels, and returns their embeddings.
func (c *call) inTurn(l *loaded, n int, weight int64, fill func(ctx context.Context, pixels []uint8) error) ([]float32, error) {
	s := c.service
	c.pictures += n
	ctx, cancel := context.WithTimeout(c.ctx, s.limits.Deadline) // the request has arrived
	defer cancel()
	if err := c.hold.take(int64(n * l.resizer.Bytes())); err != nil {
		return nil, err
	}
	began := time.Now()
	done, err := s.turns.take(ctx, weight)
	s.metrics.queue.Observe(time.Since(began).Seconds())
	if err != nil {
		return nil, err
	}
	defer done()
	pixels := make([]uint8, n*l.resizer.Bytes())
	began = time.Now()
	if err := fill(ctx, pixels); err != nil {
		return nil, err
	}
	s.metrics.decode.Observe(time.Since(began).Seconds())
	began = time.Now()
	rows, err := l.Model.EmbedPixels(ctx, pixels)
	s.metrics.inference.WithLabelValues(l.name).Observe(time.Since(began).Seconds())
	if errors.Is(err, models.ErrTimeout) {
		s.stuck.Store(true)
	}
	return rows, err
}

// decode fills pixels [N,S,S,3] with the pictures in files. It stops at the first that cannot be used.
func (c *call) decode(ctx context.Context, l *loaded, files [][]byte, pixels []uint8) error {
	size := l.resizer.Bytes()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, file := range files {
		g.Go(func() error {
			if err := c.decodeOne(ctx, l, file, pixels[i*size:(i+1)*size]); err != nil {
				return &pictureError{i, len(files), err}
			}
			return nil
		})
	}
	return g.Wait()
}

// decodeOne fills pixels [S,S,3] with the picture in file, which is held in full size no longer than that takes.
func (c *call) decodeOne(ctx context.Context, l *loaded, file []byte, pixels []uint8) error {
	limits := c.service.limits.ofPicture()
	cost, err := decode.Cost(file, limits)
	if err != nil {
		return err
	}
	return c.service.budget.decode(ctx, cost, func() error {
		img, err := decode.Until(ctx, file, limits)
		if err != nil {
			return err
		}
		l.resizer.Into(pixels, img)
		return nil
	})
}
