package export

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/quantize"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// Int8 says on which pictures an export makes convolutions compute with 8-bit integers, and what that may cost.
type Int8 struct {
	// Data opens the data of the training, grouped as that was: see dataset.Dataset.GroupBy. Ranges are observed on
	// its train, and measured on its val. Run closes it.
	Data      func(ctx context.Context, groupBy string) (*dataset.Dataset, error)
	Store     pipeline.StoreOptions
	MaxDrop   float64  // points, hundredths, that accuracy or AUC may lose on validation
	KeepFloat []string // layers that stay float32
}

// ErrInt8Labels says that int8 was asked for a training on label images.
var ErrInt8Labels = errors.New("the model carries embeddings of label images, which are those of the float32 network: int8 is for trainings on pairs, triplets or classes")

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
	scores    evaluate.Scores
	about     models.Quantized
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
	m.Quantized, m.Threshold, m.Pairs, m.Doubts = &q.about, q.threshold, q.scores.Pairs, q.scores.Doubts
	curve, probability := *q.scores.Curve, *q.scores.Probability
	curve.Source, probability.Source = q.threshold.Source, q.threshold.Source
	m.Curve, m.Probability = &curve, &probability
	var err error
	m.Metrics, err = trained.Metrics(q.scores)
	return err
}

// quantize returns g with int8 layers, nil where c does not ask for them. Errors are ErrInt8Labels, ErrInt8Folds, *DataError,
// *LayerError, *DropError, quantize.ErrNothing, those of c.Int8.Data, those of dataset.Dataset.Assign, of reading images and of evaluate.Measure.
func (c Config) quantize(ctx context.Context, m *trained.Model, g *graphs.Inference) (*quantized, error) {
	if c.Int8 == nil {
		return nil, nil
	}
	switch {
	case m.Spec.LabelImages():
		return nil, ErrInt8Labels
	case m.Spec.Train.Folds > 0 && m.Spec.Train.Fold == 0:
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

// quantizing is a search for int8 layers that change little.
type quantizing struct {
	Config
	model    *trained.Model
	def      []byte
	probable bool
	layers   []quantize.Layer
	data     *dataset.Dataset
	store    *pipeline.Store
	train    []int32
	pairs    evaluate.Pairs
	seen     map[string]*quantize.Observed
	ranges   map[quantize.Method]map[string]quantize.Range // of what was seen
	before   evaluate.Scores
	float    []float32 // embeddings of the images of pairs
}

// prepare looks at the float32 network: what its layers give, and how good it is.
func (w *quantizing) prepare(ctx context.Context) error {
	g, err := graphdef.Decode(w.def)
	if err == nil {
		w.layers, err = quantize.Find(g, names.ServingEmbedding)
	}
	if err != nil {
		return err
	}
	known := w.names()
	for _, name := range w.Int8.KeepFloat {
		if !slices.Contains(known, name) {
			return &LayerError{name, known}
		}
	}
	if w.data, err = w.Int8.Data(ctx, w.model.State.GroupBy); err != nil {
		return err
	}
	if err := w.data.Assign(trained.Splits(w.model.Spec)); err != nil {
		return err
	}
	if given := w.data.Fingerprint(); given != w.model.State.Fingerprint {
		return &DataError{w.data.Name, w.model.State.Fingerprint, given}
	}
	w.train = dataset.Evenly(w.data.In(dataset.Train).Images, observed)
	o := w.Int8.Store
	if err := o.Resize(w.model.Resize(), w.model.Spec.Target.Resize); err != nil {
		return err
	}
	if w.pairs, err = evaluate.ChoosePairs(w.data, w.data.In(dataset.Val), nil, w.model.State.Seen, uint64(w.model.Spec.Train.Seed)); err != nil {
		return err
	}
	w.store = pipeline.NewStore(w.data, o)
	if err := w.observe(ctx); err != nil {
		return err
	}
	w.ranges = map[quantize.Method]map[string]quantize.Range{}
	for _, method := range quantize.Methods {
		w.ranges[method] = map[string]quantize.Range{}
		for key, o := range w.seen {
			if w.ranges[method][key], err = o.Choose(method); err != nil {
				return err
			}
		}
	}
	return w.measureFloat(ctx)
}

func (w *quantizing) close() {
	if w.store != nil {
		w.store.Close() // a cache
	}
	if w.data != nil {
		w.data.Close() // read only
	}
}

func (w *quantizing) names() []string {
	var list []string
	for _, l := range w.layers {
		list = append(list, l.Name)
	}
	return list
}

// observe shows the network training images twice: for the extremes of what layers give, and for what is between.
func (w *quantizing) observe(ctx context.Context) (err error) {
	s, err := session.OpenDef(w.def, w.Session)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var tensors, keys []string
	w.seen = map[string]*quantize.Observed{}
	for _, l := range w.layers {
		tensors, keys = append(tensors, l.Output), append(keys, l.Name)
		if l.Input != "" {
			tensors, keys = append(tensors, l.Input), append(keys, quantize.InputKey(l.Name))
		}
	}
	for _, key := range keys {
		w.seen[key] = &quantize.Observed{}
	}
	call, err := s.Prepare([]string{names.ServingImages}, tensors, nil)
	if err != nil {
		return err
	}
	for _, take := range []func(*quantize.Observed, []float32, int){(*quantize.Observed).Extremes, (*quantize.Observed).Count} {
		for batch, err := range w.store.Sequence(ctx, w.train, observeBatch, nil) {
			if err != nil {
				return err
			}
			values, err := call.Run(network.PixelsOf(batch.Pixels, w.model.Spec.Input.Size))
			if err != nil {
				return err
			}
			for i, v := range values {
				data, err := session.Data[float32](v)
				if err != nil {
					return err
				}
				shape := v.Shape()
				take(w.seen[keys[i]], data, int(shape[len(shape)-1]))
			}
		}
	}
	return nil
}

// measureFloat measures the float32 network on validation.
func (w *quantizing) measureFloat(ctx context.Context) error {
	net, err := w.open(w.model, w.def)
	if err != nil {
		return err
	}
	defer func() { _ = net.folded.Close() }() // nothing is left in it
	w.float, w.before, err = w.measure(ctx, net)
	return err
}

func (w *quantizing) measure(ctx context.Context, net *graphNet) ([]float32, evaluate.Scores, error) {
	embeddings, err := evaluate.Embed(ctx, net, w.store, w.pairs.Images, nil)
	if err != nil {
		return nil, evaluate.Scores{}, err
	}
	outcome, err := evaluate.Measure(net, embeddings, w.pairs)
	if err != nil {
		return nil, evaluate.Scores{}, err
	}
	scores, err := outcome.Scores(distance.Rule{})
	return embeddings, scores, err
}

// choose returns the best of the methods, with as many layers int8 as validation allows.
func (w *quantizing) choose(ctx context.Context) (*quantized, error) {
	var best *quantized
	for _, method := range quantize.Methods {
		q, err := w.try(ctx, method, w.Int8.KeepFloat)
		if err != nil {
			best.close()
			return nil, err
		}
		if best == nil || q.about.Cosine > best.about.Cosine {
			best, q = q, best
		}
		q.close()
	}
	if _, drop := w.drop(best); drop <= w.Int8.MaxDrop {
		return best, nil
	}
	defer best.close()
	return w.fallBack(ctx, quantize.Method(best.about.Method), best)
}

// fallBack leaves the worst layers float32, more and more of them, until validation allows the rest.
func (w *quantizing) fallBack(ctx context.Context, method quantize.Method, whole *quantized) (*quantized, error) {
	worst, err := w.worst(ctx, method)
	if err != nil {
		return nil, err
	}
	for n := 1; n <= len(worst)/2; n *= 2 {
		q, err := w.try(ctx, method, append(slices.Clone(w.Int8.KeepFloat), worst[:n]...))
		if err != nil {
			return nil, err
		}
		if _, drop := w.drop(q); drop <= w.Int8.MaxDrop {
			return q, nil
		}
		q.close()
	}
	metric, _ := w.drop(whole)
	return nil, &DropError{Metric: metric, Before: w.before.Metrics[metric], After: whole.scores.Metrics[metric],
		MaxDrop: w.Int8.MaxDrop, Worst: worst[:min(5, len(worst))]}
}

// worst returns the layers by how far the embeddings move where they alone are int8, the farthest first.
func (w *quantizing) worst(ctx context.Context, method quantize.Method) ([]string, error) {
	cosines := map[string]float64{}
	for _, l := range w.layers {
		if slices.Contains(w.Int8.KeepFloat, l.Name) {
			continue
		}
		others := slices.DeleteFunc(w.names(), func(name string) bool { return name == l.Name })
		q, err := w.try(ctx, method, others)
		if errors.Is(err, quantize.ErrNothing) {
			continue
		}
		if err != nil {
			return nil, err
		}
		cosines[l.Name] = q.about.Cosine
		q.close()
	}
	var list []string
	for _, l := range w.layers {
		if _, ok := cosines[l.Name]; ok {
			list = append(list, l.Name)
		}
	}
	slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(cosines[a], cosines[b]) })
	return list, nil
}

