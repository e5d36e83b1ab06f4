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
