package signature

import (
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/json"
	"errors"
	"path/filepath"

	"github.com/tfpair/tfpair/internal/aside"
)

// ExistsError says that a model has a signature already.
type ExistsError = aside.ExistsError

// Sign writes the signature of all files that lie in the folder of a model, by key. Without overwrite
// the error is an *ExistsError where there is one; others are *Error and the disk's.
func Sign(folder string, key *ecdsa.PrivateKey, overwrite bool) (err error) {
	f, err := aside.New(filepath.Join(folder, FileName), overwrite) // before the work
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Cleanup()) }()
	text, err := sealed(folder, key)
	if err != nil {
		return &Error{folder, err.Error()}
	}
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Publish()
}

// sealed returns the signature by key of all files in folder.
func sealed(folder string, key *ecdsa.PrivateKey) ([]byte, error) {
	list, err := names(folder)
	if err != nil {
		return nil, err
	}
	files := digests{}
	for _, name := range list {
		if files[name], err = digest(folder, name); err != nil {
			return nil, err
		}
	}
	whole, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	of, err := newStatement(filepath.Base(whole), files)
	if err != nil {
		return nil, err
	}
	b, err := seal(of, key)
	if err != nil {
		return nil, err
	}
	return json.Marshal(b)
}

// seal returns the bundle in which key signs a statement.
func seal(s statement, key *ecdsa.PrivateKey) (bundle, error) {
	payload, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return bundle{}, err
	}
	sum, err := digestOf(&key.PublicKey, payload)
	if err != nil {
		return bundle{}, err
	}
	sig, err := ecdsa.SignASN1(rand.Reader, key, sum)
	if err != nil {
		return bundle{}, err
	}
	return bundle{MediaType: bundleType, Verification: material{Key: &publicKey{Fingerprint(&key.PublicKey)}, Log: []struct{}{}},
		Envelope: envelope{Payload: payload, Type: payloadType, Signatures: []signatureOf{{Sig: sig}}}}, nil
}
