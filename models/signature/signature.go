// Package signature makes and checks detached signatures of models, in the layout of OpenSSF model
// signing, version 1.0:
//
//	folder, public key → Verify: model.sig → bundle → envelope → statement: names and SHA-256 → files of the folder
//
// The signature is the file model.sig beside saved_model.pb: a Sigstore bundle v0.3 in JSON with a DSSE
// envelope and an in-toto statement. Keys are EC keys on P-256, P-384 or P-521. Signatures made with
// certificates or with Sigstore's identities are not checked here, and are refused.
package signature

import (
	"crypto"
	"crypto/ecdsa"
	_ "crypto/sha256" // SHA-256 of crypto.Hash
	_ "crypto/sha512" // SHA-384 and SHA-512
	"encoding/json"
	"fmt"

	"github.com/tfpair/tfpair/internal/regular"
)

// FileName is where the signature lies in the folder of a model.
const FileName = "model.sig"

// Names that the formats fix.
const (
	bundleType    = "application/vnd.dev.sigstore.bundle.v0.3+json"
	payloadType   = "application/vnd.in-toto+json"
	statementType = "https://in-toto.io/Statement/v1"
	predicateType = "https://model_signing/signature/v1.0"
)

// maxBundle is the largest signature that is read, in bytes: that of some 100,000 files.
const maxBundle = 32 << 20

// Error says why the signature of a model is not accepted.
type Error struct{ Path, Reason string }

func (e *Error) Error() string { return fmt.Sprintf("signature of model %q: %s", e.Path, e.Reason) }

// bundle is a Sigstore bundle as far as it is read here.
type bundle struct {
	MediaType    string   `json:"mediaType"`
	Verification material `json:"verificationMaterial"`
	Envelope     envelope `json:"dsseEnvelope"`
}

// material says how the signature is to be checked.
type material struct {
	Key *publicKey `json:"publicKey"`   // nil: it was made in another way
	Log []struct{} `json:"tlogEntries"` // in Sigstore's log; a signature by a key has none
}

type publicKey struct {
	Hint string `json:"hint"` // Fingerprint of the key; "": not said
}

// envelope is a DSSE envelope.
type envelope struct {
	Payload    []byte        `json:"payload"`
	Type       string        `json:"payloadType"`
	Signatures []signatureOf `json:"signatures"`
}

type signatureOf struct {
	Sig   []byte `json:"sig"` // ECDSA in ASN.1
	KeyID string `json:"keyid"`
}

// Verify checks that the model in folder has a signature of key, and that its files are those that were
// signed: not one more, less or other. It reads every file. The error is an *Error.
func Verify(folder string, key *ecdsa.PublicKey) error {
	refuse := func(err error) error { return &Error{folder, err.Error()} }
	data, err := regular.ReadFileIn(folder, FileName, maxBundle)
	if err != nil {
		return refuse(fmt.Errorf("%s: %w", FileName, reasonOf(err)))
	}
	signed, err := open(data, key)
	if err != nil {
		return refuse(fmt.Errorf("%s: %w", FileName, err))
	}
	if err := signed.compare(folder); err != nil {
		return refuse(err)
	}
	return nil
}

// open returns what key signed, by name, of a bundle.
func open(data []byte, key *ecdsa.PublicKey) (digests, error) {
	var b bundle
	if err := json.Unmarshal(data, &b); err != nil {
		return nil, fmt.Errorf("it is no signature in JSON: %w", err)
	}
	hint := ""
	if b.Verification.Key != nil {
		hint = b.Verification.Key.Hint
	}
	switch {
	case b.MediaType != bundleType:
		return nil, fmt.Errorf("it is a bundle of type %q, want %q", b.MediaType, bundleType)
	case b.Verification.Key == nil:
		return nil, fmt.Errorf("it was not made with a key pair, and no other kind of signature is checked")
	case hint != "" && hint != Fingerprint(key):
		return nil, fmt.Errorf("it was made with the key %.12s…, want %.12s…", hint, Fingerprint(key))
	case b.Envelope.Type != payloadType:
		return nil, fmt.Errorf("it signs a payload of type %q, want %q", b.Envelope.Type, payloadType)
	case len(b.Envelope.Signatures) != 1:
		return nil, fmt.Errorf("it holds %d signatures, want 1", len(b.Envelope.Signatures))
	}
	sum, err := digestOf(key, b.Envelope.Payload)
	if err != nil {
		return nil, err
	}
	if !ecdsa.VerifyASN1(key, sum, b.Envelope.Signatures[0].Sig) {
		return nil, fmt.Errorf("the key %.12s… did not make it", Fingerprint(key))
	}
	return readStatement(b.Envelope.Payload)
}

// digestOf returns what of a payload is signed: the hash that belongs to the key's curve, of the
// payload with its type, as DSSE puts them together.
func digestOf(key *ecdsa.PublicKey, payload []byte) ([]byte, error) {
	hash, ok := hashes[key.Curve.Params().BitSize]
	if !ok {
		return nil, fmt.Errorf("keys on the curve %s are not supported, want P-256, P-384 or P-521", key.Curve.Params().Name)
	}
	h := hash.New()
	fmt.Fprintf(h, "DSSEv1 %d %s %d %s", len(payloadType), payloadType, len(payload), payload) // a hash never returns an error
	return h.Sum(nil), nil
}

// hashes belong to curves by their size in bits, as Sigstore pairs them.
var hashes = map[int]crypto.Hash{256: crypto.SHA256, 384: crypto.SHA384, 521: crypto.SHA512}
