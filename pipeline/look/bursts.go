package look

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

const (
	sampled   = 2000 // pictures that are looked at, in the order of their classes
	perKind   = 60   // of one class or label image, at most
	fewest    = 10   // of one class or label image: fewer say nothing of their neighbours
	kindsLeft = 5    // classes or label images: the spread of fewer is not known
	coarse    = 3    // places in a row, at which pictures are compared
	shuffles  = 4    // independent pictures that those of a class are compared with
)

// Near is the ratio of Evidence below which pictures come in bursts. It lies between two lists of
// photos of shelves (0.90 and 0.92) and what is independent: pictures of the demo (0.96), digits and
// characters (0.98 and 0.99), photos of different products (0.99).
const Near = 0.95

// Evidence says how near pictures of a class lie to one another.
type Evidence struct {
	// Ratio is the distance of a picture to the nearest of its class, over that of independent
	// pictures of the same colours: in the mean of classes, of squares. About 1 where pictures
	// are independent; 0 where Kinds is.
	Ratio float64
	Error float64 // standard error of Ratio
	Kinds int     // classes, or label images, that were looked at; 0: too few for an answer
}

// Bursts tells whether the ratio is below Near by two standard errors.
func (e Evidence) Bursts() bool { return e.Kinds > 0 && e.Ratio+2*e.Error < Near }

// Bursts looks at some pictures of each class, or photos of each label image, for signs that they
// were taken in bursts: it compares the distance to the nearest with that of pictures whose
// principal components are shuffled, each by itself. These have the same spread in each
// direction, and lie in no burst. The pictures are drawn, equal data giving equal ones, and
// those that cannot be decoded are left out. The error is that of ctx.
func Bursts(ctx context.Context, d *dataset.Dataset, o Options) (Evidence, error) {
	some := drawn(kinds(d))
	looks, err := read(ctx, d, some, o)
	if err != nil {
		return Evidence{}, err
	}
	r := rand.New(rand.NewPCG(sampled, 0x6275727374)) // "burst"
	var ratios []float64
	for _, k := range some {
		if _, known := k.known(looks); len(known) >= fewest {
			if ratio := nearness(known, r); !math.IsNaN(ratio) {
				ratios = append(ratios, ratio)
			}
		}
	}
	if len(ratios) < kindsLeft {
		return Evidence{}, nil
	}
	mean, std := stat.MeanStdDev(ratios, nil)
	return Evidence{mean, stat.StdErr(std, float64(len(ratios))), len(ratios)}, nil
}

// drawn returns kinds in drawn order, and pictures of them.
func drawn(all []kind) (some []kind) {
	r := rand.New(rand.NewPCG(uint64(len(all)), 0x64726177)) // "draw"
	left := sampled
	for _, at := range r.Perm(len(all)) {
		k := all[at]
		if len(k.images) < fewest {
			continue
		}
		n := min(len(k.images), perKind, left)
		if n < fewest {
			break
		}
		left -= n
		images := make([]int32, n)
		for i, picture := range r.Perm(len(k.images))[:n] {
			images[i] = k.images[picture]
		}
		slices.Sort(images)
		some = append(some, kind{k.name, images})
	}
	return some
}

// nearness returns the distance to the nearest, over that of independent pictures; not a number
// where all are equal.
func nearness(looks []Look, r *rand.Rand) float64 {
	scores := components(looks)
	own, independent := nearest(scores), 0.0
	for range shuffles {
		for _, column := range scores {
			r.Shuffle(len(column), func(i, j int) { column[i], column[j] = column[j], column[i] })
		}
		independent += nearest(scores) / shuffles
	}
	return math.Sqrt(own / independent)
}

// edges are the rows, and the columns, of a look at which those of a coarse one begin and end.
var edges = [coarse + 1]int{0, 3, 5, side}

// coarse returns the colours of l at 3×3 places: more of them tell steps and angles apart that
// photos of one burst differ in.
func (l *Look) coarse() []float64 {
	colours := make([]float64, 0, coarse*coarse*3)
	for row := range coarse {
		for column := range coarse {
			var sum [3]float64
			n := 0.0
			for y := edges[row]; y < edges[row+1]; y++ {
				for x := edges[column]; x < edges[column+1]; x++ {
					n++
					for c := range sum {
						sum[c] += float64(l[3*(side*y+x)+c])
					}
				}
			}
			colours = append(colours, sum[0]/n, sum[1]/n, sum[2]/n)
		}
	}
	return colours
}

// components returns the principal components of coarse looks: of each the value of every look.
func components(looks []Look) [][]float64 {
	x := mat.NewDense(len(looks), coarse*coarse*3, nil)
	for i := range looks {
		x.SetRow(i, looks[i].coarse())
	}
	var pc stat.PC
	pc.PrincipalComponents(x, nil) // fails for no picture only
	var vectors, scores mat.Dense
	pc.VectorsTo(&vectors)
	scores.Mul(x, &vectors)
	columns := make([][]float64, scores.RawMatrix().Cols)
	for j := range columns {
		columns[j] = mat.Col(nil, j, &scores)
	}
	return columns
}

// nearest returns the mean, over all points, of the square of the distance to the nearest other.
func nearest(columns [][]float64) (mean float64) {
	n := len(columns[0])
	for i := range n {
		least := math.Inf(1)
		for j := range n {
			if j != i {
				least = min(least, apart(columns, i, j))
			}
		}
		mean += least / float64(n)
	}
	return mean
}

// apart returns the square of the distance of two points.
func apart(columns [][]float64, i, j int) (sum float64) {
	for _, c := range columns {
		d := c[i] - c[j]
		sum += d * d
	}
	return sum
}
