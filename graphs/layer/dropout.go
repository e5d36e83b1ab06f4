package layer

import (
	"hash/fnv"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"
)

// Dropout sets a share of the elements of x float32 to 0 and divides the others
// by 1 - rate, in training; in inference it returns x. Srivastava et al., Dropout,
// 2014, section 10, where the scaling is done in training. 0 <= rate < 1.
//
// Which elements is a pure function of m.Seed, m.Step and name, unique among the
// dropouts of a network: a training that goes on drops what it would have dropped.
func Dropout(s *op.Scope, m Mode, name string, x tf.Output, rate float32) tf.Output {
	if !m.Training || rate == 0 {
		return x
	}
	h := fnv.New64a()
	h.Write([]byte(name)) // a hash never returns an error
	stream := tg.Const(s.SubScope("stream"), int64(m.Seed^h.Sum64()))
	step := op.Cast(s.SubScope("step"), m.Step, tf.Int64)
	seed := op.Pack(s.SubScope("seed"), []tf.Output{stream, step})
	shape := op.Shape(s.SubScope("shape"), x)
	draw := op.StatelessRandomUniform(s.SubScope("draw"), shape, seed) // in [0,1)
	kept := op.GreaterEqual(s.SubScope("kept"), draw, tg.Const(s.SubScope("rate"), rate))
	mask := op.StopGradient(s.SubScope("constant"), op.Cast(s.SubScope("mask"), kept, tf.Float))
	scale := op.Mul(s.SubScope("scale"), mask, tg.Const(s.SubScope("factor"), 1/(1-rate)))
	return op.Mul(s.SubScope("drop"), x, as(s.SubScope("scale"), scale, x))
}
