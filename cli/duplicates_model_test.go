package cli

import (
	"image"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/pipeline/copies"
)

// TestMutual holds the pairs against all pairs of a line of numbers: 0 1 | 5 | 10 10.5 12 | unreadable.
func TestMutual(t *testing.T) {
	embeddings := [][]float32{{0}, {1}, {5}, {10}, {10.5}, {12}, nil}
	between := func(a, b []float32) float32 { return max(a[0]-b[0], b[0]-a[0]) }
	want := []copies.Pair{{A: 0, B: 1}, {A: 3, B: 4}} // 12 is nearest to 10.5, which has a nearer one
	if got := mutual(embeddings, between, 2); !slices.Equal(got, want) {
		t.Errorf("mutual = %v, want %v", got, want)
	}
	if got := mutual(embeddings, between, 0.7); !slices.Equal(got, want[1:]) {
		t.Errorf("mutual within 0.7 = %v, want %v", got, want[1:])
	}
}

// TestAlterations: each altered copy is another picture, of about the same size.
func TestAlterations(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 80, 60))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 7)
	}
	all := alterations(img)
	if len(all) != 5 {
		t.Fatalf("%d copies, want 5", len(all))
	}
	for i, a := range all {
		size := a.Bounds().Size()
		if size.X < 70 || size.X > 95 || size.Y < 52 || size.Y > 72 {
			t.Errorf("copy %d is of %v", i, size)
		}
	}
}
