package graphs

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/internal/names"
)

// modal is a network whose batch norm makes training and inference two networks.
func modal(t *testing.T, set ...string) machine {
	t.Helper()
	set = append([]string{"input.size=16", "backbone={conv4: {filters: 5}}", "loss=contrastive",
		"distance=cosine"}, set...) // Euclidean distance does not change with the last beta
	return open(t, mustBuild(t, small(t, set...)))
}

// squares returns n random images [n,16,16,3].
func squares(n int) [][][][]uint8 {
	images := pictures(6, n)
	for i := range images {
		for y := range images[i] {
			images[i][y] = append(images[i][y], images[i][y][:4]...)
		}
		images[i] = append(images[i], images[i][:4]...)
	}
	return images
}

// TestModes: a network with batch norm is there twice over one set of variables. In
// inference an image does not depend on those beside it, in training it does; a step
// moves what the network trains and what it averages, an embedding moves nothing.
func TestModes(t *testing.T) {
	m := modal(t)
	convolutions := 0
	for _, o := range m.TF.Operations() {
		if o.Type() == "Conv2D" {
			convolutions++
		}
	}
	if convolutions != 2*4 {
		t.Errorf("graph has %d convolutions, want four for each mode", convolutions)
	}
	if v := m.Variables; len(v) != 4*5 { // kernel, gamma, beta and the two averages
		t.Errorf("graph has %d variables, want 20", len(v))
	}
	if len(m.Slots) != 2*4*3 { // Adam's, of what is trained
		t.Errorf("graph has %d slots, want 24", len(m.Slots))
	}
	images := squares(4)
	feeds := map[string]any{names.Images: images, names.Left: []int32{0, 2}, names.Right: []int32{1, 3},
		names.Same: []float32{1, 0}, names.LearningRate: float32(0.01), names.Step: float32(0)}
	all := m.run(t, map[string]any{names.Images: images}, names.Embedding)
	alone := m.run(t, map[string]any{names.Images: images[3:]}, names.Embedding)
	for i, x := range alone {
		if math.Abs(float64(x-all[3*len(alone)+i])) > 1e-6 {
			t.Fatalf("embedding element %d alone = %v, beside others %v", i, x, all[3*len(alone)+i])
		}
	}
	d := m.run(t, feeds, names.Distance)
	inference := (d[0]*d[0] + float32(math.Pow(math.Max(0, 1-float64(d[1])), 2))) / 2
	if got := m.run(t, feeds, names.Loss)[0]; math.Abs(float64(got-inference)) < 1e-4 {
		t.Errorf("loss = %v, that of the embeddings of inference", got)
	}
	before := m.values(t)
	m.run(t, feeds, names.Loss)
	if !cmp.Equal(before, m.values(t)) {
		t.Error("computing the loss moved a variable")
	}
	m.run(t, feeds, names.Train)
	for key, value := range m.values(t) {
		if cmp.Equal(before[key], value) {
			t.Errorf("a step did not move %s", key)
		}
	}
}

// values returns all variables by key.
func (m machine) values(t *testing.T) map[string][]float32 {
	t.Helper()
	state := slices.Concat(m.Variables, m.Slots)
	var fetches []tf.Output
	for _, v := range state {
		fetches = append(fetches, v.Read)
	}
	results, err := m.session.Run(nil, fetches, nil)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]float32{}
	for i, v := range state {
		x := results[i]
		if err := x.Reshape([]int64{int64(len(v.Start(0)))}); err != nil {
			t.Fatal(err)
		}
		values[v.Key] = x.Value().([]float32)
	}
	return values
}

