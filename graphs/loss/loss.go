// Package loss holds the training objectives, one per file:
//
//	embeddings, labels, distances → loss → values [M] of tuples, which count [M] → mean, scalar
//
// A tuple is a pair, a triplet, or one image against the others of its batch.
// Functions here add operations to a graph and run nothing. They do not return
// errors: a mistake is recorded in the scope and reported once, by graphs.Build.
package loss

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// Needs is what a loss reads of a batch.
type Needs string

// What losses need. The words are those of messages.
const (
	Pairs    Needs = "pairs"    // In.Distance and Same
	Triplets Needs = "triplets" // In.AnchorPositive, AnchorNegative and Mined
	Classes  Needs = "classes"  // In.Embeddings and Labels, References and what belongs to them
	Targets  Needs = "targets"  // In.Embeddings and Targets
)

// In is what a batch offers a loss. graphs.Build fills what the loss Needs.
type In struct {
	Distance tf.Output // [M] float32 >= 0: distance of each pair
	Same     tf.Output // [M] float32: 1 for same, 0 for different
	Logit    tf.Output // [M] float32: what Logit returned; unset where that is nil

	AnchorPositive tf.Output // [M] float32 >= 0: distance of each triplet's anchor and positive
	AnchorNegative tf.Output // [M] float32 >= 0: and of its anchor and negative
	Mined          tf.Output // [M] bool: which triplets the miner chose

	Embeddings      tf.Output // [N,D] float32: one row per image
	Labels          tf.Output // [N] int32 in [0,C): class of each image
	References      tf.Output // [R,D] float32: what images are compared with; as a rule Embeddings
	ReferenceLabels tf.Output // [R] int32
	Comparable      tf.Output // [N,R] bool: false for an image and itself

	Targets tf.Output // [N,D] float32: what the embedding of each image is to be
}

// Loss is one objective.
type Loss struct {
	Needs Needs

	// Build adds the loss of each tuple to s: values [M] float32, finite and >= 0,
	// and valid [M] bool, which tuples count. Variables of its own come from v: they
	// are trained and kept, but no part of the exported model.
	Build func(s *op.Scope, v *variable.Set, in In) (values, valid tf.Output)

	// Cosine says that the loss compares directions, and that the cosine distance
	// measures what it trains.
	Cosine bool

	// References says that a loss of classes compares images with references of any
	// number, which need not be the images themselves.
	References bool

	// PerClass says that the loss learns a vector for each class. Its option classes,
	// Classes here, says for how many; 0 is not known yet.
	PerClass bool
	Classes  int

	// NonZero averages over the valid tuples whose value is above 0, else over all valid ones.
	NonZero bool

	// Margin is the gap that a triplet loss asks for, +Inf where it never has enough.
	Margin float32

	// Logit adds the log-odds of "same" to s, [M] float32, from distances [M]
	// float32; it is part of the exported model. Nil where the loss has none.
	Logit func(s *op.Scope, v *variable.Set, distance tf.Output) tf.Output

	// Trivial is the value the loss stays at when embeddings of all images are
	// alike and half of the pairs are same: the mark of a collapsed training. It is 0
	// where it depends on the batch.
	Trivial float64
}

// Row is a loss under a name, as Table has it and as programs hand in their own. Its New
// decodes Options with their method Into, and checks them.
type Row = named.Row[Loss]

// Options are the options of a loss as a spec has them.
type Options = named.Raw

// Table lists every loss. A new loss is a new file here and a new row.
var Table = named.Table[Loss]{Kind: "loss", Rows: map[string]named.Row[Loss]{
	"arcface":         arcFace,
	"bce":             bce,
	"circle":          circle,
	"contrastive":     contrastive,
	"cosine":          cosineLoss,
	"crossbatch":      crossBatch,
	"infonce":         infoNCE,
	"l1":              l1,
	"mixed":           mixed,
	"mse":             mse,
	"multisimilarity": multiSimilarity,
	"npair":           nPair,
	"proxyanchor":     proxyAnchor,
	"supcon":          supCon,
	"triplet":         triplet,
}}

// For returns the names of the losses that need what is given, sorted.
func For(given Needs) []string {
	var names []string
	for _, name := range Table.Names() {
		if l, err := Table.New(&named.Choice{Name: name}); err == nil && l.Needs == given {
			names = append(names, name)
		}
	}
	return names
}

// ForReferences returns the names of the losses of classes that compare images with
// any references, sorted.
func ForReferences() []string {
	var names []string
	for _, name := range For(Classes) {
		if l, err := Table.New(&named.Choice{Name: name}); err == nil && l.References {
			names = append(names, name)
		}
	}
	return names
}

// reduction is the option of losses whose tuples may cost nothing.
type reduction struct {
	Reduction string `yaml:"reduction"` // mean: over all tuples; nonzero: over those above 0
}

// nonZero reports which of the two it is.
func (r reduction) nonZero() (bool, error) {
	switch r.Reduction {
	case "mean":
		return false, nil
	case "nonzero":
		return true, nil
	}
	return false, fmt.Errorf("reduction must be mean or nonzero, got %q", r.Reduction)
}

// positive refuses a value of an option that is not above 0.
func positive(option string, value float32) error {
	if !(value > 0) {
		return fmt.Errorf("%s must be positive, got %g", option, value)
	}
	return nil
}

// all adds a mask of true for each of values [M]: every tuple counts.
func all(s *op.Scope, values tf.Output) tf.Output {
	return op.Equal(s, values, values)
}

// softplus adds ln(1+e^x), which the wrappers lack; it does not overflow.
func softplus(s *op.Scope, x tf.Output) tf.Output {
	o := s.AddOperation(tf.OpSpec{Type: "Softplus", Input: []tf.Input{x}})
	if o == nil {
		return tf.Output{} // after an error there is none
	}
	return o.Output(0)
}
