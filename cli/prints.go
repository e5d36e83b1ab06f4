package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/inference"
)

// printsOptions say where is kept what pictures are compared by.
type printsOptions struct {
	cache string // file; "": of the user's cache folder, by the path of the images; cacheOff: nowhere
}

// cacheOff is the --cache that keeps nothing.
const cacheOff = "off"

func (o *printsOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "cache", Destination: &o.cache, DefaultText: "a file in your cache folder",
		Usage: "`FILE` that keeps checksums and hashes, so that the next time only new pictures are read, or off"})
}

// read returns what the images of data are compared by. Path is that of the images.
func (o printsOptions) read(ctx context.Context, out output, data *dataset.Dataset, path string, workers int) ([]copies.Print, error) {
	cache, err := o.open(out, path)
	if err != nil {
		return nil, err
	}
	bar := stages{out: out}
	defer bar.end()
	prints, _, err := copies.Read(ctx, data, copies.Options{Workers: workers, Limits: decode.DefaultLimits, Cache: cache,
		Progress: bar.of("reading")})
	return prints, stopped(ctx, err)
}

// open opens the cache of the images at path.
func (o printsOptions) open(out output, path string) (*copies.Cache, error) {
	file := o.cache
	switch file {
	case cacheOff:
		return nil, nil
	case "":
		folder, err := os.UserCacheDir()
		if err != nil { // no home, as for a service: what is not kept is read again
			return nil, nil
		}
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256([]byte(absolute))
		file = filepath.Join(folder, "tfpair", "prints", hex.EncodeToString(sum[:16]))
	}
	cache, note, err := copies.OpenCache(file)
	if note != "" {
		out.say("note       %s", note)
	}
	return cache, err
}

// checkLevel refuses a --copies that is no level.
func checkLevel(level string) error {
	if l := copies.Level(level); l != copies.Same && l != copies.Alike {
		return usagef("--copies must be same or alike, got %q", level)
	}
	return nil
}

// embedReadable returns the embedding of each image of data, nil where its print says that it cannot be read.
func embedReadable(ctx context.Context, out output, model *inference.Model, data *dataset.Dataset, prints []copies.Print,
	reading readingOptions) ([][]float32, error) {
	embeddings := make([][]float32, len(data.Images))
	var images []int32
	for i := range prints {
		if prints[i].Fault == "" {
			images = append(images, int32(i))
		}
	}
	if len(images) == 0 {
		return embeddings, nil
	}
	bar := stages{out: out}
	defer bar.end()
	e, err := model.EmbedImages(ctx, data, images, reading.with(bar.of("embedding")))
	if err != nil {
		return nil, stopped(ctx, err)
	}
	for row, image := range e.Images {
		embeddings[image] = e.Row(row)
	}
	return embeddings, nil
}
