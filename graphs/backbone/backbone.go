// Package backbone holds the convolutional stacks that turn images into features:
//
//	images [N,H,W,3] uint8 RGB → normalise → backbone → features [N,F] float32
//
// Normalisation of pixels is part of the backbone, so that an exported model
// takes raw pixels; resizing is not.
package backbone

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// Backbone adds a stack to s: images [N,H,W,3] uint8 → features [N,F] float32.
// Its variables come from v.
type Backbone struct {
	// MinSize is the smallest side of the input, in pixels, that leaves something to compute.
	MinSize int
	// Modes says that the stack computes something else in training than in
	// inference: batch norm, dropout. It is then built once for each.
	Modes bool
	// Frozen says that nothing of the stack is trained.
	Frozen bool
	Build  func(s *op.Scope, v *variable.Set, m layer.Mode, images tf.Output) tf.Output
}

// Table lists every backbone. A new backbone is a new file here and a new row.
var Table = named.Table[Backbone]{Kind: "backbone", Rows: map[string]named.Row[Backbone]{
	"conv4":              conv4,
	"efficientnet-lite0": efficientNetLite0,
	"resnet50":           resNet50,
	"smallconv":          smallConv,
	"smallresnet":        smallResNet,
}}
