package main

import (
	"context"
	"time"

	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// batch is how many images go through the network at once, as in tfpair embed.
const batch = 32

// parts are images per second of what tfpair embed does at the same time, each alone.
type parts struct {
	summary
	Images  int     `json:"images"`
	Decode  float64 `json:"decode"` // read, decoded and resized
	Network float64 `json:"network"`
}

func (b *bench) parts(ctx context.Context, data string) (parts, error) {
	d, err := dataset.Open(dataset.Options{Data: data, ImagesOnly: true})
	if err != nil {
		return parts{}, err
	}
	defer d.Close()
	store := pipeline.NewStore(d, pipeline.StoreOptions{Resizer: b.resizer, MaxMemory: -1, MaxDisk: -1})
	defer store.Close()
	images := d.In("").Images
	p := parts{Images: len(images)}
	start := time.Now()
	for _, err := range store.Sequence(ctx, images, batch, nil) {
		if err != nil {
			return p, err
		}
	}
	p.Decode = float64(len(images)) / time.Since(start).Seconds()
	pixels := b.noise(batch)
	embed := func() error {
		_, err := b.model.EmbedPixels(ctx, pixels)
		return err
	}
	if err := embed(); err != nil { // compiled for this size
		return p, err
	}
	p.Network, err = perSecond(batch, embed)
	return p, err
}
