package network

import (
	"strings"
	"testing"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
)

// TestFused: the runtime makes one operation of each convolution, its bias, the addition of the shortcut and the relu behind it, in all
// 16 blocks of ResNet50, also behind strides. Images are fed, and the runtime takes a feed for a tensor of any shape.
func TestFused(t *testing.T) {
	if !session.Int8() {
		t.Skip("the runtime fuses additions by oneDNN alone")
	}
	s, err := spec.Preset(spec.DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = s.Set("input.size=32", "backbone=resnet50", "head=none", "distance=cosine", "loss=contrastive"); err != nil {
		t.Fatal(err)
	}
	p, err := graphs.Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	g, err := graphs.BuildInference(p, 0)
	if err != nil {
		t.Fatal(err)
	}
	weights := map[string][]float32{}
	for _, v := range g.Variables {
		weights[v.Key] = v.Start(1)
		for i := range weights[v.Key] {
			if strings.HasSuffix(v.Key, "/beta") {
				weights[v.Key][i] = 0.1 // the runtime leaves out biases of zero, and fuses nothing then
			}
		}
	}
	if g, err = graphs.BuildFolded(p, weights, 0); err != nil {
		t.Fatal(err)
	}
	opened, err := session.Open(g.TF, session.Options{Device: session.CPU, Rewrite: true})
	if err != nil {
		t.Fatal(err)
	}
	f, err := folded(opened, 32)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	var trace session.Trace
	f.session.Trace(&trace)
	if _, err := f.Embed(make([]uint8, 32*32*3)); err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for name := range trace.Names { // what is fused has the name of its last operation
		if strings.HasSuffix(name, "_out/Relu") {
			blocks++
		}
	}
	if n := trace.Kinds["AddV2"].Operations; n != 0 || blocks != 16 {
		t.Errorf("of %d blocks, want 16, %d have additions of their own, want none", blocks, n)
	}
}
