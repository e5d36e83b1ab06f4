// Package look groups pictures that look alike: photos of one shelf, one session or one
// camera, where no name tells them apart.
//
//	picture → colours averaged to 8×8 → traits → k-means among the pictures of a class → group
//
// Bursts tells whether there is reason to do so. A group is a guess. What the data names, a column or a part of the path, is better.
package look

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/kept"
	"github.com/tfpair/tfpair/pipeline/resize"
)

const (
	side   = 8 // of the averaged picture
	groups = 4 // of a class or a label image, at most
	least  = 2 // pictures for each group, in the mean
)

// Look is the colours of a picture at 8×8 places: RGB in [0,255].
type Look [side * side * 3]float32

// of returns the look of a picture of pixels [8,8,3].
func of(pixels []uint8) (l Look) {
	for i, v := range pixels {
		l[i] = float32(v)
	}
	return l
}

// Options say how pictures are read.
type Options struct {
	Workers  int                   // pictures decoded at once; 0: one per CPU
	Limits   decode.Limits         // on the files
	Kept     *kept.Options         // where looks are kept across programs, and found; nil: nowhere
	Progress func(done, total int) // called after each picture, one call at a time; nil: none
}

// Groups returns the group of each picture, by name: the pictures of a class, or the photos of a
// label image, that look alike are one. They make four groups, or fewer where there are fewer than
// eight. Pictures that cannot be decoded have none. Equal pictures give equal groups, whatever
// Workers is. The names are for dataset.Dataset.SetGroups.
//
// The error is a *dataset.OptionsError where the data has neither classes nor label images, or
// that of ctx.
func Groups(ctx context.Context, d *dataset.Dataset, o Options) (map[int32]string, error) {
	alike := kinds(d)
	if len(alike) == 0 {
		return nil, &dataset.OptionsError{Reason: "group-by look wants a folder per class, or photos with label images: " +
			"in pairs and triplets nothing says which pictures show the same thing; give the list a column group"}
	}
	looks, err := read(ctx, d, alike, o)
	if err != nil {
		return nil, err
	}
	of := make([]map[int32]string, len(alike))
	workers.Each(len(alike), func() func(int) {
		return func(i int) { of[i] = alike[i].group(looks) }
	})
	names := make(map[int32]string, len(looks))
	for _, some := range of {
		maps.Copy(names, some)
	}
	return names, nil
}

// kind is the pictures of one class or one label image.
type kind struct {
	name   string
	images []int32
}

// group returns the group of each picture that has a look, by name.
func (k kind) group(looks map[int32]Look) map[int32]string {
	images, known := k.known(looks)
	names := make(map[int32]string, len(images))
	for at, group := range cluster(traits(known), min(groups, len(known)/least)) {
		names[images[at]] = fmt.Sprintf("%s, look %d", k.name, group+1)
	}
	return names
}

// known returns the pictures that have a look, and their looks.
func (k kind) known(looks map[int32]Look) (images []int32, known []Look) {
	for _, i := range k.images {
		if l, ok := looks[i]; ok {
			images, known = append(images, i), append(known, l)
		}
	}
	return images, known
}

// kinds returns the pictures of each class, or the photos of each label image, in order.
func kinds(d *dataset.Dataset) []kind {
	of := map[string][]int32{}
	for i, name := range d.Shows() {
		if name != "" {
			of[name] = append(of[name], int32(i))
		}
	}
	var all []kind
	for name, images := range of {
		slices.SortFunc(images, func(a, b int32) int { return strings.Compare(d.Images[a].Path, d.Images[b].Path) })
		all = append(all, kind{name, images})
	}
	slices.SortFunc(all, func(a, b kind) int { return strings.Compare(a.name, b.name) })
	return all
}

// read returns the looks of pictures, without those that cannot be decoded.
func read(ctx context.Context, d *dataset.Dataset, alike []kind, o Options) (looks map[int32]Look, err error) {
	var images []int32
	for _, k := range alike {
		images = append(images, k.images...)
	}
	small, err := resize.New(resize.Options{Size: side, Mode: "squash", Filter: "box"})
	if err != nil {
		return nil, err
	}
	store := pipeline.NewStore(d, pipeline.StoreOptions{Resizer: small, Workers: o.Workers, Limits: o.Limits, Kept: o.Kept, MaxDisk: -1})
	defer func() { err = errors.Join(err, store.Close()) }()
	bad, err := store.Prepare(ctx, images, o.Progress)
	if err != nil {
		return nil, err
	}
	unknown := map[int32]bool{} // who needs the picture says so
	for _, b := range bad {
		unknown[b.Image] = true
	}
	looks = make(map[int32]Look, len(images))
	pixels := make([]uint8, small.Bytes())
	for _, i := range images {
		if unknown[i] || store.Pixels(pixels, []int32{i}) != nil {
			continue
		}
		looks[i] = of(pixels)
	}
	return looks, nil
}
