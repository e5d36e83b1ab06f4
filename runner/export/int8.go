package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// Int8 says on which pictures an export makes convolutions compute with 8-bit integers, and what that may cost.
type Int8 struct {
	// Data opens the data of the training, grouped as that was: see dataset.Dataset.GroupBy. Ranges are observed on
	// its train, and measured on its val. Of a network that was not trained it opens images of the user's: ranges are
	// observed on some, and measured on others. Run closes it. Images that the training left out as bad are left out.
	Data      func(ctx context.Context, groupBy string) (*dataset.Dataset, error)
	Store     pipeline.StoreOptions
	SkipBad   float64          // largest share of the user's images that may be bad, and are left out
	MaxDrop   float64          // points, hundredths, that accuracy, AUC or recall@1 may lose on validation
	KeepFloat []string         // layers that stay float32
	Now       func() time.Time // the clock, by which the speed of both networks is measured
	// Progress returns what is told how much of a stage is done; nil: nothing is.
	Progress func(stage string) func(done, total int)
}

// tell says how much of a stage is done.
func (i *Int8) tell(stage string, done, total int) {
	if i.Progress != nil {
		i.Progress(stage)(done, total)
	}
}

// Stages of Int8.Progress.
const (
	observing  = "observing ranges"
	measuring  = "measuring"
	layerAlone = "layer by layer" // where int8 costs too much
)

// Speed is how large and how fast networks are here, in float32 and in int8.
type Speed struct {
	Batch      int     `json:"batch"`         // images at once
	Float      float64 `json:"float32"`       // images per second
	Int8       float64 `json:"int8"`          // likewise
	FloatBytes int     `json:"float32_bytes"` // of the graph, its weights included
	Int8Bytes  int     `json:"int8_bytes"`
}

// ErrInt8Folds says that int8 was asked for a training that kept no validation of its own.
var ErrInt8Folds = errors.New("the training was validated by folds and then went over all of its images, so that none is left to measure what int8 costs; one with train.folds=0 keeps some")

// DataError says that data is not what a run was trained on, so that its validation may have been.
type DataError struct{ Name, Run, Given string }

func (e *DataError) Error() string {
	return fmt.Sprintf("data %q is not that of the training: fingerprint %s in the run, %s here", e.Name, e.Run, e.Given)
}

// LayerError says that a network has no such layer.
type LayerError struct {
	Name  string
	Known []string
}

func (e *LayerError) Error() string {
	return fmt.Sprintf("the network has no layer %q that can be int8 (known: %s)", e.Name, strings.Join(e.Known, ", "))
}

// DropError says that int8 costs more than it may, whatever stays float32.
type DropError struct {
	Metric        string
	Before, After float64
	MaxDrop       float64  // points
	Worst         []string // layers that hurt most, the worst first
}

func (e *DropError) Error() string {
	return fmt.Sprintf("int8 takes %s on validation from %.4f to %.4f, and at most %g points are allowed; the layers that hurt most: %s",
		e.Metric, e.Before, e.After, e.MaxDrop, strings.Join(e.Worst, ", "))
}

// observed is how many images of the training show the ranges of activations.
const observed = 128

// observeBatch is how many of them run at once: all activations of a batch are fetched.
const observeBatch = 8

// quantized is a graph with int8 layers. Its nil has none.
type quantized struct {
	def       []byte
	net       *graphNet
	threshold distance.Threshold
	measured
	about models.Quantized
	speed *Speed              // nil before it is measured
	bad   []pipeline.BadImage // of the user's, left out
}

// graphNet is a graph as evaluate.Embedder: the network of a checkpoint in another form.
type graphNet struct {
	*trained.Model
	folded *network.Folded
}

func (c Config) open(m *trained.Model, def []byte) (*graphNet, error) {
	f, err := network.OpenDefinition(def, m.Spec.Input.Size, c.Session)
	return &graphNet{m, f}, err
}

// Embed returns embeddings [N,D] of pixels [N,S,S,3] uint8 RGB.
func (n *graphNet) Embed(pixels []uint8) ([]float32, error) { return n.folded.Embed(pixels) }

// or returns what embeds: q, or f where there is no q.
func (q *quantized) or(f func([]uint8) ([]float32, error)) func([]uint8) ([]float32, error) {
	if q == nil {
		return f
	}
	return q.net.Embed
}

func (q *quantized) close() {
	if q != nil {
		_ = q.net.folded.Close() // nothing is left in it
	}
}

// describe says in the manifest what q is, and what validation says of it.
func (q *quantized) describe(m *models.Manifest) error {
	if q == nil {
		return nil
	}
	sum := sha256.Sum256(append([]byte(m.Space+"\n"), q.def...))
	q.about.FloatSpace, m.Space = m.Space, hex.EncodeToString(sum[:])[:32]
	m.Quantized, m.Threshold = &q.about, q.threshold
	if q.scores.Curve == nil { // it was not trained
		return nil
	}
	m.Pairs, m.Photos, m.Doubts = q.scores.Pairs, q.scores.Photos, q.scores.Doubts
	m.NoneAbove = trained.NoneAbove(q.threshold.Source, q.scores)
	curve, probability := *q.scores.Curve, *q.scores.Probability
	curve.Source, probability.Source = q.threshold.Source, q.threshold.Source
	m.Curve, m.Probability = &curve, &probability
	var err error
	m.Metrics, err = trained.Metrics(q.scores)
	return err
}

// relabel makes label images those of q, in its space.
func (q *quantized) relabel(g *trained.Labels, space string) {
	if q == nil {
		return
	}
	g.Vectors, g.Space = q.labels, space
	g.NoneAbove = trained.NoneAbove(q.threshold.Source, q.scores)
	g.Accept = trained.Accept(g.NoneAbove, q.scores, len(g.Images))
}

// quantize returns g with int8 layers, nil where c does not ask for them. Errors are ErrInt8Folds, *DataError,
// *LayerError, *DropError, quantize.ErrNothing, those of c.Int8.Data, those of dataset.Dataset.Assign, of reading images and of evaluate.Measure.
func (c Config) quantize(ctx context.Context, m *trained.Model, g *graphs.Inference) (*quantized, error) {
	if c.Int8 == nil {
		return nil, nil
	}
	if m.Spec.Train.Folds > 0 && m.Spec.Train.Fold == 0 {
		return nil, ErrInt8Folds
	}
	def, err := definition(g)
	if err != nil {
		return nil, err
	}
	w := &quantizing{Config: c, model: m, def: def, probable: g.Probable}
	defer w.close()
	if err := w.prepare(ctx); err != nil {
		return nil, err
	}
	return w.choose(ctx)
}
