package network

import (
	"math"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/session"
)

// frozenNetwork is a started network whose first stages are frozen.
func frozenNetwork(t *testing.T, set ...string) *Network {
	t.Helper()
	s, err := spec.Preset(spec.DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	s, err = s.Set(append([]string{"input.size=32", "backbone.efficientnet-lite0.freeze=stage2",
		"head.linear.embedding_dim=3"}, set...)...)
	if err != nil {
		t.Fatal(err)
	}
	n := open(t, s)
	if err := n.Start(1); err != nil {
		t.Fatal(err)
	}
	return n
}

func openFrozen(t *testing.T, n *Network) *Frozen {
	t.Helper()
	f, err := n.OpenFrozen(session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// TestFrozen: an embedding by way of features is that of the images, but for rounding.
func TestFrozen(t *testing.T) {
	n := frozenNetwork(t)
	if n.FeatureLength() != 16*16*16 { // of an image of 32 pixels, halved once
		t.Errorf("%d features, want 4096", n.FeatureLength())
	}
	pixels := make([]uint8, 2*32*32*3)
	for i := range pixels {
		pixels[i] = uint8(i * i % 251)
	}
	want, err := n.Embed(pixels)
	if err != nil {
		t.Fatal(err)
	}
	features, err := openFrozen(t, n).Features(pixels)
	if err != nil || len(features) != 2*4096 {
		t.Fatalf("%d features, %v", len(features), err)
	}
	got, err := n.EmbedFeatures(features)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range want {
		if math.Abs(float64(got[i]-x)) > 1e-5*float64(slices.Max(want)) {
			t.Errorf("embedding element %d by features = %v, by images %v", i, got[i], x)
		}
	}
}

// TestFrozenSum: one frozen weight, what is done with it, and the input change the sum;
// what is trained, and how, does not.
func TestFrozenSum(t *testing.T) {
	n := frozenNetwork(t)
	first := openFrozen(t, n).Sum
	for _, c := range []struct {
		set  string
		same bool
	}{
		{"head.linear.embedding_dim=4", true},
		{"optimizer.adam.lr=0.1", true},
		{"backbone.efficientnet-lite0.bn_epsilon=0.002", false},
		{"backbone.efficientnet-lite0.freeze=stage3", false},
		{"input.resize=pad", false},
	} {
		other := frozenNetwork(t, c.set)
		if sum := openFrozen(t, other).Sum; (sum == first) != c.same {
			t.Errorf("%s: the same sum %v, want %v", c.set, sum == first, c.same)
		}
	}
	c, err := n.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	move := func(frozen bool) {
		for i, v := range n.Graph.Variables {
			if slices.ContainsFunc(n.Graph.Frozen, func(f variable.Variable) bool { return f.Key == v.Key }) == frozen {
				c.Variables[i].Data[0] += 1e-3
				break
			}
		}
		if err := n.Restore(c); err != nil {
			t.Fatal(err)
		}
	}
	if move(false); openFrozen(t, n).Sum != first {
		t.Error("a trained weight changes the sum")
	}
	if move(true); openFrozen(t, n).Sum == first {
		t.Error("a frozen weight does not change the sum")
	}
}
