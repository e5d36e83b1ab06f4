package cli

import (
	"image"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/phash"
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

// TestAgreed: hashes alone say that 0 and 1 look the same, and 2 and 3; embeddings agree on the first two.
func TestAgreed(t *testing.T) {
	prints := make([]copies.Print, 5)
	for i, whole := range []phash.Hash{0, 0b11111, 0xffff_0000_ffff, 0xffff_0000_ffff ^ 0b11111, 0xff00_ff00_ff00_ff00} {
		prints[i] = copies.Print{SHA256: [32]byte{byte(i + 1)}, Pixels: [32]byte{byte(i + 1)},
			Views: phash.Views{Whole: phash.View{Hash: whole, Hashed: true}}}
	}
	embeddings := [][]float32{{0}, {1}, {5}, {9}, {0}}
	between := func(a, b []float32) float32 { return max(a[0]-b[0], b[0]-a[0]) }
	got := agreed(prints, embeddings, between, 2)
	if len(got) != 1 || min(got[0].A, got[0].B) != 0 || max(got[0].A, got[0].B) != 1 {
		t.Errorf("agreed = %v, want 0 with 1", got)
	}
	embeddings[1] = nil
	if got := agreed(prints, embeddings, between, 2); got != nil {
		t.Errorf("agreed = %v with a picture that cannot be read, want none", got)
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
