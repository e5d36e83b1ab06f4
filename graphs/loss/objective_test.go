package loss

import (
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/distance"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// dim is D of the embeddings in tests.
const dim = 6

// objective is a loss of classes, reduced to a scalar as graphs does it, that may be
// run on batches of any size.
type objective struct {
	session    *tf.Session
	embeddings tf.Output // feed [N,D]
	labels     tf.Output // feed [N]
	vectors    tf.Output // feed [C,D]; unset where the loss has none
	value      tf.Output
	active     tf.Output
	gradients  []tf.Output // of value, by embeddings and vectors
}

// newObjective builds l, images compared with each other. What pairs or triplets the
// loss may need are all those of a batch with these labels.
func newObjective(t *testing.T, l Loss, labels ...int32) *objective {
	t.Helper()
	root := tg.NewRoot()
	o, in := feedObjective(root)
	v := variable.NewSet(root, "")
	addTuples(t, root.SubScope("tuples"), l.Needs, &in, labels)
	values, valid := l.Build(root.SubScope("loss"), v, in)
	zero := tg.Const(root.SubScope("zero"), float32(0))
	costs := op.Greater(root.SubScope("costs"), values, zero)
	share := op.Cast(root.SubScope("costs_float"), costs, tf.Float)
	o.active = average(root.SubScope("active"), share, valid)
	if l.NonZero {
		valid = op.LogicalAnd(root.SubScope("counted"), valid, costs)
	}
	o.value = average(root.SubScope("value"), values, valid)
	by := []tf.Output{o.embeddings}
	if len(v.All()) > 0 {
		o.vectors = v.All()[0].Read // whose value is fed in place of the variable's
		by = append(by, o.vectors)
	}
	o.gradients = op.Gradients(root.SubScope("gradients"), []tf.Output{o.value}, by)
	o.open(t, root)
	return o
}

// feedObjective adds the feeds of a batch, whose images are compared with each other.
func feedObjective(root *op.Scope) (*objective, In) {
	rows, any := op.PlaceholderShape(tf.MakeShape(-1, dim)), op.PlaceholderShape(tf.MakeShape(-1))
	o := &objective{
		embeddings: op.Placeholder(root.SubScope("embeddings"), tf.Float, rows),
		labels:     op.Placeholder(root.SubScope("labels"), tf.Int32, any),
	}
	return o, In{Embeddings: o.embeddings, Labels: o.labels, References: o.embeddings,
		ReferenceLabels: o.labels, Comparable: except(root.SubScope("except"), o.labels)}
}

// open opens a session on the finished graph.
func (o *objective) open(t *testing.T, root *op.Scope) *tf.Graph {
	t.Helper()
	graph, err := root.Finalize()
	if err != nil {
		t.Fatal(err)
	}
	if o.session, err = tf.NewSession(graph, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.session.Close(); err != nil {
			t.Error(err)
		}
	})
	return graph
}

// addTuples adds the distances of all pairs of the embeddings, Euclidean, or of all
// triplets, squared Euclidean, as far as needed.
func addTuples(t *testing.T, s *op.Scope, needs Needs, in *In, labels []int32) {
	var a, b, negative []int32
	var same []float32
	for i := range labels {
		for j := range labels {
			switch is := labels[i] == labels[j]; {
			case i == j:
			case needs == Pairs:
				a, b = append(a, int32(i)), append(b, int32(j))
				same = append(same, map[bool]float32{true: 1}[is])
			case needs == Triplets && is:
				for k := range labels {
					if labels[k] != labels[i] {
						a, b, negative = append(a, int32(i)), append(b, int32(j)), append(negative, int32(k))
					}
				}
			}
		}
	}
	rows := func(s *op.Scope, index []int32) tf.Output {
		return op.GatherV2(s.SubScope("rows"), in.Embeddings, tg.Const(s.SubScope("index"), index),
			tg.Const(s.SubScope("axis"), int32(0)))
	}
	if needs == Pairs {
		in.Same = tg.Const(s.SubScope("same"), same)
		in.Distance = measure(t, "euclidean", s.SubScope("pairs"), rows(s, a), rows(s, b))
	}
	if needs == Triplets {
		in.AnchorPositive = measure(t, "sqeuclidean", s.SubScope("ap"), rows(s, a), rows(s, b))
		in.AnchorNegative = measure(t, "sqeuclidean", s.SubScope("an"), rows(s, a), rows(s, negative))
		in.Mined = op.Equal(s.SubScope("mined"), in.AnchorPositive, in.AnchorPositive)
	}
}

func measure(t *testing.T, name string, s *op.Scope, a, b tf.Output) tf.Output {
	t.Helper()
	d, err := distance.Table.New(&named.Choice{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return d(s, a, b)
}

// except adds [N,N] bool: false for an image and itself.
func except(s *op.Scope, labels tf.Output) tf.Output {
	zero, one := tg.Const(s.SubScope("zero"), int32(0)), tg.Const(s.SubScope("one"), int32(1))
	rows := op.Range(s.SubScope("rows"), zero, op.Size(s.SubScope("count"), labels), one)
	return op.NotEqual(s.SubScope("other"), op.ExpandDims(s.SubScope("column"), rows, one), rows)
}

func average(s *op.Scope, values, valid tf.Output) tf.Output {
	mask := op.Cast(s.SubScope("mask"), valid, tf.Float)
	axis := tg.Const(s.SubScope("axis"), int32(0))
	return op.DivNoNan(s.SubScope("mean"),
		op.Sum(s.SubScope("sum"), op.Mul(s.SubScope("masked"), values, mask), axis),
		op.Sum(s.SubScope("count"), mask, axis))
}

// result is what a run gives.
type result struct {
	value, active float64
	gradients     [][]float32 // [N,D], and [C,D] where the loss has vectors
}

func (o *objective) run(
	t *testing.T, embeddings []float32, labels []int32, vectors []float32,
) result {
	t.Helper()
	feeds := o.feed(t, embeddings, labels)
	if o.vectors.Op != nil {
		feeds[o.vectors] = tensor(t, vectors)
	}
	got, err := o.session.Run(feeds, append([]tf.Output{o.value, o.active}, o.gradients...), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := result{value: float64(got[0].Value().(float32)), active: float64(got[1].Value().(float32))}
	for _, g := range got[2:] {
		var flat []float32
		for _, row := range g.Value().([][]float32) {
			flat = append(flat, row...)
		}
		r.gradients = append(r.gradients, flat)
	}
	return r
}

func (o *objective) feed(
	t *testing.T, embeddings []float32, labels []int32,
) map[tf.Output]*tf.Tensor {
	t.Helper()
	return map[tf.Output]*tf.Tensor{o.embeddings: tensor(t, embeddings), o.labels: tensorOf(t, labels)}
}

// tensor returns rows of D numbers as a tensor.
func tensor(t *testing.T, data []float32) *tf.Tensor {
	t.Helper()
	x := tensorOf(t, data)
	if err := x.Reshape([]int64{int64(len(data) / dim), dim}); err != nil {
		t.Fatal(err)
	}
	return x
}

func tensorOf(t *testing.T, data any) *tf.Tensor {
	t.Helper()
	x, err := tf.NewTensor(data)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
