package index

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSuggest: the threshold is that of plain loops: 95 % of the images whose nearest is of their class are within it.
func TestSuggest(t *testing.T) {
	c := crowd{Rand: rand.New(rand.NewPCG(1, 2)), dim: 3}
	images := c.images(6, 20)
	x := indexOf(t, images, c.dim)
	var right []float64
	for i, class := range images.Classes {
		nearest, of := math.Inf(1), ""
		for j, other := range images.Classes {
			sum := 0.0
			for k := range c.dim {
				sum += math.Pow(float64(images.Vectors[i*c.dim+k])-float64(images.Vectors[j*c.dim+k]), 2)
			}
			if d := math.Sqrt(sum); j != i && d < nearest {
				nearest, of = d, other
			}
		}
		if of == class {
			right = append(right, nearest)
		}
	}
	got, ok, err := x.Suggest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	below, within := 0, 0 // of float32, and two images may be the nearest of each other
	for _, d := range right {
		if d < got*(1-1e-6) {
			below++
		}
		if d <= got*(1+1e-6) {
			within++
		}
	}
	if want := 0.95 * float64(len(right)); !ok || float64(below) >= want || float64(within) < want {
		t.Errorf("%v, %v: of %d images %d are nearer and %d within it, want 95 %% and no more", got, ok, len(right), below, within)
	}
	if len(right) == len(images.Classes) {
		t.Error("the nearest of each is of its class, want some of another")
	}
}

// TestSuggestNothing: without classes, and with one image of each, there is nothing to go by.
func TestSuggestNothing(t *testing.T) {
	c := crowd{Rand: rand.New(rand.NewPCG(3, 4)), dim: 3}
	none := Strangers{Classes: make([]string, 8), Vectors: c.images(1, 8).Vectors}
	for name, images := range map[string]Strangers{"no class": none, "one of each": c.images(8, 1), "a single image": c.images(1, 1)} {
		got, ok, err := indexOf(t, images, c.dim).Suggest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]any{0.0, false}, []any{got, ok}); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
