package dataset

import (
	"context"
	"encoding/hex"
	"fmt"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/tfpair/tfpair/internal/regular"
)

// SHA256 returns the checksum, in hexadecimal, of the file of an image, which is read where Options.Known does not tell it.
func (d *Dataset) SHA256(image int32) (sum string, err error) {
	if d.known != nil {
		if sum, ok := d.known(d.Root, d.Images[image].Path); ok {
			return hex.EncodeToString(sum[:]), nil
		}
	}
	file, err := d.Root.Open(d.Images[image].Path)
	if err != nil {
		return "", &Error{"images", d.Name, err}
	}
	defer file.Close() // read only
	if sum, _, err = regular.SHA256(file); err != nil {
		return "", fmt.Errorf("read %q: %w", d.Images[image].Path, err)
	}
	return sum, nil
}

// Sums returns the SHA-256 of images, in hexadecimal, read on all cores. The error is that of
// the first image that cannot be read, or that of ctx.
func (d *Dataset) Sums(ctx context.Context, images []int32) ([]string, error) {
	sums := make([]string, len(images))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, image := range images {
		g.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			sums[i], err = d.SHA256(image)
			return err
		})
	}
	return sums, g.Wait()
}
