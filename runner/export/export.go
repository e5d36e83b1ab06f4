// Package export turns a checkpoint of a run into a SavedModel:
//
//	run folder → trained.Open → inference graph, weights → OUT/.tmp-… → reload, compare, gallery → OUT/N
//
// The model appears by one rename, after it has been loaded again and has embedded
// stored images as the training graph does, or not at all. It trains and changes
// nothing in the run.
package export

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/runner/card"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// Config says what to export and where to.
type Config struct {
	Run        string // run folder
	Checkpoint string // "best", "last" or a step
	// Model is exported in place of a checkpoint: a network that was not trained, see trained.Untrained.
	// Run closes it. With it WithSeen and AliasClasses are of no use.
	Model   *trained.Model
	Out     string      // folder of the model's versions; made if need be
	Version int         // folder of this version in Out; 0 is one more than the highest there
	Form    models.Form // "" is models.Folded
	Session session.Options
	Own     network.Own // what the program added to train the run
	Int8    *Int8       // how convolutions become int8; nil: they do not. With it Gallery is of no use
	// Gallery makes the images that the exported model is to carry, with that model, which is
	// closed afterwards. Where it is nil those are the label images of the training, if any.
	Gallery func(context.Context, *models.Model) (*index.Index, error)

	WithSeen     bool   // the model carries the hashes of the images that the training has seen
	AliasClasses bool   // aliases stand for names of classes and paths; RUN/aliases.csv says for which
	Card         []byte // words for the model card, of card.ReadWords; nil: none
	ONNX         bool   // model.onnx lies beside the SavedModel, for ONNX Runtime and OpenVINO

	Tool    string // name and version of the program, for the manifest
	Runtime string // release of TensorFlow
}

// Result is an exported model.
type Result struct {
	models.Info
	Difference float64             // largest of any embedding number, reloaded against trained
	Tolerance  float64             // that was allowed
	Seen       int                 // images whose hashes it carries
	Aliases    string              // file that says what aliases stand for; "": names are as they are
	Speed      *Speed              // of the network in float32 and in int8; nil: it was not measured
	Bad        []pipeline.BadImage // of Int8.Data, left out; of a training those are that it left out, and not here
}

// WeightError says that a weight is not a finite number.
type WeightError struct{ Checkpoint, Name string }

func (e *WeightError) Error() string {
	return fmt.Sprintf("checkpoint %q: weight %q is not finite", e.Checkpoint, e.Name)
}

// DifferenceError says that the model, loaded again, embeds an image differently from
// the training graph.
type DifferenceError struct {
	Probe                 string
	Difference, Tolerance float64
}

func (e *DifferenceError) Error() string {
	return fmt.Sprintf("reloaded model embeds %s differently: by %.3g, at most %.3g is allowed",
		e.Probe, e.Difference, e.Tolerance)
}

// Run exports. When it returns an error, nothing is left behind. Errors are those of
// trained.Open, trained.ErrNoThreshold, trained.ErrFrozen, ErrNotRemembered, *AliasesError, *ExistsError,
// *WeightError, *graphs.TooLargeError, *DifferenceError, *onnx.OperationError, that of ctx, and the disk's.
func Run(ctx context.Context, c Config) (*Result, error) {
	if c.Model != nil {
		defer c.Model.Close() // nothing is left in it
	}
	place, err := findPlace(c.Out, c.Version)
	if err != nil {
		return nil, err
	}
	model := c.Model
	if model == nil {
		if model, err = trained.Open(c.Run, c.Checkpoint, c.Own, c.Session); err != nil {
			return nil, err
		}
		defer model.Close() // nothing is left in it
	}
	if c.Gallery != nil && model.FrozenTargets() {
		return nil, trained.ErrFrozen
	}
	threshold, err := model.Threshold()
	if c.Model != nil && errors.Is(err, trained.ErrNoThreshold) {
		threshold, err = trained.NoThreshold, nil
	}
	if err != nil {
		return nil, err
	}
	weights, err := finite(model)
	if err != nil {
		return nil, err
	}
	told, err := c.tells(model)
	if err != nil {
		return nil, err
	}
	if err := place.make(); err != nil {
		return nil, fmt.Errorf("export to %q: %w", c.Out, err)
	}
	result, err := c.fill(ctx, place, model, weights, threshold, told)
	if err == nil {
		err = told.store() // first: a model whose aliases nobody knows is of no use
	}
	if err == nil {
		err = place.publish()
	}
	if err != nil {
		return nil, errors.Join(err, place.remove())
	}
	result.Path, result.Version = place.path(), place.version
	result.Seen, result.Aliases = len(told.seen), told.file()
	return result, nil
}

// finite returns the weights of m, none of them NaN or infinite.
func finite(m *trained.Model) ([]checkpoint.Tensor, error) {
	c, err := m.Snapshot()
	if err != nil {
		return nil, err
	}
	c.Optimizer = nil
	if name := network.NotFinite(c); name != "" {
		return nil, &WeightError{m.Path, name}
	}
	return c.Variables, nil
}

