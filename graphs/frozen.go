package graphs

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/backbone"
	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/names"
)

// fillCache fills in the defaults of the section cache. Only backbones with a frozen part
// have one.
func (p *Parts) fillCache() error {
	s := p.Spec
	switch {
	case p.Backbone.Frozen != nil && s.Cache.Type == "":
		s.Cache.Type = spec.Float16
	case p.Backbone.Frozen == nil && s.Cache.Type == spec.Off:
		s.Cache = spec.Cache{}
	case p.Backbone.Frozen == nil && s.Cache != (spec.Cache{}):
		return fmt.Errorf("cache keeps what a frozen part makes of images, backbone %q has none: "+
			"freeze a part of it, or leave cache out", s.Backbone.Name)
	}
	return nil
}

// BuildFrozen returns the graph of the part of a tower that is never trained:
//
//	names.Images [N,H,W,3] uint8 → names.Features [N,…] float32
//
// Weights, by key, are constants, and batch norm is folded into the convolutions. What
// it computes differs from the same part of Build by the rounding of sums alone.
// The backbone of p must have such a part. Errors are those of Build.
func BuildFrozen(p *Parts, weights map[string][]float32) (*tf.Graph, error) {
	root := tg.NewRoot()
	return finish(root, func() {
		size := int64(p.Spec.Input.Size)
		images := feedImages(root, names.Images, tf.MakeShape(-1, size, size, 3))
		x := p.frozen(network{scope: root, variables: variable.NewConstants(root, weights),
			mode: layer.Mode{Folded: true}}, images)
		fetch(root, names.Features, x)
	})
}

// BackboneVariables returns the variables of the named backbone with its default options,
// for images of size×size pixels. Nothing else of a network is built. Errors are those of
// backbone.Table, and *BuildError.
func BackboneVariables(name string, size int64) ([]variable.Variable, error) {
	b, err := backbone.Table.New(&named.Choice{Name: name})
	if err != nil {
		return nil, err
	}
	root := tg.NewRoot()
	v := variable.NewSet(root, "")
	_, err = finish(root, func() {
		images := feed(root, names.Images, tf.Uint8, tf.MakeShape(-1, size, size, 3))
		b.Features(root, v.Sub(names.Backbone), layer.Mode{}, images)
	})
	return v.All(), err
}
