package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/trained"
)

// model is a trained network as commands use it, of a run or of an exported model.
type model struct {
	evaluate.Embedder
	models.Manifest
	spec  *spec.Spec
	name  string // as the user wrote it
	path  string // of the run's checkpoint, or of the exported model's version
	close func() error

	labels  evaluate.LabelGallery // label images of the training; empty where there are none
	gallery *index.Index          // that it carries to be searched; nil: none
}

// modelOptions say which network to use.
type modelOptions struct {
	folder     string // of a run or of an exported model
	checkpoint string // of a run; "": best
}

func (o *modelOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "model", Destination: &o.folder,
		Usage: "`FOLDER` of a run or of an exported model"}, checkpointFlag(&o.checkpoint))
}

// checkpointFlag is empty where it is not given.
func checkpointFlag(to *string) cli.Flag {
	return &cli.StringFlag{Name: "checkpoint", Destination: to, DefaultText: bestCheckpoint,
		Usage: "`CHECKPOINT` of a run: best (by train.select), last, or the number of a step"}
}

// bestCheckpoint is the checkpoint of a run that is used where none is given.
const bestCheckpoint = "best"

// open opens the network.
func (o modelOptions) open(on machineOptions) (*model, error) {
	isRun, err := isRun(o.folder)
	switch {
	case err != nil:
		return nil, err
	case isRun:
		return openRun(o.folder, cmp.Or(o.checkpoint, bestCheckpoint), on.session())
	case o.checkpoint != "":
		return nil, usagef("--checkpoint is of a run; --model %s is an exported model", o.folder)
	}
	return openExported(o.folder, on.session())
}

// isRun reports whether folder is a run and not an exported model. The error is a
// *models.NotModelError where it is neither.
func isRun(folder string) (bool, error) {
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

func openRun(folder, checkpoint string, o session.Options) (*model, error) {
	t, err := trained.Open(folder, checkpoint, o)
	if err != nil {
		return nil, err
	}
	m := &model{Embedder: t, spec: t.Spec, name: folder, path: t.Path, close: t.Close}
	weights, err := t.Snapshot()
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	manifest, err := t.Manifest(weights.Variables)
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	m.Manifest = *manifest
	gallery, err := t.Gallery()
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	if gallery != nil {
		m.labels = gallery.LabelGallery
		m.labels.Constant = m.constant()
		if m.gallery, err = gallery.Index(folder, m.Manifest.Distance); err != nil {
			return nil, errors.Join(err, t.Close())
		}
	}
	return m, nil
}

func openExported(folder string, o session.Options) (*model, error) {
	e, err := models.Load(folder, models.OnDevice(string(o.Device)), models.WithThreads(o.Threads))
	if err != nil {
		return nil, err
	}
	m, err := useExported(e, folder)
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return m, nil
}

// useExported returns e, which the user calls name. The error is a *models.CorruptError.
func useExported(e *models.Model, name string) (m *model, err error) {
	m = &model{Embedder: exportedModel{e}, Manifest: e.Info().Manifest, name: name,
		path: e.Info().Path, close: e.Close}
	if m.spec, err = spec.Stored(m.Spec, models.ManifestName); err != nil {
		return nil, &models.CorruptError{Path: m.path, File: models.ManifestName, Reason: err.Error()}
	}
	g, err := e.Gallery()
	if err != nil { // the only one is that there is none
		return m, nil
	}
	m.gallery = g.Vectors()
	if m.spec.Topology == "feature" && m.gallery.About().Root == "" { // else it is of export --gallery
		m.labels = labelsOf(m.gallery)
		m.labels.Constant = m.constant()
	}
	return m, nil
}

// Distance returns by what embeddings are compared; Manifest has its name.
func (m *model) Distance() distance.Distance { return m.Embedder.Distance() }

// constant reports whether m can make no more embeddings of label images. At step 0 it is
// the network still that made them.
func (m *model) constant() bool { return m.spec.Target.Side == spec.Frozen && m.Step > 0 }

// labelsOf returns what x says of label images.
func labelsOf(x *index.Index) evaluate.LabelGallery {
	g := evaluate.LabelGallery{Vectors: x.Vectors()}
	for row := range x.Len() {
		i := x.Item(row)
		g.Images = append(g.Images, evaluate.LabelImage{Path: i.Path, SHA256: i.SHA256, Class: i.Class, Coarse: i.Coarse})
	}
	return g
}

// threshold returns the distance up to which two images are the same.
func (m *model) threshold() (distance.Threshold, error) {
	if m.Threshold.Source == "" {
		return distance.Threshold{}, trained.ErrNoThreshold
	}
	return m.Threshold, nil
}

// exportedModel is an exported model as evaluate.Embedder.
type exportedModel struct{ *models.Model }

// Embed returns embeddings [N,D] of pixels [N,S,S,3] uint8 RGB.
func (m exportedModel) Embed(pixels []uint8) ([]float32, error) {
	return m.EmbedPixels(context.Background(), pixels)
}

// Compare returns distances [M], and probabilities [M] or nil, of pairs of rows of
// embeddings [N,D].
func (m exportedModel) Compare(embeddings []float32, left, right []int32) (
	distance, probability []float32, err error) {
	list, err := m.CompareEmbeddings(context.Background(), m.rows(embeddings, left),
		m.rows(embeddings, right))
	if err != nil {
		return nil, nil, err
	}
	for _, c := range list {
		distance = append(distance, c.Distance)
		if c.Probability != nil {
			probability = append(probability, *c.Probability)
		}
	}
	return distance, probability, nil
}

// rows returns the given rows of embeddings [N,D], one after another.
func (m exportedModel) rows(embeddings []float32, rows []int32) []float32 {
	dim := m.Dim()
	list := make([]float32, 0, len(rows)*dim)
	for _, r := range rows {
		list = append(list, embeddings[int(r)*dim:(int(r)+1)*dim]...)
	}
	return list
}