// fill writes the model aside and checks it there.
func (c Config) fill(ctx context.Context, p *place, m *trained.Model, weights []checkpoint.Tensor,
	threshold distance.Threshold, told told) (*Result, error) {
	graph, err := c.build(m, weights, threshold)
	if err != nil {
		return nil, err
	}
	if weights, err = weightsOf(graph, weights); err != nil {
		return nil, err
	}
	q, err := c.quantize(ctx, m, graph)
	if err != nil {
		return nil, err
	}
	defer q.close()
	if err := c.write(p, m.Spec.Input.Size, graph, q, weights); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	probes, err := writeProbes(p, m, q.or(m.Answer))
	if err != nil {
		return nil, err
	}
	manifest, err := m.Manifest(weights)
	if err != nil {
		return nil, err
	}
	manifest.Probes, manifest.Tool, manifest.Runtime = probes, c.Tool, c.Runtime
	manifest.Threshold, manifest.Form = threshold, c.form()
	if err := q.describe(manifest); err != nil {
		return nil, err
	}
	if err := told.write(p, manifest); err != nil {
		return nil, err
	}
	if c.ONNX {
		if err := c.writeONNX(p, m, graph, q, weights, manifest); err != nil {
			return nil, err
		}
	}
	if err := p.seal(manifest); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return c.reload(ctx, p, m, q, manifest, told)
}

// reload loads what lies aside as a user would, checks it, and gives it its gallery and its card.
func (c Config) reload(ctx context.Context, p *place, m *trained.Model, q *quantized, manifest *models.Manifest, told told) (
	_ *Result, err error) {
	model, err := c.load(p, models.Checked)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	r, err := verify(ctx, p, model)
	if err != nil {
		return nil, err
	}
	x, err := c.gallery(ctx, m, q, model)
	if err != nil {
		return nil, err
	}
	if x != nil {
		if x, err = told.gallery(x, index.Own{m.Spec.Distance.Name: m.Distance()}); err != nil {
			return nil, err
		}
		if err := addGallery(p, x, manifest, c.Gallery == nil); err != nil {
			return nil, err
		}
	}
	if err := addCard(p, manifest, c.Card); err != nil {
		return nil, err
	}
	if err := p.seal(manifest); err != nil {
		return nil, err
	}
	sealed, err := models.ReadManifest(p.aside.Path())
	if err != nil {
		return nil, err
	}
	r.Manifest = *sealed
	if q != nil {
		r.Speed, r.Bad = q.speed, q.bad
	}
	return r, nil
}

// addCard writes the model card, and the words that people gave for it.
func addCard(p *place, m *models.Manifest, words []byte) error {
	out, err := filepath.Abs(p.out) // "." has no name
	if err != nil {
		return err
	}
	text, err := card.Of(m, words, filepath.Base(out))
	if err != nil {
		return err
	}
	if words != nil {
		if err := p.write(card.WordsName, words); err != nil {
			return err
		}
	}
	return p.write(card.Name, text)
}

func (c Config) load(p *place, trust models.Trusted) (*models.Model, error) {
	model, err := models.Load(p.aside.Path(), models.WithDistances(c.Own.DistancesInGo()), models.OnDevice(string(c.Session.Device)),
		models.WithThreads(c.Session.Threads), models.Trust(trust))
	if err != nil {
		return nil, fmt.Errorf("reload: %w", err)
	}
	return model, nil
}

// gallery returns what the model is to carry, nil for nothing.
func (c Config) gallery(ctx context.Context, m *trained.Model, q *quantized, reloaded *models.Model) (*index.Index, error) {
	g, err := m.Labels()
	if err != nil {
		return nil, err
	}
	if g != nil {
		q.relabel(g, reloaded.Info().Manifest.Space)
	}
	if c.Gallery != nil {
		x, err := c.Gallery(ctx, reloaded)
		switch {
		case err != nil:
			return nil, err
		case g != nil && g.Accept != nil && g.Are(sumsOf(x)): // photos of validation chose it
			return x.Accepting(*g.Accept), nil
		}
		return x.Calibrate(m.Calibration()), nil // the run knows more strangers than the model
	}
	if g == nil {
		return nil, nil
	}
	return g.Index(filepath.Base(filepath.Clean(c.Out)), m.Spec.Distance.Name)
}

// sumsOf returns the checksums of the files of x.
func sumsOf(x *index.Index) (list []string) {
	for _, item := range x.All() {
		list = append(list, item.SHA256)
	}
	return list
}

// addGallery writes the gallery, which may be the label images of the training, and tells the
// manifest of it.
func addGallery(p *place, x *index.Index, m *models.Manifest, labels bool) error {
	if err := m.Fits(x); err != nil {
		return fmt.Errorf("gallery: %w", err)
	}
	var b bytes.Buffer
	if err := x.Encode(&b); err != nil {
		return err
	}
	if err := p.write(models.GalleryName, b.Bytes()); err != nil {
		return err
	}
	m.Gallery = &models.Gallery{File: models.GalleryName, Images: x.Len(), Classes: x.Classes(),
		Root: x.About().Root, Accept: x.About().Accept, NoAccept: x.About().NoAccept, Labels: labels}
	return nil
}

// weightsOf returns the tensors that the graph has variables for, in its order. What
// only training needs stays behind.
func weightsOf(g *graphs.Inference, tensors []checkpoint.Tensor) ([]checkpoint.Tensor, error) {
	byName := make(map[string]checkpoint.Tensor, len(tensors))
	for _, t := range tensors {
		byName[t.Name] = t
	}
	var list []checkpoint.Tensor
	for _, v := range g.Variables {
		t, ok := byName[v.Key]
		if !ok {
			return nil, fmt.Errorf("checkpoint has no weight %q", v.Key)
		}
		list = append(list, t)
	}
	return list, nil
}
