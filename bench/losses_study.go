package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/internal/venv"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/sampler"
	"github.com/tfpair/tfpair/runner/metric"
	"github.com/tfpair/tfpair/runner/network"
)

// photosPerClass is how many photos of a class take part, at most.
const photosPerClass = 16

// lossStudy is the features of photos, made when they are first asked for.
type lossStudy struct {
	options
	features []float32 // [N,F]; nil: not made yet
	labels   []int32   // [N]
	classes  int
	length   int // F
}

// part is photos of some classes.
type part struct {
	rows   []int32
	labels []int32 // of all photos: the class counted among those of the part, -1 of others
	n      int     // classes
}

// open makes the features, by an exported model of the weights alone.
func (l *lossStudy) open(ctx context.Context) (err error) {
	if l.features != nil {
		return nil
	}
	folder, err := os.MkdirTemp("", "tfpair-losses-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	exported := filepath.Join(folder, "model")
	cmd := exec.CommandContext(ctx, l.tfpair, "export", "--weights", "efficientnet-lite0", "--out", exported)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("tfpair export: %w\n%s", err, venv.Tail(string(out)))
	}
	m, err := models.Load(exported)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	d, err := dataset.Open(dataset.Options{Data: filepath.Join(l.grocery(), "train")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return l.embed(ctx, m, d)
}

// embed makes the features of the first photos of each class.
func (l *lossStudy) embed(ctx context.Context, m *models.Model, d *dataset.Dataset) (err error) {
	s, err := lossSpec()
	if err != nil {
		return err
	}
	o := pipeline.StoreOptions{MaxDisk: -1}
	if err := o.Resize(network.Resize(s), ""); err != nil {
		return err
	}
	store := pipeline.NewStore(d, o)
	defer func() { err = errors.Join(err, store.Close()) }()
	var images []int32
	of := make([]int, len(d.Classes))
	for i, image := range d.Images {
		if c := image.Class; c >= 0 && of[c] < photosPerClass {
			of[c]++
			images, l.labels = append(images, int32(i)), append(l.labels, c)
		}
	}
	var features []float32
	for b, err := range store.Sequence(ctx, images, 32, nil) {
		if err != nil {
			return err
		}
		rows, err := m.EmbedPixels(ctx, b.Pixels)
		if err != nil {
			return err
		}
		features = append(features, rows...)
	}
	l.features, l.classes, l.length = features, len(d.Classes), m.Dim()
	return nil
}

// parts returns the classes of a seed that are trained on, that choose settings, and that are the test.
func (l *lossStudy) parts(seed int) (train, choose, test part) {
	order := rand.New(rand.NewPCG(uint64(seed), 0)).Perm(l.classes)
	fifth := l.classes / 5
	return l.of(order[2*fifth:]), l.of(order[:fifth]), l.of(order[fifth : 2*fifth])
}

func (l *lossStudy) of(classes []int) part {
	p := part{labels: make([]int32, len(l.labels)), n: len(classes)}
	for i, class := range l.labels {
		at := slices.Index(classes, int(class))
		if p.labels[i] = int32(at); at >= 0 {
			p.rows = append(p.rows, int32(i))
		}
	}
	return p
}

// and returns p and q together.
func (l *lossStudy) and(p, q part) part {
	both := part{rows: slices.Concat(p.rows, q.rows), labels: slices.Clone(p.labels), n: p.n + q.n}
	for _, i := range q.rows {
		both.labels[i] = q.labels[i] + int32(p.n)
	}
	slices.Sort(both.rows)
	return both
}

// gathered returns the features of rows.
func (l *lossStudy) gathered(rows []int32) []float32 {
	all := make([]float32, 0, len(rows)*l.length)
	for _, i := range rows {
		all = append(all, l.features[int(i)*l.length:][:l.length]...)
	}
	return all
}

// compare chooses settings of c for each seed, and measures them on classes that neither trained nor chose.
func (l *lossStudy) compare(ctx context.Context, c contender) ([]result, error) {
	if err := l.open(ctx); err != nil {
		return nil, err
	}
	best := make([]result, l.seeds)
	for _, setting := range c.grid() {
		if err := l.try(ctx, c, setting, best); err != nil {
			return nil, fmt.Errorf("%v: %w", setting, err)
		}
	}
	for seed := range best {
		b := &best[seed]
		train, choose, test := l.parts(seed)
		err := withNetwork(slices.Concat(c.settings, b.Setting), train.n+choose.n, func(n *network.Network) (err error) {
			b.searched, err = l.trained(ctx, n, l.and(train, choose), test, seed)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return best, nil
}

// try trains with a setting of c for each seed, and keeps it where it is the best so far.
func (l *lossStudy) try(ctx context.Context, c contender, setting []string, best []result) error {
	train, _, _ := l.parts(0) // all seeds have so many classes
	return withNetwork(slices.Concat(c.settings, setting), train.n, func(n *network.Network) error {
		for seed := range best {
			train, choose, _ := l.parts(seed)
			x, err := l.trained(ctx, n, train, choose, seed)
			if err != nil {
				return err
			}
			if best[seed].Setting == nil || x.MAPR > best[seed].Tuned {
				best[seed].Tuned, best[seed].Setting = x.MAPR, setting
			}
		}
		return nil
	})
}

// untrained measures the features themselves on the test classes of each seed.
func (l *lossStudy) untrained(ctx context.Context) ([]searched, error) {
	if err := l.open(ctx); err != nil {
		return nil, err
	}
	list := make([]searched, l.seeds)
	by, err := distance.ByName("cosine") // as lossSettings have it
	if err != nil {
		return nil, err
	}
	for seed := range list {
		_, _, test := l.parts(seed)
		if list[seed], err = measureSearch(l.gathered(test.rows), test, by); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// lossSpec returns what losses have in common, with settings.
func lossSpec(settings ...string) (*spec.Spec, error) {
	s, err := spec.Preset(spec.DefaultPreset)
	if err != nil {
		return nil, err
	}
	return s.Set(slices.Concat(lossSettings, settings)...)
}

// withNetwork calls do with a network of settings, for so many classes where the loss learns a vector for each.
func withNetwork(settings []string, classes int, do func(*network.Network) error) (err error) {
	s, err := lossSpec(settings...)
	if err != nil {
		return err
	}
	parts, err := graphs.Resolve(s)
	if err != nil {
		return err
	}
	if parts.Loss.PerClass {
		if parts, err = parts.WithClasses(classes); err != nil {
			return err
		}
	}
	n, err := network.Open(parts, network.Own{}, session.Options{})
	if err != nil {
		return err
	}
	return errors.Join(do(n), n.Close())
}

// trained trains a head from its start on one part, and measures it on another.
func (l *lossStudy) trained(ctx context.Context, n *network.Network, train, test part, seed int) (x searched, err error) {
	if err := n.Start(uint64(seed)); err != nil {
		return x, err
	}
	if err := l.steps(ctx, n, train, seed); err != nil {
		return x, err
	}
	rows, err := n.EmbedFeatures(l.gathered(test.rows))
	if err != nil {
		return x, err
	}
	return measureSearch(rows, test, n.Distance())
}

// steps makes the steps of a training.
func (l *lossStudy) steps(ctx context.Context, n *network.Network, train part, seed int) error {
	parts := n.Parts
	maker, err := sampler.Table.New(&parts.Spec.Sampler)
	if err != nil {
		return err
	}
	plans, err := maker.New(sampler.Source{Part: dataset.Part{Images: train.rows}, Labels: train.labels,
		BatchSize: parts.Spec.Train.BatchSize, Tuples: sampler.Tuples(parts.Tuples()), Seed: uint64(seed)})
	if err != nil {
		return err
	}
	for step := range parts.Spec.Train.Steps {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := n.Step(l.batch(plans.Plan(step), train), step); err != nil {
			return err
		}
	}
	return nil
}

// batch is a plan with features.
func (l *lossStudy) batch(p sampler.Plan, of part) *pipeline.Batch {
	b := &pipeline.Batch{Images: p.Images, Features: l.gathered(p.Images), Left: p.Left, Right: p.Right,
		Anchor: p.Anchor, Positive: p.Positive, Negative: p.Negative}
	for _, i := range p.Images {
		b.Labels = append(b.Labels, of.labels[i])
	}
	for _, same := range p.Same {
		if b.Same = append(b.Same, 0); same {
			b.Same[len(b.Same)-1] = 1
		}
	}
	return b
}

// measureSearch searches each photo of a part among the others.
func measureSearch(rows []float32, of part, by distance.Distance) (x searched, err error) {
	var metrics []metric.QueryMetric
	for _, name := range []string{"map@r", "recall@1"} {
		m, err := metric.Queries.New(&named.Choice{Name: name})
		if err != nil {
			return x, err
		}
		metrics = append(metrics, m)
	}
	labels := make([]int32, len(of.rows))
	for i, row := range of.rows {
		labels[i] = of.labels[row]
	}
	r, err := metric.NearestOther(metric.Set{Embeddings: rows, Labels: labels, Dim: len(rows) / len(labels)}, by, metrics)
	if err != nil {
		return x, err
	}
	return searched{MAPR: mean(r.Values[0]), Recall1: mean(r.Values[1])}, nil
}
