package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// chunked is what a training in batches of so many photos takes.
type chunked struct {
	Batch int `json:"batch"` // photos
	Chunk int `json:"chunk"` // photos embedded at a time; 0: all
	process
}

// chunkMemory trains late stages of EfficientNet-Lite0: in batches that fit into memory, and in larger ones by chunks.
func chunkMemory(ctx context.Context, o options) error {
	l, r, err := openLabels(ctx, o, "memory")
	if err != nil {
		return err
	}
	for _, c := range []chunked{{Batch: 64}, {Batch: 1024, Chunk: 64}} {
		c, err := row(o, r, fmt.Sprintf("photos/batch=%d", c.Batch), func() (chunked, error) {
			return withFolder(func(folder string) (chunked, error) { return l.chunked(ctx, c, filepath.Join(folder, "run")) })
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(o.out, "batches of %d photos, chunk %d: peak %.0f MiB, %.0f s of processor time\n", c.Batch, c.Chunk, c.Peak, c.Processor)
	}
	return nil
}

// chunked trains two steps. No features are kept: each photo goes through the whole network.
func (l labelBench) chunked(ctx context.Context, c chunked, run string) (_ chunked, err error) {
	settings := []string{"topology=feature", "target.side=shared", "sampler=labels", "train.select=val.recall@1",
		"backbone={efficientnet-lite0: {freeze: stage5, freeze_bn: true}}", "head={linear: {embedding_dim: 512}}",
		"distance=cosine", "loss={infonce: {temperature: 0.1}}", "augment=light", "cache.views=0", "train.steps=2",
		fmt.Sprint("train.batch_size=", c.Batch), fmt.Sprint("train.chunk=", c.Chunk)}
	argv := trainArguments(l.options, filepath.Join(l.folder, "image_label_train.csv"), run, settings...)
	c.process, err = l.options.ask(ctx, &struct{}{}, append(argv[1:], "--weights", l.weights)...)
	return c, err
}
