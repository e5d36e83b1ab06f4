package export

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/quantize"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// quantizing is a search for int8 layers that change little.
type quantizing struct {
	Config
	model    *trained.Model
	def      []byte
	probable bool
	layers   []quantize.Layer
	data     *dataset.Dataset
	store    *pipeline.Store
	train    []int32 // on which ranges are observed
	yardstick
	seen   map[string]*quantize.Observed
	plans  map[quantize.Method]quantize.Plan // of what was seen
	float  *graphNet                         // the float32 network; nil before it is measured
	before measured                          // what that answers

	networks int                 // that were measured
	bad      []pipeline.BadImage // of the user's, left out
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
	o := w.Int8.Store
	if err := o.Resize(w.model.Resize(), w.model.Spec.Target.Resize); err != nil {
		return err
	}
	if w.model.State.Decoder != "" {
		if o.JPEG, err = session.SharedJPEG(w.Session); err != nil {
			return err
		}
	}
	if err := w.part(); err != nil {
		return err
	}
	w.store = pipeline.NewStore(w.data, o)
	if err := w.leaveOut(ctx); err != nil {
		return err
	}
	if err := w.observe(ctx); err != nil {
		return err
	}
	w.plans = map[quantize.Method]quantize.Plan{}
	for _, method := range quantize.Methods {
		if w.plans[method], err = quantize.NewPlan(w.seen, method); err != nil {
			return err
		}
	}
	return w.measureFloat(ctx)
}

func (w *quantizing) close() {
	if w.float != nil {
		_ = w.float.folded.Close() // nothing is left in it
	}
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
	keys, tensors := quantize.Watched(w.layers)
	w.seen = map[string]*quantize.Observed{}
	for _, key := range keys {
		w.seen[key] = &quantize.Observed{}
	}
	call, err := s.Prepare([]string{names.ServingImages}, tensors, nil)
	if err != nil {
		return err
	}
	shown := 0 // images of both passes
	show := func(take func(o *quantize.Observed, x []float32, shape []int64)) error {
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
				take(w.seen[keys[i]], data, v.Shape())
			}
			shown += len(batch.Images)
			w.Int8.tell(observing, shown, 2*len(w.train))
		}
		return nil
	}
	if err := show((*quantize.Observed).Widen); err != nil {
		return err
	}
	quantize.Level(w.layers, w.seen)
	return show(func(o *quantize.Observed, x []float32, _ []int64) { o.Count(x) })
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
	if _, drop := w.drop(best); drop > w.Int8.MaxDrop {
		whole := best
		defer whole.close()
		var err error
		if best, err = w.fallBack(ctx, quantize.Method(whole.about.Method), whole); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(w.changes(best), w.clock(ctx, best)); err != nil {
		best.close()
		return nil, err
	}
	return best, nil
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
	return nil, &DropError{Metric: metric, Before: w.before.metrics[metric], After: whole.metrics[metric],
		MaxDrop: w.Int8.MaxDrop, Worst: worst[:min(5, len(worst))]}
}

// worst returns the layers by how far the embeddings move where they alone are int8, the farthest first.
func (w *quantizing) worst(ctx context.Context, method quantize.Method) ([]string, error) {
	cosines := map[string]float64{}
	for i, l := range w.layers {
		w.Int8.tell(layerAlone, i, len(w.layers))
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

// try makes all layers int8 but those that stay, and measures.
func (w *quantizing) try(ctx context.Context, method quantize.Method, float []string) (*quantized, error) {
	plan := w.plans[method]
	plan.Float = float
	g, err := graphdef.Decode(w.def)
	if err != nil {
		return nil, err
	}
	outputs := []string{names.ServingEmbedding, names.CompareSame}
	if w.probable {
		outputs = append(outputs, names.CompareProbability)
	}
	q := &quantized{bad: w.bad, about: models.Quantized{Precision: "int8", Method: string(method), Images: len(w.train), Held: len(w.images)}}
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
	if q.measured, err = w.measure(ctx, q.net); err != nil {
		return nil, errors.Join(err, q.net.folded.Close())
	}
	q.about.Cosine = meanCosine(w.before.embeddings, q.embeddings, w.model.Dim())
	if len(q.metrics) == 0 { // nothing says which images are the same
		q.metrics[cosine] = q.about.Cosine
	}
	q.about.Before, q.about.After, q.threshold = w.before.metrics, q.metrics, trained.NoThreshold
	q.about.BeforeIntervals, q.about.AfterIntervals = w.before.intervals, q.intervals
	if q.scores.Curve != nil {
		q.threshold = distance.Threshold{Value: q.scores.Threshold, Source: fmt.Sprintf("validation in int8, step %d, %d pairs", w.model.Step, q.scores.Pairs)}
		if q.scores.Rule != "" {
			q.threshold.Source += ": " + q.scores.Rule
			q.threshold.FalseAccepts = w.model.Spec.Train.Threshold.FalseAccepts
		}
	}
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
