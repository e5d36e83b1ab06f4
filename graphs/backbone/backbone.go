// Package backbone holds the convolutional stacks that turn images into features:
//
//	images [N,H,W,3] uint8 RGB → normalise → backbone → features [N,F] float32
//
// A stack whose first stages are frozen is built in two parts, so that what never
// changes can be computed once. Normalisation of pixels is part of the backbone, so that an exported model
// takes raw pixels; resizing is not.
package backbone

import (
	"maps"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// Backbone adds a stack to s, whose variables come from v, in two parts:
//
//	images [N,H,W,3] uint8 → Frozen → x [N,…] float32 → Build → features [N,F] float32
type Backbone struct {
	// MinSize is the smallest side of the input, in pixels, that leaves something to compute.
	MinSize int
	// Modes says that the stack computes something else in training than in
	// inference: batch norm, dropout. It is then built once for each.
	Modes bool
	// Towers are the names of the networks that stand side by side in the stack, each of which starts from
	// weights of its own; nil: it is one network, or none starts from weights.
	Towers []string
	// Members are the networks of an ensemble, each trained by itself before the stack has values; nil: it is none.
	Members []Member
	// AllFrozen says that nothing of the stack is trained.
	AllFrozen bool
	// Frozen adds the stages that are never trained, in inference, folded or not: x is
	// [N,h,w,C], or the features where all stages are frozen. It is nil, and x the
	// images, where none is.
	Frozen func(s *op.Scope, v *variable.Set, m layer.Mode, images tf.Output) tf.Output
	// Build adds the rest.
	Build func(s *op.Scope, v *variable.Set, m layer.Mode, x tf.Output) tf.Output
}

// Features adds both parts: images [N,H,W,3] uint8 → features [N,F] float32.
func (b Backbone) Features(s *op.Scope, v *variable.Set, m layer.Mode, images tf.Output) tf.Output {
	if b.Frozen != nil {
		images = b.Frozen(s.SubScope("frozen"), v, layer.Mode{Folded: m.Folded}, images)
	}
	return b.Build(s.SubScope("tower"), v, m, images)
}

// Row is a backbone under a name, as Table has it and as programs hand in their own. Its New
// decodes Options with their method Into, and checks them.
type Row = named.Row[Backbone]

// Options are the options of a backbone as a spec has them.
type Options = named.Raw

// Table lists every backbone. A new backbone is a new file here and a new row.
var Table = named.Table[Backbone]{Kind: "backbone", Rows: with(single.Rows, map[string]named.Row[Backbone]{
	"concat":   concat,
	"ensemble": ensemble,
})}

// single lists those that are one network.
var single = named.Table[Backbone]{Kind: "backbone", Rows: map[string]named.Row[Backbone]{
	"conv4":              conv4,
	"efficientnet-lite0": towers.Rows["efficientnet-lite0"],
	"efficientnet-lite1": towers.Rows["efficientnet-lite1"],
	"efficientnet-lite2": towers.Rows["efficientnet-lite2"],
	"mobilenetv2":        towers.Rows["mobilenetv2"],
	"resnet50":           resNet50,
	"smallconv":          smallConv,
	"smallresnet":        smallResNet,
}}

// with returns rows of both.
func with(rows, more map[string]named.Row[Backbone]) map[string]named.Row[Backbone] {
	all := maps.Clone(rows)
	maps.Copy(all, more)
	return all
}
