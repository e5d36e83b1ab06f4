// Package models loads trained models and answers with them: what a Go service
// imports.
//
//	folder → Load → *Model: image.Image → decode.Flatten → resize → [N,S,S,3] uint8 → embedding [D] → Comparison
//
// A Model is an exported SavedModel with the manifest that tfpair writes beside it.
// Pictures are prepared by the code that prepared them for training. The package
// trains nothing and knows no run folders.
package models

import (
	"context"
	"runtime"
	"sync"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/runner/session"
)

// Model is a loaded model. It is safe for any number of goroutines.
type Model struct {
	info    Info
	resizer resize.Resizer
	session *session.Session
	embed   calls
	compare calls

	mu     sync.RWMutex // held for reading while the session is in use, for writing by Close
	closed bool
}

// Info says what a model is.
type Info struct {
	Path     string // folder of the SavedModel, the version included
	Version  int    // number of the version's folder, 0 where the folder has another name
	Manifest Manifest
}

// Option changes how Load opens a model.
type Option func(*session.Options)

// OnDevice runs the model on "auto" (the default: a GPU where the runtime lists one),
// "cpu" or "gpu".
func OnDevice(name string) Option {
	return func(o *session.Options) { o.Device = session.Device(name) }
}

// WithThreads lets one operation use n threads; the default is GOMAXPROCS. The first
// session of a process decides for all.
func WithThreads(n int) Option { return func(o *session.Options) { o.Threads = n } }

// Load opens the model in folder: a SavedModel exported by tfpair, or a folder of
// numbered versions of one, of which it takes the highest. Files are checked against
// the manifest. Close the Model when it is of no more use.
//
// Errors: *NotModelError, *CorruptError, *NewerError, those of loading the TensorFlow
// runtime, and session.ErrNoGPU.
func Load(folder string, options ...Option) (*Model, error) {
	info, err := Describe(folder)
	if err != nil {
		return nil, err
	}
	if err := info.Manifest.verify(info.Path); err != nil {
		return nil, err
	}
	m := &Model{info: *info}
	if m.resizer, err = resize.New(info.Manifest.Preprocessing.Options); err != nil {
		return nil, &CorruptError{info.Path, ManifestName, err.Error()}
	}
	probable, err := signatures(info.Path)
	if err != nil {
		return nil, err
	}
	var o session.Options
	for _, option := range options {
		option(&o)
	}
	if m.session, err = session.Load(info.Path, savedmodel.Tag, o); err != nil {
		return nil, err
	}
	m.embed = newCalls(m.session, []string{names.ServingImages}, []string{names.ServingEmbedding})
	scores := []string{names.CompareDistance, names.CompareSame}
	if probable {
		scores = append(scores, names.CompareProbability)
	}
	m.compare = newCalls(m.session, []string{names.CompareLeftEmbedding, names.CompareRightEmbedding}, scores)
	return m, nil
}

// Info returns what the model is.
func (m *Model) Info() Info { return m.info }

// Dim returns D, the length of an embedding.
func (m *Model) Dim() int { return m.info.Manifest.EmbeddingDim }

// Close waits for calls in progress and frees the model. Later calls get ErrClosed;
// closing twice is fine.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	err := m.session.Close()
	m.session, m.embed, m.compare = nil, calls{}, calls{}
	// The binding frees a graph by a finalizer, and the collector sees so little of it
	// that it would not run for its sake.
	runtime.GC()
	return err
}

// use lets f use the session, unless the model is closed or ctx done.
func (m *Model) use(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.closed {
		return ErrClosed
	}
	return f()
}
