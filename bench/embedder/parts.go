package main

import (
	"context"
	"time"

	"github.com/tfpair/tfpair/internal/session"
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

	DecodeProcessor  float64 `json:"decode_processor"` // seconds of an image
	NetworkProcessor float64 `json:"network_processor"`
}

func (b *bench) parts(ctx context.Context, data string) (p parts, err error) {
	if err := b.decodeAll(ctx, data, &p); err != nil {
		return p, err
	}
	pixels, runs := b.noise(batch), 0
	embed := func() error {
		runs++
		_, err := b.model.EmbedPixels(ctx, pixels)
		return err
	}
	if err := embed(); err != nil { // compiled for this size
		return p, err
	}
	runs = 0
	p.NetworkProcessor, err = processorOf(func() error {
		p.Network, err = perSecond(batch, embed)
		return err
	})
	p.NetworkProcessor /= float64(runs * batch)
	return p, err
}

// decodeAll decodes the pictures of data as tfpair embed does.
func (b *bench) decodeAll(ctx context.Context, data string, p *parts) error {
	d, err := dataset.Open(dataset.Options{Data: data, ImagesOnly: true})
	if err != nil {
		return err
	}
	defer d.Close()
	o := pipeline.StoreOptions{Resizer: b.resizer, MaxMemory: -1, MaxDisk: -1}
	if b.model.Info().Manifest.Preprocessing.Decoder != "" {
		if o.JPEG, err = session.SharedJPEG(session.Options{Device: session.CPU}); err != nil {
			return err
		}
	}
	store := pipeline.NewStore(d, o)
	defer store.Close()
	images := d.All().Images
	p.Images = len(images)
	start := time.Now()
	p.DecodeProcessor, err = processorOf(func() error {
		for _, err := range store.Sequence(ctx, images, batch, nil) {
			if err != nil {
				return err
			}
		}
		return nil
	})
	p.Decode = float64(len(images)) / time.Since(start).Seconds()
	p.DecodeProcessor /= float64(len(images))
	return err
}

// processorOf returns the processor time that f takes, of all cores.
func processorOf(f func() error) (float64, error) {
	before, err := processorSeconds()
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := processorSeconds()
	return after - before, err
}
