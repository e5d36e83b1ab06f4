package models

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/models/savedmodel"
)

// Describe returns what the manifest says of the model in folder, as Load finds it,
// without opening it and without checking its other files. Errors: *NotModelError,
// *CorruptError, *NewerError.
func Describe(folder string) (*Info, error) {
	path, version, err := find(folder)
	if err != nil {
		return nil, err
	}
	return describe(path, version)
}

// describe returns what the manifest in path says.
func describe(path string, version int) (*Info, error) {
	manifest, err := ReadManifest(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NotModelError{path, "it has no " + ManifestName + ", so it was not exported by tfpair"}
	}
	if err != nil {
		return nil, err
	}
	return &Info{Path: path, Version: version, Manifest: *manifest}, nil
}

// Locate returns the folder of the SavedModel that Load opens for folder: itself, or its highest
// version. The error is a *NotModelError.
func Locate(folder string) (string, error) {
	path, _, err := find(folder)
	return path, err
}

// find returns the folder of the SavedModel in folder and its version.
func find(folder string) (path string, version int, err error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return "", 0, &NotModelError{folder, absent}
	}
	if errors.Is(err, fs.ErrPermission) {
		return "", 0, &NotModelError{folder, locked}
	}
	if err != nil {
		return "", 0, &NotModelError{folder, "it is no folder: " + err.Error()}
	}
	if mayBeSavedModel(folder) {
		version, _ = strconv.Atoi(filepath.Base(folder)) // 0 where it is no number
		return filepath.Clean(folder), version, nil
	}
	for _, e := range entries {
		number, err := strconv.Atoi(e.Name())
		if at := filepath.Join(folder, e.Name()); err == nil && number > version && mayBeSavedModel(at) {
			path, version = at, number
		}
	}
	if version == 0 {
		return "", 0, &NotModelError{folder, "it has no " + savedmodel.FileName + " and no numbered version of a model"}
	}
	return path, version, nil
}

// mayBeSavedModel reports whether folder has a SavedModel, or cannot be looked into: a version that is passed over
// because of its permissions would have an older one answer, and nobody would know.
func mayBeSavedModel(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, savedmodel.FileName))
	return err == nil || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
}

// readSaved reads the SavedModel of an exported model. The error is a *CorruptError.
func readSaved(path string) (*savedmodel.Model, error) {
	saved, err := savedmodel.Read(path)
	var format *savedmodel.FormatError
	if errors.As(err, &format) {
		return nil, &CorruptError{path, savedmodel.FileName, format.Reason}
	}
	return saved, err
}

// signatures checks that saved, which was read from path, has the signatures that a Model calls, with
// tensors as its manifest says, and reports whether it gives probabilities.
func signatures(path string, saved *savedmodel.Model, manifest Manifest) (probable bool, err error) {
	for _, want := range []struct{ name, input, output string }{
		{names.ServingDefault, names.KeyImages, names.KeyEmbedding},
		{names.Compare, names.KeyLeft, names.KeyDistance},
		{names.Compare, names.KeyRight, names.KeySame},
	} {
		s, err := saved.Signature(want.name)
		if err == nil {
			_, err = s.Input(want.input)
		}
		if err == nil {
			_, err = s.Output(want.output)
		}
		if err != nil {
			return false, &NotModelError{path, err.Error()}
		}
	}
	serving, size, dim := saved.Signatures[names.ServingDefault], int64(manifest.Preprocessing.Size), int64(manifest.EmbeddingDim)
	if in := serving.Inputs[names.KeyImages]; in.DType != savedmodel.Uint8 || !in.Holds(-1, size, size, 3) {
		return false, &NotModelError{path, fmt.Sprintf("it takes %s, and its manifest says uint8 [?,%d,%d,3]", in, size, size)}
	}
	if out := serving.Outputs[names.KeyEmbedding]; out.DType != savedmodel.Float32 || !out.Holds(-1, dim) {
		return false, &NotModelError{path, fmt.Sprintf("it gives %s, and its manifest says float32 [?,%d]", out, dim)}
	}
	_, probable = saved.Signatures[names.Compare].Outputs[names.KeyProbability]
	return probable, nil
}
