package graphs

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/graphs/backbone"
	"github.com/tfpair/tfpair/graphs/distance"
	"github.com/tfpair/tfpair/graphs/head"
	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/graphs/miner"
	"github.com/tfpair/tfpair/graphs/optimizer"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/names"
)

// small is a spec of a network that runs in a moment.
func small(t *testing.T, set ...string) *spec.Spec {
	t.Helper()
	s, err := spec.Preset("siamese")
	if err != nil {
		t.Fatal(err)
	}
	s, err = s.Set(append([]string{"input.size=12",
		"backbone={smallconv: {filters: [3, 4], dense: 5}}"}, set...)...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestOwnLacks: a part of one's own that lacks something is refused in words.
func TestOwnLacks(t *testing.T) {
	makes := func(l loss.Loss) map[string]loss.Row {
		return map[string]loss.Row{"mine": {New: func(loss.Options) (loss.Loss, error) { return l, nil }}}
	}
	build := func(*op.Scope, *variable.Set, loss.In) (values, valid tf.Output) { return }
	for _, c := range []struct {
		own  Own
		want string
	}{
		{Own{Losses: map[string]loss.Row{"mine": {}}}, `loss "mine" of your own has no New: want the function that makes it of its options`},
		{Own{Losses: map[string]loss.Row{"": {}}}, `a loss of your own has no name`},
		{Own{Losses: makes(loss.Loss{Needs: loss.Pairs})}, `loss "mine": its New returns no Build`},
		{Own{Losses: makes(loss.Loss{Build: build})}, `loss "mine": its Needs is "", want what it reads of a batch: one of ["pairs" "triplets" "classes" "targets"]`},
	} {
		if _, err := c.own.Resolve(small(t, "loss=mine")); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want it to say %q", err, c.want)
		}
	}
}

func mustResolve(t *testing.T, s *spec.Spec) *Parts {
	t.Helper()
	p, err := Resolve(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustBuild(t *testing.T, s *spec.Spec) *Graph {
	t.Helper()
	g, err := Build(mustResolve(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// machine is a graph in a session, its variables at their start for seed 1.
type machine struct {
	*Graph
	session *tf.Session
}

func open(t *testing.T, g *Graph) machine {
	t.Helper()
	m := machine{g, newSession(t, g.TF)}
	feeds := map[string]any{}
	for _, v := range append(slices.Clone(g.Variables), g.Slots...) {
		x, err := tf.NewTensor(v.Start(1))
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Reshape(v.Shape); err != nil {
			t.Fatal(err)
		}
		feeds[v.Key+names.Value] = x
	}
	m.run(t, feeds, names.Assign)
	return m
}

// run feeds values by name and returns the first output of fetch, flat; a target has none.
func (m machine) run(t *testing.T, values map[string]any, fetch string) []float32 {
	t.Helper()
	feeds := map[tf.Output]*tf.Tensor{}
	for name, value := range values {
		x, ok := value.(*tf.Tensor)
		if !ok {
			var err error
			if x, err = tf.NewTensor(value); err != nil {
				t.Fatal(err)
			}
		}
		feeds[m.TF.Operation(name).Output(0)] = x
	}
	what := m.TF.Operation(fetch)
	if what.NumOutputs() == 0 {
		if _, err := m.session.Run(feeds, nil, []*tf.Operation{what}); err != nil {
			t.Fatal(err)
		}
		return nil
	}
	results, err := m.session.Run(feeds, []tf.Output{what.Output(0)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := int64(1)
	for _, d := range results[0].Shape() {
		n *= d
	}
	if err := results[0].Reshape([]int64{n}); err != nil {
		t.Fatal(err)
	}
	return results[0].Value().([]float32)
}

// pictures returns n random images [n,12,12,3].
func pictures(seed uint64, n int) [][][][]uint8 {
	r := rand.New(rand.NewPCG(seed, 0))
	images := make([][][][]uint8, n)
	for i := range images {
		images[i] = make([][][]uint8, 12)
		for y := range images[i] {
			images[i][y] = make([][]uint8, 12)
			for x := range images[i][y] {
				images[i][y][x] = []uint8{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256))}
			}
		}
	}
	return images
}

// TestOneTower: left and right are rows of one tower. There is one convolution per
// layer and one set of variables; an image compared with itself is at distance 0,
// swapped sides are as far apart, and what a pair is called does not depend on the
// images beside it.
func TestOneTower(t *testing.T) {
	m := open(t, mustBuild(t, small(t)))
	count := 0
	for _, o := range m.TF.Operations() {
		if o.Type() == "Conv2D" {
			count++
		}
	}
	if count != 2 { // filters: [3, 4]
		t.Errorf("graph has %d convolutions, want one for each of two layers", count)
	}
	images := pictures(3, 4)
	all := m.run(t, map[string]any{names.Images: images, names.Left: []int32{0, 1, 0, 2},
		names.Right: []int32{1, 0, 0, 3}}, names.Distance)
	if all[0] != all[1] || all[0] < 1e-3 {
		t.Errorf("distance of (0,1) = %v, of (1,0) = %v; want equal ones above 0", all[0], all[1])
	}
	if all[2] > 1e-3 { // euclidean is clamped under its root
		t.Errorf("distance of an image to itself = %v, want 0", all[2])
	}
	alone := m.run(t, map[string]any{names.Images: images[2:], names.Left: []int32{0},
		names.Right: []int32{1}}, names.Distance)
	if math.Abs(float64(alone[0]-all[3])) > 1e-6*float64(all[3]) {
		t.Errorf("distance of two images alone = %v, beside others %v", alone[0], all[3])
	}
}

// TestPairsShareGradients: the loss of a pair listed twice is that of the pair, and
// so is the step it makes.
func TestPairsShareGradients(t *testing.T) {
	g := mustBuild(t, small(t, "optimizer={sgd: {lr: 1}}"))
	images := pictures(4, 2)
	var after [][]float32
	for _, pairs := range [][]int32{{0}, {0, 0, 0}} {
		m := open(t, g)
		right, same := make([]int32, len(pairs)), make([]float32, len(pairs))
		for i := range pairs {
			right[i], same[i] = 1, 1
		}
		feeds := map[string]any{names.Images: images, names.Left: pairs, names.Right: right,
			names.Same: same, names.LearningRate: float32(0.1), names.Step: float32(0)}
		m.run(t, feeds, names.Train)
		after = append(after, m.run(t, map[string]any{names.Images: images}, names.Embedding))
	}
	for i, x := range after[0] {
		if math.Abs(float64(x-after[1][i])) > 1e-5*math.Max(1, math.Abs(float64(x))) {
			t.Errorf("embedding %d after a step on a pair = %v, on it thrice %v", i, x, after[1][i])
		}
	}
}

// TestActive: the share of the triplets that cost something.
func TestActive(t *testing.T) {
	s := small(t, "topology=triplet", "distance=sqeuclidean", "loss.triplet.margin=1e-6")
	m := open(t, mustBuild(t, s))
	// Pair 0 is an image with itself, at distance 0; pair 1 is two images.
	for _, c := range []struct {
		positive, negative []int32
		want               float32
	}{
		{[]int32{0}, []int32{1}, 0},
		{[]int32{1}, []int32{0}, 1},
		{[]int32{0, 1, 1, 0}, []int32{1, 0, 0, 1}, 0.5},
		{nil, nil, 0},
	} {
		got := m.run(t, map[string]any{names.Images: pictures(3, 2), names.Left: []int32{0, 0},
			names.Right: []int32{0, 1}, names.Anchor: make([]int32, len(c.positive)),
			names.Positive: empty(c.positive), names.Negative: empty(c.negative)}, names.Active)[0]
		if got != c.want {
			t.Errorf("positive pairs %v, negative pairs %v: active = %v, want %v",
				c.positive, c.negative, got, c.want)
		}
	}
}

// empty returns x, not nil.
func empty(x []int32) []int32 { return append([]int32{}, x...) }

// TestSameNames: two builds in one process name every operation alike.
func TestSameNames(t *testing.T) {
	var before []string
	for range 2 {
		var list []string
		g := mustBuild(t, small(t, "optimizer.adam={clip_norm: 1, weight_decay: 0.1}"))
		for _, o := range g.TF.Operations() {
			list = append(list, o.Name()+" "+o.Type())
		}
		if diff := cmp.Diff(before, list); before != nil && diff != "" {
			t.Errorf("second build differs (-first +second):\n%s", diff)
		}
		before = list
	}
}

// TestStoredNames: every operation that runner looks for is there.
func TestStoredNames(t *testing.T) {
	g := mustBuild(t, small(t))
	for _, name := range []string{names.Images, names.Left, names.Right, names.Same,
		names.LearningRate, names.Step, names.Embedding, names.Distance, names.Probability,
		names.Loss, names.Train, names.Assign, "backbone/conv1/kernel" + names.Read,
		"backbone/dense/bias" + names.Value, "loss/probability/kernel" + names.Read,
		"optimizer/adam_m/backbone/conv1/kernel" + names.Read} {
		if g.TF.Operation(name) == nil {
			t.Errorf("graph has no operation %q", name)
		}
	}
	if !g.Probable || g.EmbeddingDim != 5 {
		t.Errorf("Probable, EmbeddingDim = %v, %d; want true, 5", g.Probable, g.EmbeddingDim)
	}
	g = mustBuild(t, small(t, "loss=contrastive"))
	if g.Probable || g.TF.Operation(names.Probability) != nil {
		t.Error("a contrastive graph has a probability")
	}
}

// TestEveryRow: each row of each table builds and makes a finite step, beside the
// defaults of the others.
func TestEveryRow(t *testing.T) {
	for key, list := range map[string][]string{"head": head.Table.Names(),
		"distance": distance.Table.Names(), "miner": miner.Table.Names(),
		"optimizer": optimizer.Table.Names(), "schedule": optimizer.Schedules.Names()} {
		for _, name := range list {
			t.Run(key+"="+name, func(t *testing.T) {
				set := []string{key + "=" + name}
				if name == "whiten" { // at most the 5 features
					set = []string{"head.whiten.embedding_dim=2"}
				}
				if key == "miner" {
					set = append(set, "topology=triplet", "loss=triplet", "distance=cosine")
				}
				mustLearn(t, small(t, set...))
			})
		}
	}
}

// TestEveryTopology: so does each loss under each topology that has what it needs,
// which is one at least.
func TestEveryTopology(t *testing.T) {
	fits := map[string]bool{}
	for _, topology := range Topologies.Names() {
		for _, name := range loss.Table.Names() {
			s := small(t, "topology="+topology, "loss="+name)
			parts, err := Resolve(s)
			if err != nil {
				continue // another test reads the message
			}
			if parts.Loss.PerClass {
				s = small(t, "topology="+topology, "loss."+name+".classes=2")
			}
			fits[topology], fits[name] = true, true
			t.Run(topology+","+name, func(t *testing.T) { mustLearn(t, s) })
		}
	}
	for _, name := range append(Topologies.Names(), loss.Table.Names()...) {
		if !fits[name] {
			t.Errorf("%q fits nothing", name)
		}
	}
}

// mustLearn makes a step of the network on two pairs, or one triplet, of three images.
func mustLearn(t *testing.T, s *spec.Spec) {
	t.Helper()
	p := mustResolve(t, s)
	m := open(t, mustBuild(t, s))
	feeds := map[string]any{names.Images: pictures(5, 3), names.Left: []int32{0, 1},
		names.Right: []int32{1, 2}, names.Same: []float32{1, 0},
		names.Anchor: []int32{1}, names.Positive: []int32{0}, names.Negative: []int32{1},
		names.Labels: []int32{0, 0, 1},
		names.Photos: []int32{0, 1}, names.LabelImages: []int32{2, 0}, names.Targets: []int32{0, 1},
		names.LearningRate: float32(0.01), names.Step: float32(0)}
	if p.Spec.Target.Side == spec.FrozenTargets { // three photos
		feeds[names.Targets] = []int32{0, 1, 0}
		feeds[names.References] = [][]float32{{1, 2, 3, 4, 5}, {5, 4, 3, 2, 1}}
	}
	for name := range feeds {
		if m.TF.Operation(name) == nil {
			delete(feeds, name)
		}
	}
	m.run(t, feeds, names.Train)
	if l := float64(m.run(t, feeds, names.Loss)[0]); !(l >= 0) || math.IsInf(l, 0) {
		t.Errorf("loss after a step = %v", l)
	}
}

func TestResolveRefuses(t *testing.T) {
	for _, c := range []struct{ set, want string }{
		{"topology=siamse", `unknown topology "siamse" (known: `},
		{"backbone=smalconv", `unknown backbone "smalconv" (known: `},
		{"head=mlpp", `unknown head "mlpp" (known: `},
		{"distance=euclid", `unknown distance "euclid" (known: `},
		{"loss=tripplet", `unknown loss "tripplet" (known: `},
		{"optimizer=adm", `unknown optimizer "adm" (known: `},
		{"schedule=cos", `unknown schedule "cos" (known: `},
		{"input.size=9", `input.size must be at least 10 for backbone "smallconv", got 9`},
		{"head.linear.embedding_dim=0", `head "linear": embedding_dim must be positive, got 0`},
	} {
		s := small(t)
		s, err := s.Set(c.set)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Resolve(s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("--set %s: %v, want %q", c.set, err, c.want)
		}
	}
}

// TestObjectiveVariables: what a loss learns for itself is trained, and no part of
// the graph that is exported.
func TestObjectiveVariables(t *testing.T) {
	s := small(t, "loss.proxyanchor.classes=3")
	var keys []string
	for _, v := range mustBuild(t, s).Variables {
		keys = append(keys, v.Key)
	}
	if !slices.Contains(keys, "objective/proxies") {
		t.Errorf("variables %v, want objective/proxies among them", keys)
	}
	exported, err := BuildInference(mustResolve(t, s), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range exported.Variables {
		if strings.HasPrefix(v.Key, names.Objective) {
			t.Errorf("the exported graph has variable %q", v.Key)
		}
	}
	if _, err := Build(mustResolve(t, small(t, "loss=proxyanchor"))); err == nil ||
		!strings.Contains(err.Error(), "the number of classes is not known: set the option classes") {
		t.Errorf("without classes: %v", err)
	}
}

// TestBuildError: what the runtime refuses is said in one line; the stack is apart.
func TestBuildError(t *testing.T) {
	const most = math.MaxInt64
	_, err := Build(mustResolve(t, small(t, fmt.Sprintf("backbone={smallconv: {filters: [%d], dense: 5}}", most))))
	var build *BuildError
	if !errors.As(err, &build) {
		t.Fatalf("a convolution of %d filters: %v, want *BuildError", most, err)
	}
	if text := err.Error(); strings.Contains(text, "goroutine") || strings.Contains(text, "\n") ||
		build.Stack == "" {
		t.Errorf("error %q with a stack of %d bytes, want one line, and the stack apart",
			text, len(build.Stack))
	}
}

// TestParameters: program 1 has as many parameters as Keras counts.
func TestParameters(t *testing.T) {
	s, err := spec.Preset("siamese")
	if err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	for _, v := range mustBuild(t, s).Variables {
		size := int64(1)
		for _, d := range v.Shape {
			size *= d
		}
		n += size
	}
	// 3·3·3·32+32 and 3·3·32·64+64 of the convolutions, 14·14·64·128+128 of the dense
	// layer behind them (64 → 62 → 31 → 29 → 14), 1+1 on the distance.
	if want := int64(896 + 18496 + 1605760 + 2); n != want {
		t.Errorf("program 1 has %d parameters, want %d", n, want)
	}
	if _, ok := backbone.Table.Rows[s.Backbone.Name]; !ok {
		t.Errorf("program 1 names backbone %q, which is none", s.Backbone.Name)
	}
}
