package models

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/tfpair/tfpair/models/gate"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/models/signature"
)

// Inspection is what is known of a model that was not loaded.
type Inspection struct {
	Path     string    // folder of the SavedModel, the version included
	Version  int       // number of the version's folder, 0 where the folder has another name
	Manifest *Manifest // nil where there is none, or it is not whole: see Problems
	Runtime  string    // version of the TensorFlow that wrote it; "" where it does not say

	Signatures map[string]savedmodel.Signature // functions that it offers, by name
	Files      []InspectedFile                 // in its folder and in its manifest, by name
	Can        gate.Report                     // what its operations do

	// Problems are why Load would not open it, the first as Load would say it: *SignatureError,
	// *CorruptError, *NewerError, *NotModelError and *RefusedError. A model without a manifest has none
	// where Load opens it with Declared.
	Problems []error
}

// InspectedFile is a file of a model.
type InspectedFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`            // 0 where it is missing or no file
	SHA256 string `json:"sha256,omitempty"` // of the manifest
	State  string `json:"state"`            // one of those below
}

// States of files.
const (
	FileWhole    = "as written" // it is the one in the manifest
	FileOther    = "not as written"
	FileUnlisted = "not in the manifest"
	FileSigns    = "signature"
)

// Inspect looks at the model in folder, as Load finds it, without loading it: it needs no TensorFlow, and
// no part of the model runs. It obeys RequireSignature. The error is a *NotModelError, or
// a *CorruptError of saved_model.pb; all other problems are told in the Inspection.
func Inspect(folder string, list ...Option) (*Inspection, error) {
	var o options
	for _, option := range list {
		option(&o)
	}
	i := &Inspection{}
	var err error
	if i.Path, i.Version, err = find(folder); err != nil {
		return nil, err
	}
	saved, err := readSaved(i.Path)
	if err != nil {
		return nil, err
	}
	i.Signatures, i.Runtime = saved.Signatures, saved.Version
	if o.key != nil {
		i.problem(signature.Verify(i.Path, o.key))
	}
	if i.Manifest, err = ReadManifest(i.Path); !errors.Is(err, fs.ErrNotExist) {
		i.problem(err)
	}
	var runs []string
	if i.Manifest != nil {
		runs = ownRuns
		i.problem(i.Manifest.verify(i.Path))
		_, err := signatures(i.Path, saved, *i.Manifest)
		i.problem(err)
	}
	if err := i.list(); err != nil {
		return nil, err
	}
	i.Can = *gate.Inspect(i.Path, saved.Proto(), runs)
	i.problem(i.Can.Err(i.Path))
	return i, nil
}

// problem notes err, if there is one.
func (i *Inspection) problem(err error) {
	if err != nil {
		i.Problems = append(i.Problems, err)
	}
}

// list lists the files in the folder, and those of the manifest that are not there. It follows no link.
func (i *Inspection) list() error {
	found := map[string]InspectedFile{}
	err := fs.WalkDir(os.DirFS(i.Path), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		f := InspectedFile{Name: name, State: FileUnlisted}
		if info.Mode().IsRegular() {
			f.Bytes = info.Size()
		}
		if name == signature.FileName {
			f.State = FileSigns
		}
		found[name] = f
		return nil
	})
	if err != nil {
		return &NotModelError{i.Path, err.Error()}
	}
	i.compare(found)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		i.Files = append(i.Files, found[name])
	}
	return nil
}

// compare says of found files whether they are those of the manifest.
func (i *Inspection) compare(found map[string]InspectedFile) {
	if i.Manifest == nil {
		return
	}
	for name, want := range i.Manifest.Files {
		f := found[name]
		f.Name, f.SHA256, f.State = name, want.SHA256, FileWhole
		if err := want.verify(i.Path, name); err != nil {
			f.State = FileOther
		}
		found[name] = f
	}
	name := filepath.ToSlash(ManifestName) // its checksum stands in itself, and was checked
	f := found[name]
	f.Name, f.State = name, FileWhole
	found[name] = f
}
