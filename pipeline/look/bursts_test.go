package look

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// shots returns n looks: in bursts of per pictures, each near the look of its burst.
func shots(n, per int, r *rand.Rand) []Look {
	var looks []Look
	var shelf Look
	for i := range n {
		if i%per == 0 {
			for j := range shelf {
				shelf[j] = 128 + 40*float32(r.NormFloat64())
			}
		}
		l := shelf
		for j := range l {
			l[j] += 10 * float32(r.NormFloat64())
		}
		looks = append(looks, l)
	}
	return looks
}

// TestNearness: independent looks have a ratio of 1 or a little more, since 40 pictures do not fill
// 27 directions evenly; those in bursts of five, four times as near as others, are far below Near.
func TestNearness(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		per       int
		low, high float64
	}{{1, 1, 1.2}, {5, 0, 0.8}} {
		mean := 0.0
		for range 20 {
			mean += nearness(shots(40, c.per, r), r) / 20
		}
		if mean < c.low || mean > c.high {
			t.Errorf("bursts of %d: ratio %.3f, want %g to %g", c.per, mean, c.low, c.high)
		}
	}
	if got := nearness(make([]Look, 12), r); !math.IsNaN(got) {
		t.Errorf("equal looks: ratio %g, want not a number", got)
	}
}

// TestNearest against a plain loop over looks: principal components keep distances.
func TestNearest(t *testing.T) {
	looks := shots(30, 3, rand.New(rand.NewPCG(3, 4)))
	want := 0.0
	for i := range looks {
		least := math.Inf(1)
		for j := range looks {
			if i != j {
				sum := 0.0
				a, b := looks[i].coarse(), looks[j].coarse()
				for c := range a {
					sum += (a[c] - b[c]) * (a[c] - b[c])
				}
				least = min(least, sum)
			}
		}
		want += least / float64(len(looks))
	}
	if got := nearest(components(looks)); math.Abs(got-want) > 1e-6*want {
		t.Errorf("mean square of the nearest distance %g, want %g", got, want)
	}
}

// TestBursts on real pictures: photos of shelves come in bursts, digits and characters that people
// drew one by one do not.
func TestBursts(t *testing.T) {
	for path, want := range map[string]bool{
		"grocery/image_label_train.csv":         true,
		"grocery/image_label_test.csv":          true,
		"mnist/mnist-small.zip":                 false,
		"omniglot/images_background_small1.zip": false,
		"omniglot/images_background_small2.zip": false,
	} {
		t.Run(path, func(t *testing.T) {
			file := filepath.Join(os.Getenv("TFPAIR_DATA"), filepath.FromSlash(path))
			if _, err := os.Stat(file); os.Getenv("TFPAIR_DATA") == "" || errors.Is(err, fs.ErrNotExist) {
				t.Skip("TFPAIR_DATA names no folder with this file")
			}
			d, err := dataset.Open(dataset.Options{Data: file})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close() // read only
			got, err := Bursts(context.Background(), d, Options{Limits: decode.DefaultLimits})
			if err != nil || got.Bursts() != want {
				t.Errorf("%+v (%v), want bursts %v", got, err, want)
			}
		})
	}
}

// TestBurstsFew: few classes, or few pictures of each, are no evidence.
func TestBurstsFew(t *testing.T) {
	got, err := Bursts(context.Background(), folder(t, 20), Options{Limits: decode.DefaultLimits})
	if err != nil || got.Kinds != 0 || got.Bursts() {
		t.Errorf("two classes: %+v, %v, want no evidence", got, err)
	}
	got, err = Bursts(context.Background(), folder(t, 4), Options{Limits: decode.DefaultLimits})
	if err != nil || got.Kinds != 0 || got.Bursts() {
		t.Errorf("four pictures of a class: %+v, %v, want no evidence", got, err)
	}
}
