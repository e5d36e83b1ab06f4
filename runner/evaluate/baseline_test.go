package evaluate

import "testing"

// TestPixels: a picture of 64×64 is the mean of each 2×2 square, in [0,1]; two pictures are
// as far apart as their values.
func TestPixels(t *testing.T) {
	p, err := newPixels(64)
	if err != nil {
		t.Fatal(err)
	}
	in := make([]uint8, 2*64*64*3)
	for _, at := range []int{0, 1, 64, 65} { // the first square of the second picture, red
		in[64*64*3+3*at] = 51
	}
	got, err := p.Embed(in)
	if err != nil || len(got) != 2*3072 || p.Dim() != 3072 {
		t.Fatalf("%d values of %d, %v; want 2 pictures of 3072", len(got), p.Dim(), err)
	}
	for i, v := range got {
		want := float32(0)
		if i == 3072 {
			want = 0.2
		}
		if v != want {
			t.Errorf("value %d is %g, want %g", i, v, want)
		}
	}
	if d, _, err := p.Compare(got, []int32{0, 0}, []int32{1, 0}); err != nil || d[0] != 0.2 || d[1] > 1e-3 {
		t.Errorf("distances %v, %v; want 0.2, and next to 0", d, err)
	}
}
