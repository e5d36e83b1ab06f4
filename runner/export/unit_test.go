package export

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
	"github.com/tfpair/tfpair/runner/trained/trainedtest"
)

// TestUnit: a model trained for cosine answers with embeddings of length 1, so that their inner product ranks as the
// model does; one trained for another distance answers as its network does.
func TestUnit(t *testing.T) {
	for _, set := range []string{"distance=cosine", "distance=euclidean"} {
		t.Run(set, func(t *testing.T) {
			folder := trainedtest.Run(t, nil, set)
			out := filepath.Join(t.TempDir(), "model")
			if _, err := Run(context.Background(), config(folder, out)); err != nil {
				t.Fatal(err)
			}
			model, err := models.Load(out)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = model.Close() }() // nothing is left in it
			network, err := trained.Open(folder, "last", network.Own{}, session.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer network.Close()
			pixels := figures(t, model.Info().Manifest.Preprocessing.Options)
			rows, err := model.EmbedPixels(context.Background(), pixels)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := network.Embed(pixels) // of any length
			if err != nil {
				t.Fatal(err)
			}
			dim, unit := model.Dim(), set == "distance=cosine"
			if got := allOfLength1(rows, dim); got != unit {
				t.Errorf("embeddings have length 1: %t, want %t", got, unit)
			}
			if allOfLength1(raw, dim) {
				t.Error("the network itself gives embeddings of length 1, so that this test shows nothing")
			}
			if !unit {
				return
			}
			if got := network.Parts.Unit(); !got {
				t.Error("Unit is false")
			}
			between, err := distance.ByName("cosine")
			if err != nil {
				t.Fatal(err)
			}
			for i := range len(rows) / dim {
				last := math.Inf(-1)
				for _, row := range byProduct(rows, dim, i) {
					key := between.Key(raw[i*dim:][:dim], raw[row*dim:][:dim])
					if key < last-rounding {
						t.Errorf("picture %d: by inner product %d comes behind a picture that the model finds farther, by %g", i, row, last-key)
					}
					last = max(last, key)
				}
			}
		})
	}
}

// figures returns pixels of drawn pictures.
func figures(t *testing.T, o resize.Options) (pixels []uint8) {
	t.Helper()
	files, err := sample.Files(sample.Options{Classes: 4, Train: 3, Test: 1, Size: o.Size})
	if err != nil {
		t.Fatal(err)
	}
	resizer, err := resize.New(o)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		of, err := pixelsOf(files[name], resizer)
		if err != nil {
			t.Fatal(fmt.Errorf("%s: %w", name, err))
		}
		pixels = append(pixels, of...)
	}
	return pixels
}

// allOfLength1 reports whether rows [N,D] have length 1, as far as float32 can say.
func allOfLength1(rows []float32, dim int) bool {
	for row := range slices.Chunk(rows, dim) {
		if math.Abs(distance.Energy(row)-1) > 1e-5 {
			return false
		}
	}
	return true
}

func product(a, b []float32) (sum float64) {
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}

// rounding is how much float32 may change the key of a distance, which is 4 at most.
const rounding = 4e-6

// byProduct returns the numbers of rows [N,D], that of the largest inner product with row i first.
func byProduct(rows []float32, dim, i int) []int {
	var products []float64
	var order []int
	for row := range slices.Chunk(rows, dim) {
		order = append(order, len(products))
		products = append(products, product(rows[i*dim:][:dim], row))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(products[b], products[a]) })
	return order
}
