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
	Of []string `yaml:"of,flow"` // names of two towers or more, each once, in the order of their features
}

// towers are the networks that concat puts side by side: those whose released weights tfpair fetches.
var towers = named.Table[Backbone]{Kind: "tower", Rows: map[string]named.Row[Backbone]{
	"efficientnet-lite0": efficientNetLite0.row(),
	"efficientnet-lite1": efficientNetLite1.row(),
	"efficientnet-lite2": efficientNetLite2.row(),
	"mobilenetv2":        mobileNetV2.row(),
}}

// concat has the variables of each tower below its name. Each tower normalizes pixels in its own way.
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
	}
	b.Frozen = func(s *op.Scope, v *variable.Set, m layer.Mode, images tf.Output) tf.Output {
		var features []tf.Output
		for i, name := range o.Of {
			features = append(features, parts[i].Frozen(s.SubScope(name), v.Sub(name), m, images))
		}
		return op.ConcatV2(s.SubScope("concat"), features, tg.Const(s.SubScope("axis"), int32(1)))
	}
	b.Build = func(_ *op.Scope, _ *variable.Set, _ layer.Mode, x tf.Output) tf.Output { return x }
	return b, nil
}
