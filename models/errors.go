package models

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/internal/session"
)

// ErrNoInt8 says that a model computes with int8 where the runtime cannot.
var ErrNoInt8 = errors.New("the model computes with int8, and TensorFlow does so on x86 processors alone, with TF_ENABLE_ONEDNN_OPTS not 0")

// ErrClosed says that a Model was used after Close.
var ErrClosed = errors.New("model is closed")

// ErrNoGPU says that OnDevice("gpu") was asked for and the TensorFlow runtime lists none.
var ErrNoGPU = session.ErrNoGPU

// ErrNotBuilt says that the program was built without TensorFlow, and how to build it with it.
var ErrNotBuilt = session.ErrNotBuilt

// ErrTimeout says that a run took longer than WithTimeout allows. The model answers no more; load it
// again, in a new process where the run may go on for ever.
var ErrTimeout = session.ErrTimeout

// LoadError says that the TensorFlow runtime refused a model whose files are as they were written.
type LoadError = session.LoadError

// errPanicked is what callers get whose images were in a batch with those of one that panicked.
var errPanicked = errors.New("the run of the network panicked in the call that led the batch")

// NotModelError says why a path holds no exported model, as far as it can be told. It is fs.ErrNotExist, too, where nothing is at the path,
// and fs.ErrPermission where the user of the program may not look into the folder.
type NotModelError struct{ Path, Reason string }

func (e *NotModelError) Error() string {
	text := fmt.Sprintf("model %q: %s", e.Path, e.Reason)
	if e.Reason == absent {
		text += regular.Place(e.Path)
	}
	return text
}

// absent is the reason where a path leads nowhere.
const absent = "there is nothing of that name"

// locked is the reason where the user of the program may not read a file or a folder.
const locked = "the user of this program may not read it"

// Is reports whether e is fs.ErrNotExist or fs.ErrPermission, too.
func (e *NotModelError) Is(target error) bool {
	return target == fs.ErrNotExist && e.Reason == absent || target == fs.ErrPermission && e.Reason == locked
}

// CorruptError says which file of an exported model is not as it was written. It is fs.ErrPermission, too, where the user of the program
// may not read the file, or not look into its folder.
type CorruptError struct{ Path, File, Reason string }

// Is reports whether e is fs.ErrPermission, too.
func (e *CorruptError) Is(target error) bool { return target == fs.ErrPermission && e.Reason == locked }

func (e *CorruptError) Error() string {
	return fmt.Sprintf("model %q: %s: %s", e.Path, e.File, e.Reason)
}

// AnswerError says that a run of a model gave something else than the model promises.
type AnswerError struct {
	Path      string
	Output    string // name of the tensor
	Got, Want string // type and shape
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("model %q: %s gave %s, and %s was promised", e.Path, e.Output, e.Got, e.Want)
}

// NewerError says that a model was exported by a later version of tfpair.
type NewerError struct {
	Path   string
	Format int
	Tool   string // that wrote it
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("model %q: its manifest has format %d and is %s's; this program reads up to %d",
		e.Path, e.Format, e.Tool, ManifestFormat)
}

// ImageError says which of the images given cannot be embedded, and why.
type ImageError struct {
	Index int // of the arguments of Embed
	Err   error
}

func (e *ImageError) Error() string { return fmt.Sprintf("image %d: %v", e.Index, e.Err) }

// Unwrap returns the reason.
func (e *ImageError) Unwrap() error { return e.Err }

// SpaceError says that two embeddings come from different models and cannot be compared.
type SpaceError struct {
	Got, Want string
	Float32   bool // Got is that of the float32 model that the int8 model of Want was made of
}

func (e *SpaceError) Error() string {
	if e.Float32 {
		return fmt.Sprintf("embeddings are of space %s, want %s: they were made by the float32 model that this int8 model was made of", e.Got, e.Want)
	}
	return fmt.Sprintf("embeddings are of space %s, want %s: they were made by another model or preprocessing", e.Got, e.Want)
}
