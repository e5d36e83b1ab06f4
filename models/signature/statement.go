package signature

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
)

// statement is an in-toto statement about a model.
type statement struct {
	Type          string    `json:"_type"`
	Subject       []subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     predicate `json:"predicate"`
}

type subject struct {
	Name   string            `json:"name"`
	Digest map[string]string `json:"digest"` // "sha256": of the digests of all resources, in their order
}

type predicate struct {
	Serialization serialization `json:"serialization"`
	Resources     []resource    `json:"resources"`
}

// serialization says how a folder became resources.
type serialization struct {
	Method   string   `json:"method"`
	Hash     string   `json:"hash_type"`
	Symlinks bool     `json:"allow_symlinks"`
	Ignored  []string `json:"ignore_paths"` // those that were left out; here they are refused
}

type resource struct {
	Name      string `json:"name"`
	Algorithm string `json:"algorithm"`
	Digest    string `json:"digest"` // in hexadecimal
}

// The one way of signing that is read and written: each file by its SHA-256.
const (
	byFile  = "files"
	hashing = "sha256"
)

// readStatement returns the digests of a statement whose signature was checked.
func readStatement(payload []byte) (digests, error) {
	var s statement
	if err := json.Unmarshal(payload, &s); err != nil {
		return nil, fmt.Errorf("what it signs is no statement in JSON: %w", err)
	}
	p := s.Predicate
	switch {
	case s.Type != statementType:
		return nil, fmt.Errorf("it signs a statement of type %q, want %q", s.Type, statementType)
	case s.PredicateType != predicateType:
		return nil, fmt.Errorf("it states %q, want %q", s.PredicateType, predicateType)
	case len(s.Subject) != 1:
		return nil, fmt.Errorf("it is of %d models, want 1", len(s.Subject))
	case p.Serialization.Method != byFile || p.Serialization.Hash != hashing:
		return nil, fmt.Errorf("it signs %s by %s, want %s by %s", p.Serialization.Method, p.Serialization.Hash, byFile, hashing)
	case len(p.Resources) == 0:
		return nil, errors.New("it signs no files")
	}
	d := digests{}
	all := sha256.New()
	for _, r := range p.Resources {
		sum, err := hex.DecodeString(r.Digest)
		switch _, twice := d[r.Name]; {
		case twice:
			return nil, fmt.Errorf("it signs %q twice", r.Name)
		case !filepath.IsLocal(filepath.FromSlash(r.Name)) || path.Clean(r.Name) != r.Name || r.Name == ".":
			return nil, fmt.Errorf("it signs %q, which is no file in the folder of a model", r.Name)
		case r.Algorithm != hashing || err != nil || len(sum) != sha256.Size:
			return nil, fmt.Errorf("it signs %q by %s %q, want a checksum by %s", r.Name, r.Algorithm, r.Digest, hashing)
		}
		d[r.Name] = hex.EncodeToString(sum)
		all.Write(sum) // a hash never returns an error
	}
	if got, want := hex.EncodeToString(all.Sum(nil)), s.Subject[0].Digest[hashing]; got != want {
		return nil, fmt.Errorf("its files together have the checksum %.12s…, and it says %.12s…", got, want)
	}
	return d, nil
}

// newStatement returns what is signed of a model with a name and files. Files stand in the order of
// their names.
func newStatement(model string, files digests) (statement, error) {
	p := predicate{Serialization: serialization{Method: byFile, Hash: hashing, Ignored: []string{FileName}}}
	all := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		sum, err := hex.DecodeString(files[name])
		if err != nil {
			return statement{}, err
		}
		all.Write(sum) // a hash never returns an error
		p.Resources = append(p.Resources, resource{Name: name, Algorithm: hashing, Digest: files[name]})
	}
	return statement{Type: statementType, PredicateType: predicateType, Predicate: p,
		Subject: []subject{{Name: model, Digest: map[string]string{hashing: hex.EncodeToString(all.Sum(nil))}}}}, nil
}
