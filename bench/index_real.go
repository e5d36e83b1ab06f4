package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"io"
	"path/filepath"
	"strings"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/models/postgres/postgrestest"
	"github.com/tfpair/tfpair/models/vectors"
)

// realEvery is how many vectors there are for each that is taken out to be searched for.
const realEvery = 20

// realRecall is what approximate searches find among embeddings of pictures, beside those that compare all.
type realRecall struct {
	Pictures string          `json:"pictures"`
	Vectors  int             `json:"vectors"` // searched
	Dim      int             `json:"dim"`
	Queries  int             `json:"queries"` // of the same pictures, and not in the index
	Kinds    []databaseTimed `json:"kinds"`   // ivf is a folder, hnsw lies in PostgreSQL
}

// realSets make archives of pictures. Two thirds of each side of a photo, in its four corners and its middle, are five pictures: an index
// of fewer than 20,000 has no groups.
var realSets = []struct {
	name string
	make func(o options, path string) error
}{
	{"grocery photos", func(o options, path string) error { return photosOf(o, path, nil) }},
	{"grocery crops", func(o options, path string) error { return photosOf(o, path, corners) }},
	{"omniglot drawings", func(o options, path string) error { return merge(path, background(o, 1), background(o, 2)) }},
}

// photosOf writes the photos of train and test, or what parts makes of each.
func photosOf(o options, path string, parts func(image.Image) []image.Image) error {
	return zipped(path, func(add func(name string, data []byte) error) error {
		for _, split := range []string{"train", "test"} {
			photos := path + "." + split
			if err := byClass(photos, o.grocery(), "image_label_"+split+".csv"); err != nil {
				return err
			}
			if err := eachFile(photos, func(name string, data []byte) error {
				if parts == nil {
					return add(name, data)
				}
				photo, err := jpeg.Decode(bytes.NewReader(data))
				if err != nil {
					return err
				}
				for i, part := range parts(photo) {
					var file bytes.Buffer
					if err := jpeg.Encode(&file, part, &jpeg.Options{Quality: 90}); err != nil {
						return err
					}
					if err := add(fmt.Sprintf("%s-%d.jpg", strings.TrimSuffix(name, ".jpg"), i), file.Bytes()); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachFile gives use the files of an archive, without folders.
func eachFile(path string, use func(name string, data []byte) error) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer z.Close() // read only
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return err
		}
		data, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
		if err := use(f.Name, data); err != nil {
			return err
		}
	}
	return nil
}

// corners returns the four corners of a photo and its middle.
func corners(photo image.Image) (list []image.Image) {
	b := photo.Bounds()
	size := image.Pt(b.Dx()*2/3, b.Dy()*2/3)
	for _, at := range []image.Point{b.Min, {b.Max.X - size.X, b.Min.Y}, {b.Min.X, b.Max.Y - size.Y}, b.Max.Sub(size), b.Min.Add(b.Size().Sub(size).Div(2))} {
		part := image.NewRGBA(image.Rectangle{Max: size})
		draw.Draw(part, part.Bounds(), photo, at, draw.Src)
		list = append(list, part)
	}
	return list
}

// amongReal measures the recall of approximate searches among the embeddings of a set by EfficientNet-Lite0.
func amongReal(ctx context.Context, o options, name string, pictures func(options, string) error) (realRecall, error) {
	return withFolder(func(folder string) (t realRecall, err error) {
		in := func(name string) string { return filepath.Join(folder, name) }
		if err := pictures(o, in("pictures.zip")); err != nil {
			return t, err
		}
		v, err := embeddedBy(ctx, o, in("model"), in("pictures.zip"), in("x.npy"))
		if err != nil {
			return t, err
		}
		data, queries := parted(v)
		t = realRecall{Pictures: name, Vectors: len(data) / v.Dim, Dim: v.Dim, Queries: len(queries) / v.Dim}
		about := index.About{Kind: "ivf", Space: v.Space, Model: "bench", Distance: "cosine", Dim: v.Dim}
		if err := writeIndex(in("x.index"), about, data); err != nil {
			return t, err
		}
		groups, err := index.Read(in("x.index"))
		if err != nil {
			return t, err
		}
		about.Kind = "flat"
		items := make([]index.Item, 0, t.Vectors)
		for _, item := range groups.All() {
			items = append(items, item)
		}
		flat, err := index.New(about, items, groups.Vectors())
		if err != nil {
			return t, err
		}
		k := databaseTimed{Kind: "ivf", Says: groups.Recall()}
		if err := k.searched(ctx, groups, flat, queries); err != nil {
			return t, err
		}
		t.Kinds = append(t.Kinds, k)
		server, stop, err := postgrestest.Run(ctx)
		if err != nil {
			return t, err
		}
		defer func() { err = errors.Join(err, stop()) }()
		for _, o := range []postgres.Options{{}, {Half: true}} {
			k, err := pushedTo(ctx, server.URL("postgres")+"?index=", flat, o, queries)
			if err != nil {
				return t, err
			}
			t.Kinds = append(t.Kinds, k)
		}
		return t, nil
	})
}

// parted takes each of realEvery vectors out.
func parted(v *vectors.Vectors) (data, queries []float32) {
	for i := range v.Paths {
		if i%realEvery == 0 {
			queries = append(queries, v.Row(i)...)
		} else {
			data = append(data, v.Row(i)...)
		}
	}
	return data, queries
}
