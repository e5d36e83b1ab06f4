package inference

import (
	"context"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// Reading says how images are read. The zero value reads one per core and refuses bad ones.
type Reading struct {
	Store    pipeline.StoreOptions // the model sets Resizer and Labels
	SkipBad  float64               // share of the images that may be bad and left out; 0: none
	Progress func(done, total int) // may be nil; images done, one call at a time

	MeasureSeen bool // an evaluation measures images that the training has seen, too
	NewClasses  bool // it leaves out classes that the training saw under other names; it does for test where training kept classes for it
}

// progress tells Progress, if there is one.
func (r Reading) progress(done, total int) {
	if r.Progress != nil {
		r.Progress(done, total)
	}
}

// jpeg returns the decoder of JPEG files that m was trained with, nil where that is Go's.
func (m *Model) jpeg() (decode.JPEG, error) {
	if m.Manifest.Preprocessing.Decoder == "" {
		return nil, nil
	}
	return session.SharedJPEG(session.Options{Device: session.CPU}) // the network's session is open, and has decided the rest
}

// store returns what reads images of data at the size of m, and label images as m does.
func (m *Model) store(data *dataset.Dataset, o pipeline.StoreOptions) (*pipeline.Store, error) {
	if err := o.Resize(m.Manifest.Preprocessing.Options, m.Spec.Target.Resize); err != nil {
		return nil, err
	}
	var err error
	if o.JPEG, err = m.jpeg(); err != nil {
		return nil, err
	}
	return pipeline.NewStore(data, o), nil
}

// passing is store for images that are asked for once: none stays in memory.
func (m *Model) passing(data *dataset.Dataset, o pipeline.StoreOptions) (*pipeline.Store, error) {
	o.MaxMemory, o.MaxDisk = -1, -1
	return m.store(data, o)
}

// Read reads the images of parts of data at the size of m, as evaluation
// takes them. Bad images are taken out of the parts, and their paths returned. The caller closes
// the store. Errors: *pipeline.BadImagesError where more are bad than may be, and that of ctx.
func (m *Model) Read(ctx context.Context, data *dataset.Dataset, r Reading, parts ...*dataset.Part) (
	store *pipeline.Store, skipped []string, err error) {
	r.Store.Identify = true
	if store, err = m.store(data, r.Store); err != nil {
		return nil, nil, err
	}
	var images []int32
	for _, p := range parts {
		images = append(images, p.Images...)
	}
	bad, err := store.Prepare(ctx, images, r.Progress)
	if err == nil {
		skipped, err = pipeline.LeaveOut(bad, len(images), r.SkipBad, parts...)
	}
	if err != nil {
		store.Close() // a cache
		return nil, nil, err
	}
	return store, skipped, nil
}
