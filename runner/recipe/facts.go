package recipe

import (
	"cmp"
	"context"
	"image"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// sampled is how many images are looked at. Of 32 that are ink with probability 0.97, four of five are
// with probability 1 - 10⁻⁵.
const sampled = 32

// inkImages is the share of images, at least, that are ink on paper where the data is.
const inkImages = 0.8

// Facts say what data is, as far as a choice depends on it.
type Facts struct {
	Kind     dataset.Kind `json:"-"`
	Layout   string       `json:"layout"`           // Kind in words: "classes", "pairs", "triplets", "label images"
	Images   int          `json:"images"`           // photos, where there are label images
	Tuples   int          `json:"tuples,omitempty"` // listed pairs or triplets
	Classes  int          `json:"classes"`          // with two images or more; or label images
	PerClass int          `json:"per_class"`        // images of the class in the middle; 0 of lists
	Largest  int          `json:"largest"`          // images of the largest class; 0 of lists
	Side     int          `json:"side"`             // longer side of the image in the middle, in pixels
	Grey     bool         `json:"grey"`             // no image that was looked at has a colour
	Ink      bool         `json:"ink"`              // drawings, digits, symbols: ink on paper
	Looked   int          `json:"looked"`           // images that were looked at; 0: none could be read

	sure   int  // classes that have two images when others are held out
	parted bool // the data says what belongs together or is held out
}

// leastHeld is how many images a class needs so that two are left where others are held out.
const leastHeld = 4

// examples is how many examples there are to train on: images, or listed tuples.
func (f Facts) examples() int { return max(f.Images, f.Tuples) }

// LookOptions say how images are read.
type LookOptions struct {
	Workers int           // images decoded at once; 0: one per CPU
	Limits  decode.Limits // on the files
}

// Look returns what d is. It decodes at most 32 images, evenly spread, and passes over those that
// cannot be decoded. Equal data has equal facts, whatever Workers is. The error is that of ctx.
func Look(ctx context.Context, d *dataset.Dataset, o LookOptions) (Facts, error) {
	part := d.In(dataset.Train)
	if len(part.Images) == 0 {
		part = d.All()
	}
	f := Facts{Kind: d.Kind(), Images: len(part.Images), parted: d.Groups != nil || len(d.Splits()) > 0}
	f.Layout = layouts[f.Kind]
	f.count(d, part)
	seen, err := glance(ctx, d, dataset.Evenly(part.Images, sampled), o)
	f.judge(seen)
	return f, err
}

// layouts are the kinds of data in words.
var layouts = map[dataset.Kind]string{dataset.OfClasses: "classes", dataset.OfPairs: "pairs",
	dataset.OfTriplets: "triplets", dataset.OfLabelImages: "label images", dataset.OfEpisodes: "one-shot runs"}

// count counts tuples and classes.
func (f *Facts) count(d *dataset.Dataset, part dataset.Part) {
	f.Tuples = part.Triplets.Len()
	if f.Kind == dataset.OfPairs {
		f.Tuples = part.Pairs.Len()
	}
	of := map[int32]int{}
	for _, m := range part.Matches {
		of[m.Label]++
	}
	if f.Kind == dataset.OfClasses {
		for _, i := range part.Images {
			if class := d.Images[i].Class; class >= 0 {
				of[class]++
			}
		}
	}
	var sizes []int
	for _, n := range of {
		if n > 1 || f.Kind == dataset.OfLabelImages {
			sizes = append(sizes, n)
		}
		if n >= leastHeld {
			f.sure++
		}
	}
	if f.Classes = len(sizes); f.Classes > 0 {
		slices.Sort(sizes)
		f.PerClass, f.Largest = sizes[len(sizes)/2], sizes[len(sizes)-1]
	}
}

// glimpse is what is seen of one image.
type glimpse struct {
	side      int
	grey, ink bool
}

// glance looks at images, in parallel. Those that cannot be decoded are left out.
func glance(ctx context.Context, d *dataset.Dataset, images []int32, o LookOptions) (seen []glimpse, err error) {
	var mu sync.Mutex // protects seen
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cmp.Or(o.Workers, runtime.GOMAXPROCS(0)))
	for _, i := range images {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			img, err := decode.Open(d.Root, d.Images[i].Path, o.Limits)
			if regular.Exhausted(err) {
				return err
			}
			if err != nil { // who needs the image says so
				return nil
			}
			s := glimpse{max(img.Bounds().Dx(), img.Bounds().Dy()), isGrey(img), isInk(img)}
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, s)
			return nil
		})
	}
	return seen, g.Wait()
}

// judge says of all images what is seen of some.
func (f *Facts) judge(seen []glimpse) {
	if f.Looked = len(seen); f.Looked == 0 {
		return
	}
	slices.SortFunc(seen, func(a, b glimpse) int { return a.side - b.side })
	f.Side, f.Grey = seen[len(seen)/2].side, true
	ink := 0
	for _, s := range seen {
		f.Grey = f.Grey && s.grey
		if s.ink {
			ink++
		}
	}
	f.Ink = float64(ink) >= inkImages*float64(len(seen))
}

// isGrey tells whether all places of img that are looked at are grey, as far as JPEG keeps it.
func isGrey(img *image.NRGBA) bool {
	const near = 8 // levels, of 255
	for _, c := range rasterOf(img).colours {
		if max(c[0], c[1], c[2])-min(c[0], c[1], c[2]) > near {
			return false
		}
	}
	return true
}
