// Package look groups pictures that look alike: photos of one shelf, one session or one
// camera, where no name tells them apart.
//
//	picture → colours averaged to 8×8 → traits → k-means among the pictures of a class → group
//
// Bursts tells whether there is reason to do so. A group is a guess. What the data names, a column or a part of the path, is better.
package look

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/disintegration/imaging"
	"golang.org/x/sync/errgroup"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
)

const (
	side   = 8 // of the averaged picture
	groups = 4 // of a class or a label image, at most
	least  = 2 // pictures for each group, in the mean
)

// Look is the colours of a picture at 8×8 places: RGB in [0,255].
type Look [side * side * 3]float32

// Of returns the look of a picture.
func Of(img *image.NRGBA) (l Look) {
	small := imaging.Resize(img, side, side, imaging.Box)
	for p := range side * side {
		for c := range 3 {
			l[3*p+c] = float32(small.Pix[4*p+c])
		}
	}
	return l
}

// Options say how pictures are read.
type Options struct {
	Workers  int                   // pictures decoded at once; 0: one per CPU
	Limits   decode.Limits         // on the files
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
	names := map[int32]string{}
	for _, k := range alike {
		images, known := k.known(looks)
		for at, group := range cluster(traits(known), min(groups, len(known)/least)) {
			names[images[at]] = fmt.Sprintf("%s, look %d", k.name, group+1)
		}
	}
	return names, nil
}

// kind is the pictures of one class or one label image.
type kind struct {
	name   string
	images []int32
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

// read decodes the pictures, in parallel.
func read(ctx context.Context, d *dataset.Dataset, alike []kind, o Options) (map[int32]Look, error) {
	var images []int32
	for _, k := range alike {
		images = append(images, k.images...)
	}
	looks := make(map[int32]Look, len(images))
	var mu sync.Mutex // protects looks, done and calls of Progress
	done := 0
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cmp.Or(o.Workers, runtime.GOMAXPROCS(0)))
	for _, i := range images {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			img, err := decode.Open(d.Root, d.Images[i].Path, o.Limits)
			var l Look
			if err == nil {
				l = Of(img)
			}
			mu.Lock()
			defer mu.Unlock()
			if err == nil { // else who needs the picture says so
				looks[i] = l
			}
			if done++; o.Progress != nil {
				o.Progress(done, len(images))
			}
			return nil
		})
	}
	return looks, g.Wait()
}
