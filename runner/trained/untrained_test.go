package trained

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/runner/network"
)

// TestImportTowers: of a backbone of two networks each takes the file of its own, whatever their
// order; too few, too many and others are refused.
func TestImportTowers(t *testing.T) {
	s, err := spec.Preset("siamese")
	if err != nil {
		t.Fatal(err)
	}
	s, err = s.Set("input.size=32", "backbone={concat: {of: [efficientnet-lite0, mobilenetv2]}}", "loss=contrastive", "head=linear")
	if err != nil {
		t.Fatal(err)
	}
	parts, err := graphs.Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	n, err := network.Open(parts, network.Own{}, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	lite, mobile := fileOf(n, "efficientnet-lite0"), fileOf(n, "mobilenetv2")
	from, tensors, err := Import(n, []*weights.File{mobile, lite})
	if err != nil {
		t.Fatal(err)
	}
	if all := from.All(); len(all) != 2 || all[0].SHA256 != "efficientnet-lite0" || all[1].SHA256 != "mobilenetv2" {
		t.Errorf("they are from %+v, want the files of efficientnet-lite0 and mobilenetv2", all)
	}
	if want := len(network.BackboneShapes(n.Graph.Variables)); len(tensors) != want {
		t.Errorf("%d tensors, want those of all %d variables", len(tensors), want)
	}
	for _, x := range tensors {
		if want := markOf(strings.Split(x.Name, "/")[1]); x.Data[0] != want {
			t.Errorf("%s begins with %g, want %g of its own file", x.Name, x.Data[0], want)
		}
	}
	for _, files := range [][]*weights.File{{lite}, {lite, lite}, {lite, mobile, lite}} {
		var wrong *TowersError
		if _, _, err := Import(n, files); !errors.As(err, &wrong) || len(wrong.Given) != len(files) {
			t.Errorf("%d files: %v, want a *TowersError", len(files), err)
		}
	}
}

// markOf is what the weights of a network are.
func markOf(network string) float32 { return float32(len(network)) }

// fileOf returns weights of a tower of n, as tfpair weights convert writes them.
func fileOf(n *network.Network, tower string) *weights.File {
	f := &weights.File{Path: tower, SHA256: tower, Metadata: map[string]string{"network": tower}}
	for _, v := range n.Graph.Variables {
		rest, ok := strings.CutPrefix(v.Key, "backbone/"+tower+"/")
		if !ok {
			continue
		}
		size := int64(1)
		for _, side := range v.Shape {
			size *= side
		}
		f.Tensors = append(f.Tensors, weights.Tensor{Name: "backbone/" + rest, Shape: v.Shape,
			Data: slices.Repeat([]float32{markOf(tower)}, int(size))})
	}
	return f
}
