package graphs

import (
	"fmt"
	"math"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/names"
)

// Inference is a finished graph that embeds and compares and cannot be trained
// further by us: what an exported model is made of. Unless Folded it saves and restores its
// variables by itself. Its operations carry the names of package names.
type Inference struct {
	TF           *tf.Graph
	Variables    []variable.Variable // what it is made of; Folded, constants were made of them
	Folded       bool                // it has no variables, and cannot save or restore any
	EmbeddingDim int                 // D
	Probable     bool                // names.CompareProbability exists
}

// BuildInference returns the graph that embeds and compares as the one that Build
// makes of p. Two images are the same where their distance is at most threshold.
// The threshold is part of the graph; the weights are variables, without values.
// Errors are those of Build.
func BuildInference(p *Parts, threshold float64) (*Inference, error) {
	b := newInference(p)
	b.variables = variable.NewSet(b.root, "")
	graph, err := finish(b.root, func() {
		b.embed()
		b.compare(threshold)
		b.keep()
	})
	if err != nil {
		return nil, err
	}
	b.graph.TF, b.graph.Variables = graph, b.variables.All()
	return &b.graph, nil
}

// BuildFolded is BuildInference over weights, by key: they are constants, and batch norm is folded into the
// kernels before it. The graph has no variables, and nothing that neither embeds nor compares. What it
// computes differs from BuildInference by the rounding of sums alone. Errors are *TooLargeError and those of
// Build.
func BuildFolded(p *Parts, weights map[string][]float32, threshold float64) (*Inference, error) {
	b, size := newInference(p), int64(0)
	for _, values := range weights {
		size += 4 * int64(len(values))
	}
	if size > maxConstants {
		return nil, &TooLargeError{size}
	}
	b.variables, b.mode = variable.NewConstants(b.root, weights), layer.Mode{Folded: true}
	graph, err := finish(b.root, func() {
		b.embed()
		b.compare(threshold)
	})
	if err != nil {
		return nil, err
	}
	b.graph.TF, b.graph.Variables, b.graph.Folded = graph, b.variables.All(), true
	return &b.graph, nil
}

// maxConstants is how many bytes of weights a folded graph may have: a model's file is read up to 1 GiB, and all
// that is no weight is below 1 MiB in networks of some hundred layers.
const maxConstants = 1<<30 - 16<<20

// TooLargeError says that weights do not fit into a graph as constants.
type TooLargeError struct{ Bytes int64 }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the network has %d MiB of weights, and a graph holds at most %d MiB of constants",
		e.Bytes>>20, int64(maxConstants)>>20)
}

// inference is an Inference in the making.
type inference struct {
	parts     *Parts
	root      *op.Scope
	variables *variable.Set
	mode      layer.Mode
	images    tf.Shape // [-1,H,W,3]
	graph     Inference
}

func newInference(p *Parts) *inference {
	size := int64(p.Spec.Input.Size)
	return &inference{parts: p, root: tg.NewRoot(), images: tf.MakeShape(-1, size, size, 3)}
}

// embed adds serving_default_images → serving_default_embedding [N,D].
func (b *inference) embed() {
	images := feedImages(b.root, names.ServingImages, b.images)
	embedding := b.answer(network{scope: b.root.SubScope("embed"), variables: b.variables, mode: b.mode}, images)
	if b.root.Err() == nil {
		b.graph.EmbeddingDim = int(embedding.Shape().Size(1))
	}
	fetch(b.root, names.ServingEmbedding, embedding)
}

// answer adds images [N,H,W,3] → embedding [N,D], of length 1 where Unit says so.
func (b *inference) answer(n network, images tf.Output) tf.Output {
	embedding := b.parts.whole(n, images)
	if !b.parts.Unit() {
		return embedding
	}
	return layer.Direction(n.scope.SubScope("unit"), embedding)
}

// Unit reports whether models of p answer with embeddings of length 1: the cosine distance does not see the length, and
// stores that rank by inner product or by Euclidean distance then rank as the model does.
func (p *Parts) Unit() bool { return p.Spec.Distance.Name == "cosine" }

// compare adds two more towers on the same variables: compare_left, compare_right
// → compare_distance [N], compare_same [N] and, where the loss has log-odds,
// compare_probability [N]. Two towers and not one over both: batches of unequal
// length must be an error.
func (b *inference) compare(threshold float64) {
	s := b.root.SubScope("compare")
	side := func(feedName, scope, embedding string) tf.Output {
		images := feedImages(b.root, feedName, b.images)
		n := network{scope: s.SubScope(scope), variables: b.variables.Reuse(), mode: b.mode}
		return fetch(b.root, embedding, b.answer(n, images))
	}
	left := side(names.CompareLeft, "left", names.CompareLeftEmbedding)
	right := side(names.CompareRight, "right", names.CompareRightEmbedding)
	distance := fetch(b.root, names.CompareDistance, b.parts.Distance(s.SubScope("distance"), left, right))
	limit := tg.Const(s.SubScope("threshold"), Limit(threshold))
	fetch(b.root, names.CompareSame, op.LessEqual(s.SubScope("same"), distance, limit))
	if b.parts.Loss.Logit == nil {
		return
	}
	logit := b.parts.Loss.Logit(s.SubScope("logit"), b.variables.Sub(names.LossScope), distance)
	fetch(b.root, names.CompareProbability, op.Sigmoid(s.SubScope("sigmoid"), logit))
	b.graph.Probable = true
}

// Limit returns what a graph compares distances with where they are the same up to x: the largest
// float32 that is at most x, so that comparing float32
// distances with it decides as comparing them with x would. What lies between zero and the normal
// numbers is none of its values: the runtime takes those for zero.
func Limit(x float64) float32 {
	y := float32(x)
	if float64(y) > x {
		y = math.Nextafter32(y, float32(math.Inf(-1)))
	}
	const smallestNormal = 0x1p-126
	switch {
	case y < 0 && y > -smallestNormal:
		return -smallestNormal
	case y > 0 && y < smallestNormal:
		return 0
	}
	return y
}

// keep adds what saves all variables to a prefix of files, what restores them from
// it, and the target that sets them from their value feeds.
func (b *inference) keep() {
	variables := b.variables.All()
	assign(b.root, variables)
	keys, slices := make([]string, len(variables)), make([]string, len(variables))
	types, reads := make([]tf.DataType, len(variables)), make([]tf.Output, len(variables))
	for i, v := range variables {
		keys[i], types[i], reads[i] = v.Key, tf.Float, v.Read
	}
	s := b.root.SubScope("save")
	standard := op.Const(s.SubScope("default"), "variables")
	prefix := first(b.root.AddOperation(tf.OpSpec{Name: names.SavePrefix, Type: "PlaceholderWithDefault",
		Input: []tf.Input{standard}, Attrs: map[string]any{"shape": tf.ScalarShape()}}))
	list, whole := op.Const(s.SubScope("keys"), keys), op.Const(s.SubScope("slices"), slices)
	written := op.SaveV2(s.SubScope("write"), prefix, list, whole, reads)
	b.root.AddOperation(tf.OpSpec{Name: names.Save, Type: "Identity", Input: []tf.Input{prefix},
		ControlDependencies: []*tf.Operation{written}})
	var restored []*tf.Operation
	for i, value := range op.RestoreV2(s.SubScope("read"), prefix, list, whole, types) {
		restored = append(restored, op.AssignVariableOp(
			s.SubScope("assign").SubScope(variables[i].Key), variables[i].Handle, value))
	}
	target(b.root, names.Restore, restored)
}
