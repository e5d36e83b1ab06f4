// Package models loads trained models and answers with them: what a Go service
// imports.
//
//	folder → Load → *Model: image.Image → decode.Flatten → resize → [N,S,S,3] uint8 → embedding [D] → Comparison, []Hit
//
// A Model is an exported SavedModel with the manifest that tfpair writes beside it.
// Pictures are prepared by the code that prepared them for training. The package
// trains nothing and knows no run folders.
package models

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/savedmodel"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// Model is a loaded model. It is safe for any number of goroutines.
type Model struct {
	info    Info
	resizer resize.Resizer
	session *session.Session
	embed   *batcher
	gallery *Index // nil: it has none

	distance distance.Distance
	probable func(left, right []float32) ([]float32, error) // [N,D] → [N]; nil: it gives none
	remote   *process                                       // that runs the network; nil: session does
	observer atomic.Pointer[Observer]

	mu     sync.RWMutex // held for reading while the session is in use, for writing by Close
	closed bool
}

// Info says what a model is.
type Info struct {
	Path     string // folder of the SavedModel, the version included
	Version  int    // number of the version's folder, 0 where the folder has another name
	Manifest Manifest
}

// Load opens the model in folder: a SavedModel exported by tfpair, or a folder of
// numbered versions of one, of which it takes the highest. Files are checked against
// the manifest, and the gallery, where there is one, is read at once. Other SavedModels
// are opened with Declared. Close the Model when it is of no more use.
//
// Errors: *NotModelError, *CorruptError, *NewerError, *RefusedError, *SignatureError, *LoadError, those of loading the TensorFlow
// runtime, ErrNoGPU, ErrNoInt8 and ErrNotBuilt.
func Load(folder string, list ...Option) (*Model, error) {
	o := options{maxBatch: defaultBatch}
	for _, option := range list {
		option(&o)
	}
	if o.declared != nil {
		return o.declared.load(folder, o)
	}
	path, version, err := o.locate(folder)
	if err != nil {
		return nil, err
	}
	info, err := describe(path, version)
	if err != nil {
		return nil, err
	}
	if err := info.Manifest.verify(info.Path); err != nil {
		return nil, err
	}
	resizer, err := resize.New(info.Manifest.Preprocessing.Options)
	if err != nil {
		return nil, &CorruptError{info.Path, ManifestName, err.Error()}
	}
	if info.Manifest.Quantized != nil && !session.Int8() {
		return nil, ErrNoInt8
	}
	saved, err := readSaved(info.Path)
	if err != nil {
		return nil, err
	}
	probable, err := signatures(info.Path, saved, info.Manifest)
	if err != nil {
		return nil, err
	}
	between, err := o.own.ByName(info.Manifest.Distance)
	if err != nil {
		return nil, &CorruptError{info.Path, ManifestName, err.Error()}
	}
	m := &Model{info: *info, resizer: resizer, distance: between}
	if !o.bare {
		if err := m.openGallery(); err != nil {
			return nil, err
		}
	}
	if err := o.admit(info.Path, saved, ownRuns...); err != nil {
		return nil, err
	}
	if o.isolated != nil {
		if err := m.openProcess(o, probable); err != nil {
			return nil, err
		}
		return m, nil
	}
	o.session.Apart = info.small() && !o.batches
	if m.session, err = session.Load(info.Path, savedmodel.Tag, o.session); err != nil {
		return nil, err
	}
	if !o.session.Apart && !o.batches && info.short(saved, m.session.Shape) {
		if err := m.session.OpenSingle(o.session); err != nil {
			return nil, errors.Join(err, m.session.Close())
		}
	}
	if probable {
		m.probable = m.ofGraph(newCalls(m.session, []string{names.CompareLeftEmbedding, names.CompareRightEmbedding},
			[]string{names.CompareProbability}))
	}
	if err := m.openTower(o, names.ServingImages, names.ServingEmbedding, m.pixels); err != nil {
		return nil, err
	}
	return m, nil
}

// openTower prepares the runs of the tower from the tensor input to output. value makes
// what is fed of pixels [N,S,S,3] uint8. Where that fails the model is closed.
func (m *Model) openTower(o options, input, output string, value func([]uint8) session.Value) error {
	rows, err := m.session.PrepareRows(input, output)
	if err != nil {
		return errors.Join(&NotModelError{m.info.Path, err.Error()}, m.session.Close())
	}
	m.embed = &batcher{bytes: m.resizer.Bytes(), dim: m.Dim(), max: o.maxBatch, delay: o.maxDelay,
		run: func(pixels []uint8) ([]float32, error) {
			answer, err := rows.Run(value(pixels))
			if err != nil {
				return nil, err
			}
			return m.answer(answer, output, int64(len(pixels)/m.resizer.Bytes()), int64(m.Dim()))
		}}
	return nil
}

// openProcess starts the process of the model, which runs its network.
func (m *Model) openProcess(o options, probable bool) (err error) {
	if m.remote, err = startProcess(m.info.Path, o, m.info.Manifest.Preprocessing.Decoder != ""); err != nil {
		return err
	}
	if probable {
		m.probable = m.remote.probabilities
	}
	m.embed = &batcher{bytes: m.resizer.Bytes(), dim: m.Dim(), max: o.maxBatch, delay: o.maxDelay,
		run: func(pixels []uint8) ([]float32, error) {
			rows, err := m.remote.embed(pixels)
			if n := len(pixels) / m.resizer.Bytes(); err == nil && len(rows) != n*m.Dim() {
				err = fmt.Errorf("the process of model %q gave %d numbers of %d pictures", m.info.Path, len(rows), n)
			}
			return rows, err
		}}
	return nil
}

// answer returns the numbers of v, which a run gave for output, if they have the promised shape.
// The error is an *AnswerError: without it the rows of one image would be taken for another's.
func (m *Model) answer(v session.Value, output string, promised ...int64) ([]float32, error) {
	refuse := func(got string) error {
		want := savedmodel.Tensor{DType: savedmodel.Float32, Shape: promised}
		return &AnswerError{Path: m.info.Path, Output: output, Got: got, Want: want.String()}
	}
	numbers, err := session.Data[float32](v)
	if err != nil {
		return nil, refuse(err.Error())
	}
	if got := v.Shape(); !slices.Equal(got, promised) {
		return nil, refuse(savedmodel.Tensor{DType: savedmodel.Float32, Shape: append([]int64{}, got...)}.String())
	}
	return numbers, nil
}

// pixels returns pixels [N,S,S,3] as they are.
func (m *Model) pixels(pixels []uint8) session.Value { return session.Of(pixels, m.shape(pixels)...) }

func (m *Model) shape(pixels []uint8) []int64 {
	size := int64(m.resizer.Options().Size)
	return []int64{int64(len(pixels) / m.resizer.Bytes()), size, size, 3}
}

// Info returns what the model is.
func (m *Model) Info() Info { return m.info }

// Dim returns D, the length of an embedding.
func (m *Model) Dim() int { return m.info.Manifest.EmbeddingDim }

// Distance returns by what embeddings are compared and searched.
func (m *Model) Distance() distance.Distance { return m.distance }

// Close waits for calls in progress and frees the model. Later calls get ErrClosed;
// closing twice is fine.
func (m *Model) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil
	}
	m.closed = true
	if m.remote != nil {
		return m.remote.close()
	}
	err := m.session.Close()
	m.session, m.embed, m.probable = nil, nil, nil
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
