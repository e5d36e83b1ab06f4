package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// cacheSettings train a head on a tower that is frozen. What the tower knows does not
// change what it costs, so that its weights are random.
var cacheSettings = []string{
	"input.size=224",
	"backbone.efficientnet-lite0.freeze=all",
	"head.linear.embedding_dim=128",
	"distance=cosine",
	"loss=supcon",
	"sampler={balanced: {images_per_class: 4}}",
	"train.batch_size=80",
	"train.eval_every=1000000",
}

// Steps between the first that is recorded, the tenth, and the last: images that the tower
// sees anew in each step are slow, and a few are enough.
const (
	uncachedSteps = 10
	cachedSteps   = 990 // 30 epochs
)

// cached is what an epoch of grocery photos takes.
type cached struct {
	StepsPerEpoch int     `json:"steps_per_epoch"`
	Images        int     `json:"images"`
	Uncached      float64 `json:"uncached"`   // seconds, from uncachedSteps steps
	Cached        float64 `json:"cached"`     // seconds, from cachedSteps steps
	Extraction    float64 `json:"extraction"` // seconds, once
}

// cache measures an epoch of a frozen tower with the feature cache against one without.
func cache(ctx context.Context, o options) error {
	r, err := openResults(o, "cache")
	if err != nil {
		return err
	}
	x, err := row(o, r, "cache/efficientnet-lite0", func() (cached, error) { return cachedOf(ctx, o) })
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "an epoch of %d photos: %.1f s, with the cache %.3f s, %.0f times faster; extraction %.1f s, once\n",
		x.Images, x.Uncached, x.Cached, x.Uncached/x.Cached, x.Extraction)
	return nil
}

func cachedOf(ctx context.Context, o options) (x cached, err error) {
	without, err := epochOf(ctx, o, uncachedSteps, "cache.type=off")
	if err != nil {
		return x, err
	}
	x, err = epochOf(ctx, o, cachedSteps, "cache.type=float16")
	x.Uncached = without.Cached
	return x, err
}

// epochOf trains so many steps more than ten, and returns the time of an epoch as Cached.
func epochOf(ctx context.Context, o options, steps int, set string) (x cached, err error) {
	folder, err := os.MkdirTemp("", "tfpair-bench-")
	if err != nil {
		return x, err
	}
	defer os.RemoveAll(folder)
	settings := append(slices.Clone(cacheSettings), fmt.Sprintf("train.steps=%d", 10+steps), set)
	argv := trainArguments(o, filepath.Join(o.grocery(), "train"), filepath.Join(folder, "run"), settings...)
	c, err := start(ctx, "tfpair train", argv)
	if err != nil {
		return x, err
	}
	var began struct {
		Time          time.Time `json:"time"`
		StepsPerEpoch int       `json:"steps_per_epoch"`
		Images        int       `json:"train_images"`
	}
	if err := c.await("start", &began); err != nil {
		return x, err
	}
	x.StepsPerEpoch, x.Images = began.StepsPerEpoch, began.Images
	type moment struct {
		Time time.Time `json:"time"`
		Step int       `json:"step"`
	}
	if set != "cache.type=off" {
		var made moment
		if err := c.await("features", &made); err != nil {
			return x, err
		}
		x.Extraction = made.Time.Sub(began.Time).Seconds()
	}
	var first, last moment
	for last.Step < 10+steps {
		if err := c.await("step", &last); err != nil {
			return x, err
		}
		if first.Step == 0 {
			first = last
		}
	}
	x.Cached = last.Time.Sub(first.Time).Seconds() / float64(last.Step-first.Step) * float64(x.StepsPerEpoch)
	return x, c.end()
}
