package backbone

import (
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
)

// part is a piece of a stack in the making: where its operations and variables go,
// and how they are built.
type part struct {
	scope     *op.Scope
	variables *variable.Set
	mode      layer.Mode
	norm      layer.Norm
	pixels    preprocess
	fixed     bool // batch norm is not trained and uses its moving averages
	inferred  bool // the stage before the one that is added is in inference
}

// sub returns the part of this name within p.
func (p part) sub(name string) part {
	p.scope, p.variables = p.scope.SubScope(name), p.variables.Sub(name)
	return p
}

// frozen returns p, not trained: its mode is inference.
func (p part) frozen() part {
	p.variables, p.mode = p.variables.Frozen(), layer.Mode{}
	return p
}

// convNorm adds convolution → batch norm, under the names conv and norm.
func (p part) convNorm(conv, norm string, x tf.Output, filters int64, w layer.Window) tf.Output {
	c := p.sub(conv)
	if p.mode.Folded {
		return p.fold(norm, filters).Conv(c.scope, c.variables, x, filters, w)
	}
	return p.batchNorm(norm, layer.Conv(c.scope, c.variables, x, filters, w))
}

// stem is convNorm of what stack makes of the pixels, the first of a network. Folded, its kernel does a part of that.
func (p part) stem(conv, norm string, x tf.Output, filters int64, w layer.Window) tf.Output {
	if !p.mode.Folded {
		return p.convNorm(conv, norm, x, filters, w)
	}
	c := p.sub(conv)
	return p.fold(norm, filters).Of(p.pixels.inputs()).Conv(c.scope, c.variables, x, filters, w)
}

// depthwiseNorm adds depthwise convolution → batch norm, likewise.
func (p part) depthwiseNorm(conv, norm string, x tf.Output, w layer.Window) tf.Output {
	c := p.sub(conv)
	if p.mode.Folded {
		return p.fold(norm, channels(x)).DepthwiseConv(c.scope, c.variables, x, w)
	}
	return p.batchNorm(norm, layer.DepthwiseConv(c.scope, c.variables, x, w))
}

func (p part) fold(norm string, channels int64) layer.Folded {
	n := p.sub(norm)
	return layer.Fold(n.variables, channels, p.norm)
}

// batchNorm adds batch norm under the given name.
func (p part) batchNorm(name string, x tf.Output) tf.Output {
	n := p.sub(name)
	if p.fixed {
		n = n.frozen()
	}
	return layer.BatchNorm(n.scope, n.variables, n.mode, x, n.norm)
}

// channels returns C of x [N,H,W,C], 0 after an error.
func channels(x tf.Output) int64 {
	if x.Op == nil || x.Shape().NumDimensions() != 4 {
		return 0
	}
	return x.Shape().Size(3)
}