// TestAverage: with train.ema the model is the moving average of what is trained,
// batch norm's statistics included; both start alike, and an embedding is the average's.
func TestAverage(t *testing.T) {
	const ema = 0.6 // reached after 8.5 steps: (1+t)/(10+t)
	m := modal(t, fmt.Sprintf("train.ema=%g", ema))
	if len(m.Variables) != 20 || len(m.Slots) != 24+20 {
		t.Fatalf("graph has %d variables and %d slots, want 20 and 44", len(m.Variables), len(m.Slots))
	}
	images := squares(4)
	feeds := map[string]any{names.Images: images, names.Left: []int32{0, 2}, names.Right: []int32{1, 3},
		names.Same: []float32{1, 0}, names.LearningRate: float32(0.01)}
	before := m.values(t)
	for _, v := range m.Variables {
		if !cmp.Equal(before[v.Key], before["live/"+v.Key]) {
			t.Errorf("%s and its twin start apart", v.Key)
		}
	}
	for step := range 12 {
		feeds[names.Step] = float32(step)
		m.run(t, feeds, names.Train)
		after := m.values(t)
		kept := math.Min(ema, float64(1+step)/float64(10+step))
		for _, v := range m.Variables {
			for i, x := range after[v.Key] {
				want := kept*float64(before[v.Key][i]) + (1-kept)*float64(after["live/"+v.Key][i])
				if math.Abs(float64(x)-want) > 1e-6*math.Max(1, math.Abs(want)) {
					t.Fatalf("step %d: %s, element %d = %v, want %v", step, v.Key, i, x, want)
				}
			}
		}
		before = after
	}
	// The same values in a network that averages nothing embed alike.
	plain := modal(t)
	start := map[string]any{}
	for _, v := range append(slices.Clone(plain.Variables), plain.Slots...) {
		values, ok := before[v.Key]
		if !ok {
			values = v.Start(0)
		}
		start[v.Key+names.Value] = tensorOf(t, values, v.Shape)
	}
	plain.run(t, start, names.Assign)
	all := map[string]any{names.Images: images}
	if diff := cmp.Diff(plain.run(t, all, names.Embedding), m.run(t, all, names.Embedding)); diff != "" {
		t.Errorf("embeddings differ (-plain +average):\n%.300s", diff)
	}
}

func tensorOf[T uint8 | float32](t *testing.T, values []T, shape []int64) *tf.Tensor {
	t.Helper()
	x, err := tf.NewTensor(values)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Reshape(shape); err != nil {
		t.Fatal(err)
	}
	return x
}

// TestAverageOfOneMode: a network without modes is averaged as well, log-odds
// included, and what a loss keeps for itself is not.
func TestAverageOfOneMode(t *testing.T) {
	m := open(t, mustBuild(t, small(t, "train.ema=0.9")))
	if len(m.Variables) != 8 { // program 1 and its log-odds
		t.Errorf("graph has %d variables, want 8", len(m.Variables))
	}
	g := mustBuild(t, small(t, "train.ema=0.9", "loss.proxyanchor.classes=3"))
	for _, v := range g.Variables {
		if strings.HasPrefix(v.Key, names.Objective) {
			t.Errorf("the average of %s is part of the model", v.Key)
		}
	}
}

// TestFrozenLearns: what is frozen stays; the rest moves, at its own pace.
func TestFrozenLearns(t *testing.T) {
	s := small(t, "input.size=32", "backbone={efficientnet-lite0: {freeze: stage7}}",
		"head={linear: {embedding_dim: 3}}", "loss=contrastive", "distance=sqeuclidean",
		"optimizer={sgd: {lr: 1, backbone_lr: 1e-3}}")
	m := open(t, mustBuild(t, s))
	before := m.values(t)
	images := large(4)
	m.run(t, map[string]any{names.Images: images, names.Left: []int32{0, 2}, names.Right: []int32{1, 3},
		names.Same: []float32{1, 0}, names.LearningRate: float32(1), names.Step: float32(0)}, names.Train)
	after := m.values(t)
	most := map[string]float64{} // by the largest change
	for key, x := range after {
		for i := range x {
			most[key] = math.Max(most[key], math.Abs(float64(x[i]-before[key][i])))
		}
		if part := strings.TrimPrefix(key, "backbone/"); part != key && most[key] != 0 &&
			!strings.HasPrefix(part, "head_") && !strings.HasPrefix(part, "block15/") {
			t.Errorf("%s moved by %g", key, most[key])
		}
	}
	// Gradients of both are alike in size: a thousandth of the rate is far less.
	tower, head := most["backbone/head_conv/kernel"], most["head/dense/kernel"]
	if !(tower > 0 && head > 0 && tower < head/10) {
		t.Errorf("the backbone moved by %g, the head by %g", tower, head)
	}
	_, err := Resolve(small(t, "input.size=32", "backbone={efficientnet-lite0: {freeze: all}}", "loss=contrastive"))
	if err == nil || !strings.Contains(err.Error(), "nothing to train") {
		t.Errorf("with all frozen: %v", err)
	}
}
