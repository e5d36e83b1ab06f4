package models

import (
	"context"
	"errors"
	"fmt"
	"image"

	"golang.org/x/sync/errgroup"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// Reader returns what decodes files for Embed as the training decoded them. Most models take large JPEG photos
// at a part of their size, which is still twice the model's, by the decoder of the TensorFlow runtime: that
// costs a fifth of decode.Decode. Models of before tfpair did so take them by Go's decoder.
func (m *Model) Reader() decode.Reader {
	if m.info.Manifest.Preprocessing.Decoder == "" {
		return decode.Reader{}
	}
	r := decode.Reader{Reduce: m.resizer.Reduction}
	if m.remote != nil {
		if m.remote.name != "" {
			r.JPEG = m.remote
		}
		return r
	}
	if jpeg, err := session.SharedJPEG(session.Options{Device: session.CPU}); err == nil { // else Go's decoder: m has a session
		r.JPEG = jpeg
	}
	return r
}

// Embed returns the embedding [D] of each image, in order. Images may be of any size
// and kind; transparency is blended over white. EXIF orientation is lost in an
// image.Image: Reader and decode.Decode apply it.
//
// Images that cannot be used have nil in their place, and the error joins an
// *ImageError for each; the others are embedded all the same. Other errors leave no
// result: ErrClosed, that of ctx, which is looked at between batches of 32 images, and
// the runtime's.
func (m *Model) Embed(ctx context.Context, images ...image.Image) ([][]float32, error) {
	embeddings := make([][]float32, len(images))
	bad := make([]error, len(images))
	for first := 0; first < len(images); first += defaultBatch {
		last := min(first+defaultBatch, len(images))
		pixels := m.prepare(images[first:last], bad[first:last])
		for i := first; i < last; i++ {
			if bad[i] != nil {
				bad[i] = &ImageError{i, bad[i]}
			}
		}
		rows, err := m.EmbedPixels(ctx, pixels)
		if err != nil {
			return nil, err
		}
		for i := first; i < last; i++ {
			if bad[i] == nil {
				embeddings[i], rows = rows[:m.Dim():m.Dim()], rows[m.Dim():]
			}
		}
	}
	return embeddings, errors.Join(bad...)
}

// prepare returns the pixels of the images that can be used, and fills in what is
// wrong with the others.
func (m *Model) prepare(images []image.Image, bad []error) []uint8 {
	size := m.resizer.Bytes()
	pixels := make([]uint8, len(images)*size)
	var g errgroup.Group
	g.SetLimit(workers.Cores())
	for i, img := range images {
		g.Go(func() error {
			flat, err := decode.Flatten(img)
			if err != nil {
				bad[i] = err
				return nil
			}
			m.resizer.Into(pixels[i*size:(i+1)*size], flat)
			return nil
		})
	}
	_ = g.Wait() // the functions return nil
	good := 0
	for i := range images {
		if bad[i] == nil {
			copy(pixels[good*size:(good+1)*size], pixels[i*size:(i+1)*size])
			good++
		}
	}
	return pixels[:good*size]
}

// EmbedPixels returns the embeddings [N,D], row-major, of pixels [N,S,S,3] uint8 RGB
// that are resized to the model's size S already, as Info says. N may be any number,
// 0 included; all of them go through the network at once, with those of calls at the same time if
// they are few. pixels must not change before it returns. Errors: ErrClosed, that of
// ctx, and the runtime's; a run that has begun is waited for.
func (m *Model) EmbedPixels(ctx context.Context, pixels []uint8) ([]float32, error) {
	if size := m.resizer.Options().Size; len(pixels)%m.resizer.Bytes() != 0 {
		return nil, fmt.Errorf("pixels: %d bytes are no whole number of images of %d×%d×3", len(pixels), size, size)
	}
	if len(pixels) == 0 {
		return nil, ctx.Err()
	}
	var embeddings []float32
	err := m.use(ctx, func() (err error) {
		embeddings, err = m.embed.embed(ctx, pixels)
		return err
	})
	if err == nil {
		m.embedded(pixels, embeddings)
	}
	return embeddings, err
}
