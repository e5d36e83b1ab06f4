package graphs

import (
	"math"
	"slices"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/names"
)

// cut is a spec of a network with a frozen part.
func cut(t *testing.T, freeze string, set ...string) *spec.Spec {
	t.Helper()
	return small(t, append([]string{"input.size=32", "backbone.efficientnet-lite0.freeze=" + freeze,
		"head.linear.embedding_dim=3", "loss=contrastive", "distance=sqeuclidean"}, set...)...)
}

// large returns n random images [n,32,32,3].
func large(n int) [][][][]uint8 {
	images := squares(n)
	for i := range images {
		for y := range images[i] {
			images[i][y] = append(images[i][y], images[i][y]...)
		}
		images[i] = append(images[i], images[i]...)
	}
	return images
}

// alike compares two arrays by the largest element.
func alike(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	largest := 0.0
	for _, x := range want {
		largest = math.Max(largest, math.Abs(float64(x)))
	}
	if len(got) != len(want) || largest == 0 {
		t.Fatalf("%s: %d numbers, want %d, the largest %v", what, len(got), len(want), largest)
	}
	for i, x := range want {
		if d := math.Abs(float64(got[i] - x)); !(d <= tolerance*largest) {
			t.Fatalf("%s: number %d = %v, want %v (largest %v)", what, i, got[i], x, largest)
		}
	}
}

// TestFeatures: what the frozen part makes of images may be fed in their place: the
// embedding, the loss and the update are the same to the bit. The graph of the frozen
// part alone, folded, makes the same of them but for rounding.
func TestFeatures(t *testing.T) {
	for _, c := range []struct {
		freeze string
		shape  []int64 // of an image of 32 pixels
		set    []string
	}{
		{"all", []int64{1280}, nil},
		{"stage4", []int64{4, 4, 40}, []string{"backbone.efficientnet-lite0.freeze_bn=true"}},
		{"stage8", []int64{1, 1, 320}, []string{"train.ema=0.5", "topology=triplet", "loss=triplet"}},
	} {
		s := cut(t, c.freeze, c.set...)
		m, images := open(t, mustBuild(t, s)), large(4)
		if !slices.Equal(m.Features, c.shape) {
			t.Errorf("%s: features have shape %v, want %v", c.freeze, m.Features, c.shape)
		}
		features := m.run(t, map[string]any{names.Images: images}, names.Features)
		weights := map[string][]float32{}
		for _, v := range m.Variables {
			weights[v.Key] = v.Start(1)
		}
		frozen, err := BuildFrozen(mustResolve(t, s), weights)
		if err != nil {
			t.Fatal(err)
		}
		alone := machine{&Graph{TF: frozen}, newSession(t, frozen)}
		alike(t, c.freeze+", folded", alone.run(t, map[string]any{names.Images: images}, names.Features),
			features, 1e-5)

		feeds := map[string]any{names.LearningRate: float32(0.1), names.Step: float32(0),
			names.Left: []int32{0, 0}, names.Right: []int32{1, 2}}
		if s.Topology == "triplet" {
			feeds[names.Anchor], feeds[names.Positive], feeds[names.Negative] = []int32{0}, []int32{0}, []int32{1}
		} else {
			feeds[names.Same] = []float32{1, 0}
		}
		var ends [2]map[string][]float32
		for i, from := range []map[string]any{{names.Images: images},
			{names.Features: tensorOf(t, features, append([]int64{4}, c.shape...))}} {
			m := open(t, m.Graph)
			for name, value := range from {
				feeds[name] = value
			}
			ends[i] = map[string][]float32{names.Embedding: m.run(t, from, names.Embedding),
				names.Loss: m.run(t, feeds, names.Loss)}
			m.run(t, feeds, names.Train)
			for key, value := range m.values(t) {
				ends[i][key] = value
			}
			for name := range from {
				delete(feeds, name)
			}
		}
		for key, want := range ends[0] {
			if !slices.Equal(ends[1][key], want) {
				t.Errorf("%s: %s differs between images and their features", c.freeze, key)
			}
		}
	}
}

// TestFrozenHasNoTwin: of weights that never change there is no moving average.
func TestFrozenHasNoTwin(t *testing.T) {
	g := mustBuild(t, cut(t, "stage8", "train.ema=0.9"))
	twins := 0
	for _, v := range g.Slots {
		if strings.HasPrefix(v.Key, names.Live+"/") {
			twins++
		}
	}
	if twins != 5+2 { // the last convolution with its batch norm, and the head
		t.Errorf("the network has %d twins, want 7", twins)
	}
}

func newSession(t *testing.T, g *tf.Graph) *tf.Session {
	t.Helper()
	s, err := tf.NewSession(g, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
