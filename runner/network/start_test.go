package network

import (
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/checkpoint"
)

// open opens the network of s, and closes it when the test ends.
func open(t *testing.T, s *spec.Spec) *Network {
	t.Helper()
	parts, err := graphs.Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	n, err := Open(parts, Own{}, session.Options{Device: session.CPU})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// TestStartFrom: what is given replaces the values drawn, in the average and in what it follows,
// and changes no other.
func TestStartFrom(t *testing.T) {
	s, err := spec.Preset(spec.DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	s, err = s.Set("input.size=16", "backbone={smallconv: {filters: [2], dense: 3}}", "head={linear: {embedding_dim: 2}}",
		"train.ema=0.9")
	if err != nil {
		t.Fatal(err)
	}
	n := open(t, s)
	values := func() map[string][]float32 {
		c, err := n.Snapshot()
		if err != nil {
			t.Fatal(err)
		}
		list := map[string][]float32{}
		for _, x := range append(c.Variables, c.Optimizer...) {
			list[x.Name] = x.Data
		}
		return list
	}
	if err := n.Start(1); err != nil {
		t.Fatal(err)
	}
	drawn := values()
	var given []checkpoint.Tensor
	for key, shape := range BackboneShapes(n.Graph.Variables) {
		x := checkpoint.Tensor{Name: key, Shape: shape, Data: slices.Clone(drawn[key])}
		for i := range x.Data {
			x.Data[i] = 7 + float32(i)
		}
		given = append(given, x)
	}
	if len(given) != 4 { // two kernels, two biases
		t.Errorf("the backbone has %d variables, want 4", len(given))
	}
	if err := n.StartFrom(given, 1); err != nil {
		t.Fatal(err)
	}
	for key, got := range values() {
		want := drawn[key]
		for _, x := range given {
			if x.Name == strings.TrimPrefix(key, "live/") {
				want = x.Data
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s = %v, want %v", key, got, want)
		}
	}
	given[0].Shape = []int64{1}
	if err := n.StartFrom(given, 1); err == nil {
		t.Error("StartFrom took a tensor of another shape")
	}
}
