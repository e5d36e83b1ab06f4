package loss

import (
	"fmt"
	"math/rand/v2"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// crossBatchOptions are the options of the "crossbatch" loss.
type crossBatchOptions struct {
	Size int          `yaml:"size"` // images of earlier batches that are remembered; > 0
	Loss named.Choice `yaml:"loss"` // what compares the batch with itself and with them
}

var crossBatch = named.Row[Loss]{
	Brief: "another loss whose images are compared with those of earlier batches, too",
	Paper: "Wang et al., Cross-Batch Memory for Embedding Learning, 2020, arXiv:1912.06798, " +
		"algorithm 1",
	New: func(raw named.Raw) (Loss, error) {
		o := crossBatchOptions{Size: 1024, Loss: named.Choice{Name: "supcon"}}
		if err := named.Options(raw, &o); err != nil {
			return Loss{}, err
		}
		if o.Size <= 0 {
			return Loss{}, fmt.Errorf("size must be positive, got %d", o.Size)
		}
		inner, err := remembering.New(&o.Loss)
		if err != nil {
			return Loss{}, err
		}
		wrapped := inner
		wrapped.References = false // labels that stand for label images are those of one batch
		wrapped.Build = func(s *op.Scope, v *variable.Set, in In) (values, valid tf.Output) {
			return inner.Build(s.SubScope("inner"), v, o.remember(s.SubScope("memory"), v, in))
		}
		return wrapped, named.Keep(raw, o)
	},
}

// remembering lists the losses that a memory may stand behind: those that compare
// images with references of any number.
var remembering = named.Table[Loss]{Kind: "loss behind a memory", Rows: map[string]named.Row[Loss]{
	"circle":          circle,
	"infonce":         infoNCE,
	"multisimilarity": multiSimilarity,
	"supcon":          supCon,
}}

// remember adds the memory: embeddings [Q,D] and labels [Q] of the last Q images, the
// oldest first, without gradients, and how each step moves its batch into it. The
// references become those of in and the memory's: [R+Q,D]. A memory that is empty
// changes nothing.
//
// Unlike in the paper, the images of the batch itself are references with gradients,
// and there is no delay at the start.
func (o crossBatchOptions) remember(s *op.Scope, v *variable.Set, in In) In {
	if s.Err() != nil {
		return in // after an error there is no shape
	}
	dim := in.Embeddings.Shape().Size(1)
	frozen := v.Sub("memory").Frozen()
	embeddings := frozen.Create("embeddings", []int64{int64(o.Size), dim}, variable.Zeros)
	labels := frozen.Create("labels", []int64{int64(o.Size)}, noLabel)
	// Variables are float32, which holds every label below 2^24.
	batch := op.Cast(s.SubScope("batch_labels"), in.Labels, tf.Float)
	push(s.SubScope("push_embeddings"), frozen, embeddings, in.Embeddings)
	push(s.SubScope("push_labels"), frozen, labels, batch)

	old := op.StopGradient(s.SubScope("old"), embeddings.Read)
	oldLabels := op.Cast(s.SubScope("old_labels"), labels.Read, tf.Int32)
	filled := op.GreaterEqual(s.SubScope("filled"), oldLabels,
		tg.Const(s.SubScope("first_label"), int32(0)))
	// [N,Q], the same row for every image: it is no image of the batch.
	labelled := column(s.SubScope("column"), in.Labels)
	rows := op.LogicalAnd(s.SubScope("comparable"), row(s.SubScope("row"), filled),
		op.Equal(s.SubScope("every"), labelled, labelled))
	in.References = joined(s.SubScope("references"), 0, in.References, old)
	in.ReferenceLabels = joined(s.SubScope("reference_labels"), 0, in.ReferenceLabels, oldLabels)
	in.Comparable = joined(s.SubScope("all_comparable"), 1, in.Comparable, rows)
	return in
}

// noLabel starts at -1: nothing is remembered.
func noLabel(_ *rand.Rand, shape []int64) []float32 {
	values := make([]float32, shape[0])
	for i := range values {
		values[i] = -1
	}
	return values
}

// push adds the update that puts batch [N,…] behind memory [Q,…] and keeps the last
// Q rows of both.
func push(s *op.Scope, v *variable.Set, memory variable.Variable, batch tf.Output) {
	all := joined(s.SubScope("all"), 0, memory.Read, batch)
	newest := op.StridedSlice(s.SubScope("newest"), all,
		tg.Const(s.SubScope("begin"), []int32{int32(-memory.Shape[0])}),
		tg.Const(s.SubScope("end"), []int32{0}), tg.Const(s.SubScope("step"), []int32{1}),
		op.StridedSliceEndMask(1)) // to the very end
	v.Update(memory, op.AssignVariableOp(s.SubScope("assign"), memory.Handle, newest))
}

// joined adds a and b, one behind the other along an axis.
func joined(s *op.Scope, axis int32, a, b tf.Output) tf.Output {
	return op.ConcatV2(s.SubScope("join"), []tf.Output{a, b}, tg.Const(s.SubScope("axis"), axis))
}
