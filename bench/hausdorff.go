package main

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"sort"

	"github.com/tfpair/tfpair/pipeline/dataset"
	picture "github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/metric"
)

// point is the place of a black pixel, from the centre of all of its drawing.
type point struct{ x, y float64 }

// oneShotError is what command hausdorff measures.
type oneShotError struct {
	Wrong    int             `json:"wrong"`
	Queries  int             `json:"queries"`
	Error    float64         `json:"error"`
	Interval metric.Interval `json:"interval"`
}

// hausdorff measures the baseline of Omniglot's one-shot runs: the training image of the
// smallest modified Hausdorff distance. Lake's own program for it reports an error of 38.75 %.
func hausdorff(ctx context.Context, o options) error {
	r, err := openResults(o, "hausdorff")
	if err != nil {
		return err
	}
	path := o.oneShotRuns()
	e, err := row(o, r, "hausdorff/all_runs", func() (oneShotError, error) {
		return hausdorffError(ctx, path)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "modified Hausdorff distance, 20-way one-shot error: %.2f %% (%d of %d), "+
		"%.1f to %.1f by resampling %d runs\n", 100*e.Error, e.Wrong, e.Queries,
		100*e.Interval.Low, 100*e.Interval.High, e.Interval.Units)
	return nil
}

// hausdorffError returns the error on the runs of an archive.
func hausdorffError(ctx context.Context, path string) (result oneShotError, err error) {
	data, err := dataset.Open(dataset.Options{Data: path, Format: "runs"})
	if err != nil {
		return result, err
	}
	defer data.Close() // read only
	drawings := make([][]point, len(data.Images))
	for i, image := range data.Images {
		if drawings[i], err = drawing(data.Root, image.Path); err != nil {
			return result, err
		}
	}
	var shares []float64 // of wrong answers, by run
	for _, e := range data.Episodes {
		if err := ctx.Err(); err != nil {
			return result, err
		}
		wrong := 0
		for i, query := range e.Query {
			var distances []float64
			for _, image := range e.Support {
				distances = append(distances, modifiedHausdorff(drawings[query], drawings[image]))
			}
			if slices.Index(distances, slices.Min(distances)) != int(e.Answer[i]) {
				wrong++
			}
		}
		result.Wrong += wrong
		result.Queries += len(e.Query)
		shares = append(shares, float64(wrong)/float64(len(e.Query)))
	}
	result.Error, result.Interval, err = metric.MeanOfEpisodes(shares)
	return result, err
}

// drawing returns the black pixels of an image.
func drawing(root fs.FS, path string) ([]point, error) {
	img, err := picture.Open(root, path, picture.Limits{})
	if err != nil {
		return nil, err
	}
	var points []point
	var centre point
	width := img.Rect.Dx()
	for at := 0; at < len(img.Pix); at += 4 { // RGBA
		if img.Pix[at] == 0 { // the drawings have two colours
			p := point{float64(at / 4 % width), float64(at / 4 / width)}
			points = append(points, p)
			centre.x, centre.y = centre.x+p.x, centre.y+p.y
		}
	}
	if len(points) == 0 {
		return nil, fmt.Errorf("image %q has no black pixel", path)
	}
	n := float64(len(points))
	for i := range points {
		points[i].x, points[i].y = points[i].x-centre.x/n, points[i].y-centre.y/n
	}
	return points, nil
}

// modifiedHausdorff is max(d(a,b), d(b,a)), where d(a,b) is the mean, over the points of a, of
// the distance to the nearest point of b: Dubuisson and Jain, A Modified Hausdorff Distance for
// Object Matching, ICPR 1994, distance 22. Neither may be empty; both ascend in y.
func modifiedHausdorff(a, b []point) float64 { return max(meanNearest(a, b), meanNearest(b, a)) }

// meanNearest returns d(a,b). b lies in ascending order of y, as drawing leaves it.
func meanNearest(a, b []point) float64 {
	sum := 0.0
	for _, p := range a {
		sum += math.Sqrt(nearestSquared(p, b))
	}
	return sum / float64(len(a))
}

// nearestSquared searches b up and down from the height of p, until only the heights differ
// by more than the nearest so far.
func nearestSquared(p point, b []point) float64 {
	least := math.Inf(1)
	start := sort.Search(len(b), func(i int) bool { return b[i].y >= p.y })
	for i := start; i < len(b) && square(b[i].y-p.y) < least; i++ {
		least = min(least, square(b[i].x-p.x)+square(b[i].y-p.y))
	}
	for i := start - 1; i >= 0 && square(b[i].y-p.y) < least; i-- {
		least = min(least, square(b[i].x-p.x)+square(b[i].y-p.y))
	}
	return least
}

func square(x float64) float64 { return x * x }
