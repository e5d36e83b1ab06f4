// Package inference uses what was trained:
//
//	folder of a run, or of an exported model → Open → Model → images → embeddings, an index, answers
//
// A Model is the same whichever of the two it was opened from. It trains and changes nothing,
// and prints nothing.
package inference

import (
	"cmp"
	"crypto/ecdsa"
	"errors"
	"fmt"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// Model is a trained network, of a run or of an exported model. It is closed after use.
type Model struct {
	evaluate.Embedder
	Spec     *spec.Spec
	Manifest models.Manifest
	Name     string // the folder, as the caller gave it
	Path     string // of the run's checkpoint, or of the exported model's version

	Labels  evaluate.LabelEmbeddings // label images of the training; empty where there are none
	Gallery *index.Index             // images that it carries to be searched; nil: none
	Seen    *seen.Set                // images that the training has seen; nil: not known

	calibration index.Calibration // of thresholds of searches
	close       func() error
}

// Options say what is opened, and where it runs. The zero value is the best checkpoint, on a
// GPU where the runtime has one.
type Options struct {
	Checkpoint string // of a run: "best", "last" or a step; "" is "best"
	Session    session.Options
	Trust      models.Trusted   // which exported models are opened; a run is one's own
	Key        *ecdsa.PublicKey // whose signature an exported model must have; nil: it needs none
	Own        network.Own      // what the program added to train it
}

// best is the checkpoint of a run that is opened where none is named.
const best = "best"

// ErrNoCheckpoints says that a checkpoint was named of a model that has none to choose from.
var ErrNoCheckpoints = errors.New("it is an exported model and has no checkpoints to choose from")

// ErrNoSignature says that a signature was required of a run, which has none.
var ErrNoSignature = errors.New("it is a run, and only exported models are signed")

// Open opens the run or the exported model in folder. Errors: *models.NotModelError where it
// is neither, ErrNoCheckpoints, ErrNoSignature, those of trained.Open and of models.Load.
func Open(folder string, o Options) (*Model, error) {
	isRun, err := IsRun(folder)
	switch {
	case err != nil:
		return nil, err
	case isRun && o.Key != nil:
		return nil, fmt.Errorf("model %q: %w", folder, ErrNoSignature)
	case isRun:
		return openRun(folder, o)
	case o.Checkpoint != "":
		return nil, fmt.Errorf("model %q: %w", folder, ErrNoCheckpoints)
	}
	e, err := models.Load(folder, models.WithDistances(o.Own.DistancesInGo()),
		models.OnDevice(string(o.Session.Device)), models.WithThreads(o.Session.Threads), models.Trust(o.Trust),
		models.RequireSignature(o.Key), models.InBatches())
	if err != nil {
		return nil, err
	}
	m, err := Exported(e, folder)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return m, nil
}

// IsRun reports whether folder is a run and not an exported model. The error is a
// *models.NotModelError where it is neither.
func IsRun(folder string) (bool, error) {
	f, err := run.Open(folder)
	if err == nil {
		return true, f.Close()
	}
	var notRun *run.NotRunError
	var notModel *models.NotModelError
	_, describeErr := models.Describe(folder)
	if errors.As(err, &notRun) && errors.As(describeErr, &notModel) && notRun.Reason != notModel.Reason {
		return false, &models.NotModelError{Path: folder,
			Reason: fmt.Sprintf("as a run, %s; as an exported model, %s", notRun.Reason, notModel.Reason)}
	}
	return false, describeErr
}

func openRun(folder string, o Options) (*Model, error) {
	t, err := trained.Open(folder, cmp.Or(o.Checkpoint, best), o.Own, o.Session)
	if err != nil {
		return nil, err
	}
	embedder, err := openOfRun(t, o.Session)
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	m := &Model{Embedder: embedder, Spec: t.Spec, Name: folder, Path: t.Path, Seen: t.Seen,
		calibration: t.Calibration(), close: embedder.Close}
	if err := m.describe(t); err != nil {
		return nil, errors.Join(err, embedder.Close())
	}
	return m, nil
}

// describe sets what m says of itself, and its label images, from a checkpoint.
func (m *Model) describe(t *trained.Model) error {
	weights, err := t.Snapshot()
	if err != nil {
		return err
	}
	manifest, err := t.Manifest(weights.Variables)
	if err != nil {
		return err
	}
	m.Manifest = *manifest
	labels, err := t.Labels()
	if err != nil || labels == nil {
		return err
	}
	m.Labels = labels.LabelEmbeddings
	m.Labels.Constant = m.constant()
	m.Gallery, err = labels.Index(m.Name, m.Manifest.Distance)
	return err
}

// Exported returns a loaded model, which the caller calls name. Closing it closes e. The error
// is a *models.CorruptError.
func Exported(e *models.Model, name string) (*Model, error) {
	info := e.Info()
	m := &Model{Embedder: exported{e}, Manifest: info.Manifest, Name: name, Path: info.Path, close: e.Close}
	var err error
	if m.Spec, err = spec.Stored(info.Manifest.Spec, models.ManifestName); err != nil {
		return nil, &models.CorruptError{Path: info.Path, File: models.ManifestName, Reason: err.Error()}
	}
	if m.Seen, err = seenBy(info); err != nil {
		return nil, err
	}
	if m.calibration, err = m.calibrationOf(info); err != nil {
		return nil, err
	}
	g, err := e.Gallery()
	if err != nil { // the only one is that there is none
		return m, nil
	}
	m.Gallery = g.Vectors()
	carried := info.Manifest.Gallery
	if carried.Labels || m.Spec.LabelImages() && carried.Root == "" && !info.Manifest.Aliased { // else it was given to the export
		m.Labels = labelsOf(m.Gallery)
		m.Labels.Constant = m.constant()
	}
	return m, nil
}

// seenBy returns the images that an exported model remembers, nil where it does not. The error
// is a *models.CorruptError.
func seenBy(info models.Info) (*seen.Set, error) {
	if _, ok := info.Manifest.Files[models.SeenName]; !ok {
		return nil, nil
	}
	list, err := seen.Read(info.Path, models.SeenName)
	if err != nil {
		return nil, &models.CorruptError{Path: info.Path, File: models.SeenName, Reason: err.Error()}
	}
	return seen.NewSet(list), nil
}

// Close frees the network. Nothing else of m may be used afterwards, or at the same time.
func (m *Model) Close() error { return m.close() }

// KeepsLabels reports whether another network than m's has embedded the label images of the
// training: distances mean what the threshold says between a photo and one of these.
func (m *Model) KeepsLabels() bool { return m.constant() }

// constant reports whether m can make no more embeddings of label images. At step 0 it is
// the network still that made them.
func (m *Model) constant() bool {
	return m.Spec.Target.Side == spec.FrozenTargets && m.Manifest.Step > 0
}

// labelsOf returns what x says of label images.
func labelsOf(x *index.Index) evaluate.LabelEmbeddings {
	g := evaluate.LabelEmbeddings{Vectors: x.Vectors()}
	for row := range x.Len() {
		i := x.Item(row)
		g.Images = append(g.Images, evaluate.LabelImage{Path: i.Path, SHA256: i.SHA256, Class: i.Class, Coarse: i.Coarse})
	}
	return g
}

// ErrUncalibrated says that an exported model has no threshold: it was not trained.
var ErrUncalibrated = errors.New("the model has no threshold: it was exported from weights, without training")

// Threshold returns the distance up to which two images are the same. Errors are
// trained.ErrNoThreshold and ErrUncalibrated.
func (m *Model) Threshold() (distance.Threshold, error) {
	switch {
	case m.Manifest.Threshold.Source != "":
		return m.Manifest.Threshold, nil
	case m.Manifest.Uncalibrated():
		return distance.Threshold{}, ErrUncalibrated
	}
	return distance.Threshold{}, trained.ErrNoThreshold
}
