package graphs

import (
	"math"
	"slices"
	"testing"

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
	values := map[string][]float32{}
	for _, v := range slices.Concat(m.Variables, m.Slots) {
		values[v.Key] = m.run(t, nil, v.Key+names.Read)
	}
	return values
}
