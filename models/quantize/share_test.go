package quantize

import (
	"slices"
	"testing"
)

// TestLevel: where a depthwise layer alone takes a tensor, each channel has a share of the range, the root of what it fills: of
// 1, 1/4 and, of one that is nearly zero, not less than 1/32. Both kernels and the bias are in these shares.
func TestLevel(t *testing.T) {
	w := window{same: true, stride: 1, depth: true, channels: inputs}
	kernel := make([]float32, 3*3*inputs)
	for c := range inputs {
		kernel[4*inputs+c] = 127 // looks at the centre
	}
	for _, depth := range []bool{true, false} {
		want := []float32{1, 0.25, 1. / 32}
		w.depth = depth
		if !depth { // each channel of the result is the sum of all
			want = nil
			kernel = make([]float32, 3*3*inputs*inputs)
			for i := range inputs * inputs {
				kernel[4*inputs*inputs+i] = 127
			}
		}
		g := w.graph(t, kernel)
		pixels := append([]float32{8, 0.5, 1. / 1024, 4, 0.25, 0}, make([]float32, (height*width-2)*inputs)...)
		seen := watch(t, g, func(string) []float32 { return pixels })
		if got := seen["first"].share; !slices.Equal(got, want) || seen["second"].share != nil {
			t.Errorf("depthwise %t: shares %v and %v, want %v and none", depth, got, seen["second"].share, want)
		}
		seen["first"].Count(pixels)
		if r, err := seen["first"].Choose(Percentile); err != nil || r.Max != 8 || !slices.Equal(r.Share, want) {
			t.Errorf("depthwise %t: range %+v, %v; want 8 and the shares", depth, r, err)
		}
		if !depth {
			continue
		}
		plan, err := NewPlan(seen, MinMax)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := plan.Rewrite(g, "second/relu"); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string][]float32{"first/int8/kernel/largest": {1, 4, 32}, "second/int8/kernel/largest": {127, 127. / 4, 127. / 32}} {
			if got := numbers(t, g, name); !slices.Equal(got, want) {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
	}
}
