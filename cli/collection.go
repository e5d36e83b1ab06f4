package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// collection is images that are to be searched: label images, where the data has them, else
// all of it.
type collection struct {
	*embedder
	root    string   // that paths are relative to, as the user wrote it
	classes []string // of the images of the data, "" not known
}

// openCollection opens the images of the data at path.
func openCollection(c *cli.Context, path string) (*collection, error) {
	skip, err := skipShare(c)
	if err != nil {
		return nil, err
	}
	at := func(o *dataset.Options) { o.Data = path }
	known, err := openData(c, at)
	var list *dataset.ListError
	switch {
	case err == nil && len(known.Matches) > 0:
		return &collection{embedder: newEmbedder(known, known.In("").LabelImages(), skip),
			root: rootOf(c, path), classes: classesOf(known, known)}, nil
	case err == nil:
		defer known.Close()
	case errors.As(err, &list) && list.Rows[0].Line > 1: // the header fits a format, and rows do not
		return nil, err
	}
	data, err := openData(c, at, imagesOnly)
	if err != nil {
		return nil, err
	}
	return &collection{embedder: newEmbedder(data, data.In("").Images, skip), root: rootOf(c, path),
		classes: classesOf(data, known)}, nil
}

// rootOf returns the folder or archive that the paths of the data at path are relative to.
func rootOf(c *cli.Context, path string) string {
	if images := c.String("images"); images != "" {
		return images
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && filepath.Ext(path) != ".zip" {
		return filepath.Dir(path)
	}
	return path
}

// classesOf returns the name of the class of each image of data by what is known, which
// may be nil; "" where it is not. Folders and archives opened as mere images have no classes.
func classesOf(data, known *dataset.Dataset) []string {
	names := make([]string, len(data.Images))
	if known == nil {
		return names
	}
	of := map[string]string{}
	for _, image := range known.Images {
		if image.Class >= 0 {
			of[image.Path] = known.Classes[image.Class]
		}
	}
	for i, image := range data.Images {
		names[i] = of[image.Path]
	}
	return names
}

// index embeds the images with m and returns them as an index of a kind.
func (o *collection) index(c *cli.Context, out output, m *model, kind string) (*index.Index, error) {
	list, err := o.embed(c.Context, out, m, storeOptions(c))
	if err != nil {
		return nil, err
	}
	sums, err := o.sums(c.Context)
	if err != nil {
		return nil, stopped(c.Context, err)
	}
	items := make([]index.Item, len(o.images))
	for i, image := range o.images {
		path := o.data.Images[image].Path
		items[i] = index.Item{ID: path, Path: path, SHA256: sums[i], Class: o.classes[image]}
		if o.data.CoarseOf != nil {
			items[i].Coarse = o.data.Coarse[o.data.CoarseOf[o.data.Images[image].Class]]
		}
	}
	return index.New(index.About{Kind: kind, Space: m.Space, Model: m.name, Distance: m.Manifest.Distance,
		Dim: m.Dim(), Root: o.root}, items, list.Data)
}

// sums returns the SHA-256 of the embedded images, in hexadecimal.
func (o *collection) sums(ctx context.Context) ([]string, error) {
	sums := make([]string, len(o.images))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, image := range o.images {
		g.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			sums[i], err = o.data.SHA256(image)
			return err
		})
	}
	return sums, g.Wait()
}
