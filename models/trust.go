package models

import (
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/models/gate"
	"github.com/tfpair/tfpair/models/savedmodel"
)

// Trusted says which models are loaded.
type Trusted int

const (
	// Checked loads models that only compute: it is the default, for models that tfpair exported, too,
	// since a manifest proves nothing.
	Checked Trusted = iota
	// Any loads every model. A model can read and write files, talk to other machines and end the
	// program: load it so only where you know who made it.
	Any
)

// Trust says which models Load opens. The default is Checked.
func Trust(who Trusted) Option { return func(o *options) { o.trust = who } }

// RefusedError says that a model may do more than compute, by operation and node.
type RefusedError = gate.Error

// admit refuses the SavedModel that was read from the folder path, of which Load runs the tensors or
// operations runs besides those of its signatures, unless any model is trusted. The error is a
// *RefusedError.
func (o options) admit(path string, saved *savedmodel.Model, runs ...string) error {
	if o.trust == Any {
		return nil
	}
	return gate.Inspect(path, saved.Proto(), runs).Err(path)
}

// ownRuns are the operations that Load runs of a model that tfpair exported.
var ownRuns = []string{names.ServingImages, names.ServingEmbedding, names.CompareLeftEmbedding,
	names.CompareRightEmbedding, names.CompareProbability}
