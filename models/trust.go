package models

import (
	"crypto/ecdsa"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/models/gate"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/models/signature"
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

// RequireSignature lets Load open only models with a signature by key, in the layout of OpenSSF model
// signing: the file model.sig beside saved_model.pb. The files of the model's folder must be those that
// were signed, not one more or less. The signature is checked before anything else is read. What the
// model does is looked at all the same; see Trust. signature.ReadPublicKey reads a key; with nil, the
// default, no signature is needed.
func RequireSignature(key *ecdsa.PublicKey) Option { return func(o *options) { o.key = key } }

// SignatureError says why the signature of a model is not accepted.
type SignatureError = signature.Error

// locate returns the folder of the SavedModel in folder, and its version, once its signature is
// accepted, where one is required.
func (o options) locate(folder string) (path string, version int, err error) {
	if path, version, err = find(folder); err == nil && o.key != nil {
		err = signature.Verify(path, o.key)
	}
	return path, version, err
}

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