// drop returns which metric lost most, and how many points.
func (w *quantizing) drop(q *quantized) (metric string, points float64) {
	points = math.Inf(-1)
	for _, name := range []string{"accuracy", "auc"} {
		if d := 100 * (w.before.Metrics[name] - q.scores.Metrics[name]); d > points {
			metric, points = name, d
		}
	}
	return metric, points
}

// try makes all layers int8 but those that stay, and measures.
func (w *quantizing) try(ctx context.Context, method quantize.Method, float []string) (*quantized, error) {
	plan := quantize.Plan{Ranges: w.ranges[method], Float: float}
	g, err := graphdef.Decode(w.def)
	if err != nil {
		return nil, err
	}
	outputs := []string{names.ServingEmbedding, names.CompareSame}
	if w.probable {
		outputs = append(outputs, names.CompareProbability)
	}
	q := &quantized{about: models.Quantized{Precision: "int8", Method: string(method), Images: len(w.train)}}
	if q.about.Layers, err = plan.Rewrite(g, outputs...); err != nil {
		return nil, err
	}
	q.about.Float = slices.DeleteFunc(w.names(), func(name string) bool { return slices.Contains(q.about.Layers, name) })
	if q.def, err = g.Encode(outputs...); err != nil {
		return nil, err
	}
	if q.net, err = w.open(w.model, q.def); err != nil {
		return nil, err
	}
	embeddings, scores, err := w.measure(ctx, q.net)
	if err != nil {
		return nil, errors.Join(err, q.net.folded.Close())
	}
	q.scores, q.about.Cosine = scores, meanCosine(w.float, embeddings, w.model.Dim())
	q.about.Before, q.about.After = w.before.Metrics, scores.Metrics
	q.threshold = distance.Threshold{Value: scores.Threshold, Source: fmt.Sprintf("validation in int8, step %d, %d pairs", w.model.Step, scores.Pairs)}
	return q, nil
}

// meanCosine returns the mean cosine of the rows of a and b [N,D].
func meanCosine(a, b []float32, dim int) float64 {
	var sum float64
	for row := 0; row < len(a); row += dim {
		var ab, aa, bb float64
		for i := range dim {
			x, y := float64(a[row+i]), float64(b[row+i])
			ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		}
		if aa > 0 && bb > 0 {
			sum += ab / math.Sqrt(aa*bb)
		}
	}
	return sum / float64(len(a)/dim)
}
