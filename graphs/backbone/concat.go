package backbone

import (
	"fmt"
	"slices"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// concatOptions are the options of the "concat" backbone.
type concatOptions struct {
	Of    []string `yaml:"of,flow"`              // names of two towers or more, each once, in the order of their features
	Sizes []int64  `yaml:"sizes,omitempty,flow"` // side of the images that each sees, in pixels; nil: input.size
}

// towers are the networks that concat puts side by side: those whose released weights tfpair fetches.
var towers = named.Table[Backbone]{Kind: "tower", Rows: map[string]named.Row[Backbone]{
	"efficientnet-lite0": efficientNetLite0.row(),
	"efficientnet-lite1": efficientNetLite1.row(),
	"efficientnet-lite2": efficientNetLite2.row(),
	"mobilenetv2":        mobileNetV2.row(),
}}

// concat has the variables of each tower below its name. Each tower normalizes pixels in its own way, and
// sees them at a size of its own where Sizes says so.
var concat = named.Row[Backbone]{
	Brief: "several networks side by side, all frozen: their features, one after the other",
	New: func(raw named.Raw) (Backbone, error) {
		var o concatOptions
		if err := named.Options(raw, &o); err != nil {
			return Backbone{}, err
		}
		return o.backbone()
	},
}

func (o concatOptions) backbone() (Backbone, error) {
	if len(o.Of) < 2 {
		return Backbone{}, fmt.Errorf("of must name two towers or more, got %q (known: %q)", o.Of, towers.Names())
	}
	if o.Sizes != nil && len(o.Sizes) != len(o.Of) {
		return Backbone{}, fmt.Errorf("sizes must be one for each of %d towers, got %d", len(o.Of), len(o.Sizes))
	}
	b := Backbone{AllFrozen: true, Towers: o.Of}
	var parts []Backbone
	for i, name := range o.Of {
		if slices.Contains(o.Of[:i], name) {
			return Backbone{}, fmt.Errorf("of names %q twice: its features would be the same", name)
		}
		choice, err := named.Choose(name, map[string]string{"freeze": "all"})
		if err != nil {
			return Backbone{}, err
		}
		tower, err := towers.New(&choice)
		if err != nil {
			return Backbone{}, err
		}
		parts, b.MinSize = append(parts, tower), max(b.MinSize, tower.MinSize)
		if o.Sizes != nil && o.Sizes[i] < int64(tower.MinSize) {
			return Backbone{}, fmt.Errorf("sizes must be at least %d for tower %q, got %d", tower.MinSize, name, o.Sizes[i])
		}
	}
	b.Frozen = func(s *op.Scope, v *variable.Set, m layer.Mode, images tf.Output) tf.Output {
		var features []tf.Output
		for i, name := range o.Of {
			of, seen := s.SubScope(name), images
			if o.Sizes != nil {
				seen = resized(of.SubScope("resize"), images, o.Sizes[i])
			}
			features = append(features, parts[i].Frozen(of, v.Sub(name), m, seen))
		}
		return op.ConcatV2(s.SubScope("concat"), features, tg.Const(s.SubScope("axis"), int32(1)))
	}
	b.Build = func(_ *op.Scope, _ *variable.Set, _ layer.Mode, x tf.Output) tf.Output { return x }
	return b, nil
}

// resized adds images [N,S,S,3], S known, as [N,size,size,3] float32 in 0..255, by the triangle filter of
// pipeline/resize, which is widened where it shrinks. Images of this size stay as they are.
func resized(s *op.Scope, images tf.Output, size int64) tf.Output {
	from := images.Shape().Size(1)
	if s.Err() != nil || from == size {
		return images
	}
	scale, to := float32(size)/float32(from), int32(size)
	scaled := s.SubScope("scaled").AddOperation(tf.OpSpec{Type: "ScaleAndTranslate", Input: []tf.Input{images, // the binding has no function for it
		tg.Const(s.SubScope("size"), []int32{to, to}), tg.Const(s.SubScope("scale"), []float32{scale, scale}),
		tg.Const(s.SubScope("shift"), []float32{0, 0})},
		Attrs: map[string]any{"kernel_type": "triangle", "antialias": true}})
	if scaled == nil { // the error is in s
		return images
	}
	return scaled.Output(0)
}
