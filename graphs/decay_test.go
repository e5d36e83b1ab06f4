package graphs

import (
	"math"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/names"
)

// TestDecay: weight decay shrinks kernels by lr · weight_decay · value and leaves out biases, batch norm, the
// power of a pooling and proxies; proxies move at a rate of their own.
func TestDecay(t *testing.T) {
	after := func(optimizer string) (before, after map[string][]float32) {
		s := small(t, "input.size=16", "backbone.conv4={filters: 2, pool: gem}", "head.mlp={embedding_dim: 3, hidden: 4, batch_norm: false}",
			"loss.proxyanchor.classes=2", "distance=cosine", "optimizer={sgd: {"+optimizer+"}}")
		m := open(t, mustBuild(t, s))
		levels := make([]uint8, 4*16*16*3)
		for i := range levels {
			levels[i] = uint8(i * i >> 3)
		}
		before = m.values(t)
		m.run(t, map[string]any{names.Images: tensorOf(t, levels, []int64{4, 16, 16, 3}), names.Labels: []int32{0, 1, 0, 1},
			names.LearningRate: float32(0.1), names.Step: float32(0)}, names.Train)
		return before, m.values(t)
	}
	start, plain := after("lr: 0.1")
	_, decayed := after("lr: 0.1, weight_decay: 0.5")
	_, faster := after("lr: 0.1, proxy_lr: 4")
	seen := map[string]bool{}
	for key, values := range plain {
		part := key[strings.LastIndexByte(key, '/')+1:]
		seen[part] = true
		for i, x := range values {
			was := float64(start[key][i])
			shrunk, factor := 0.0, 1.0
			if part == "kernel" {
				shrunk = 0.1 * 0.5 * was
			}
			if part == "proxies" {
				factor = 4
			}
			if got := float64(x) - float64(decayed[key][i]); math.Abs(got-shrunk) > 1e-6*(1+math.Abs(was)) {
				t.Errorf("%s[%d] of %v shrinks by %v, want %v", key, i, was, got, shrunk)
			}
			want := was + factor*(float64(x)-was)
			if got := float64(faster[key][i]); math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
				t.Errorf("%s[%d] with proxy_lr is %v, want %v", key, i, got, want)
			}
		}
	}
	for _, part := range []string{"kernel", "bias", "gamma", "beta", "power", "proxies"} {
		if !seen[part] {
			t.Errorf("no variable is a %s", part)
		}
	}
}
