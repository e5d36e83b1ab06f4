package network

import (
	"encoding/base64"
	"math"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/golden"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/pipeline"
)

// keras is testdata/golden/keras_siamese.json; the script beside it documents it.
type keras struct {
	Network struct {
		Size    int   `json:"size"`
		Filters []int `json:"filters"`
		Dense   int   `json:"dense"`
	} `json:"network"`
	Tolerance struct {
		Relative     float64  `json:"relative"`
		AbsoluteOnly []string `json:"absolute_only"`
	} `json:"tolerance"`
	Images struct {
		Shape  []int  `json:"shape"`
		Base64 string `json:"base64"`
	} `json:"images"`
	Pairs []struct {
		Left  []int32   `json:"left"`
		Right []int32   `json:"right"`
		Same  []float32 `json:"same"`
	} `json:"pairs"`
	Initial   map[string]tensor `json:"initial"`
	Cases     []goldenCase      `json:"cases"`
	Schedules []struct {
		Schedule map[string]any `json:"schedule"`
		LR       float64        `json:"lr"`
		Total    int            `json:"total"`
		At       []int          `json:"at"`
		Rates    []float64      `json:"rates"`
	} `json:"schedules"`
}

type goldenCase struct {
	Name      string         `json:"name"`
	Loss      map[string]any `json:"loss"`
	Optimizer map[string]any `json:"optimizer"`
	Steps     int            `json:"steps"`
	Losses    []float32      `json:"losses"`
	First     struct {
		Embeddings    tensor    `json:"embeddings"`
		Distances     []float32 `json:"distances"`
		Probabilities []float32 `json:"probabilities"`
	} `json:"first"`
	AfterOne state `json:"after_one"`
	AfterAll state `json:"after_all"`
}

type state struct {
	Variables map[string]tensor            `json:"variables"`
	Slots     map[string]map[string]tensor `json:"slots"`
}

type tensor struct {
	Shape  []int64   `json:"shape"`
	Values []float32 `json:"values"`
}

func readGolden(t *testing.T) keras {
	t.Helper()
	return golden.Read[keras](t, "../../testdata/golden/keras_siamese.json")
}

// key returns our key of a variable of Keras.
func key(name string) string {
	if strings.HasPrefix(name, "probability/") {
		return "loss/" + name
	}
	return "backbone/" + name
}

// specOf returns the spec of a case.
func (g keras) specOf(t *testing.T, c goldenCase) *spec.Spec {
	t.Helper()
	text, err := yaml.Marshal(map[string]any{
		"input":     map[string]any{"size": g.Network.Size},
		"backbone":  map[string]any{"smallconv": map[string]any{"filters": g.Network.Filters, "dense": g.Network.Dense}},
		"loss":      c.Loss,
		"optimizer": c.Optimizer,
		"train":     map[string]any{"steps": c.Steps},
	})
	if err != nil {
		t.Fatal(err)
	}
	preset, err := spec.Preset(spec.DefaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	s, err := spec.Parse(text, c.Name, preset)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open returns the network of a case at the golden starting values.
func (g keras) open(t *testing.T, c goldenCase) *Network {
	t.Helper()
	n := open(t, g.specOf(t, c))
	start := &checkpoint.Checkpoint{}
	for name, x := range g.Initial {
		if n.Graph.Probable || !strings.HasPrefix(name, "probability/") {
			start.Variables = append(start.Variables, checkpoint.Tensor{Name: key(name), Shape: x.Shape, Data: x.Values})
		}
	}
	for _, v := range n.Graph.Slots { // Keras' slots start at 0, as ours do
		start.Optimizer = append(start.Optimizer, checkpoint.Tensor{Name: v.Key, Shape: v.Shape, Data: v.Start(0)})
	}
	if err := n.Restore(start); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKeras: from equal weights, embeddings, distances, probabilities, losses,
// weights and slots are those of Keras within 1e-4 of each tensor's largest
// element. Keras runs the tower once per side and sums in another order. Slots
// after one step are the gradients, times a constant.
func TestKeras(t *testing.T) {
	g := readGolden(t)
	pixels, err := base64.StdEncoding.DecodeString(g.Images.Base64)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range g.Cases {
		t.Run(c.Name, func(t *testing.T) {
			n := g.open(t, c)
			embeddings, err := n.Embed(pixels)
			if err != nil {
				t.Fatal(err)
			}
			g.near(t, "embeddings", embeddings, c.First.Embeddings.Values)
			distance, probability, err := n.Compare(embeddings, g.Pairs[0].Left, g.Pairs[0].Right)
			if err != nil {
				t.Fatal(err)
			}
			g.near(t, "distances", distance, c.First.Distances)
			g.near(t, "probabilities", probability, c.First.Probabilities)
			for step := range c.Steps {
				p := g.Pairs[step]
				update, err := n.Step(&pipeline.Batch{Size: g.Network.Size, Pixels: pixels,
					Left: p.Left, Right: p.Right, Same: p.Same}, step)
				if err != nil {
					t.Fatal(err)
				}
				if want := c.Losses[step]; math.Abs(float64(update.Loss-want)) > g.Tolerance.Relative*math.Abs(float64(want)) {
					t.Errorf("loss of step %d = %v, Keras has %v", step, update.Loss, want)
				}
				if step == 0 {
					g.compare(t, "after one step", n, c, c.AfterOne)
				}
			}
			if c.Steps > 5 {
				return // the loss curve is the check of a long run
			}
			g.compare(t, "after all steps", n, c, c.AfterAll)
		})
	}
}

// compare holds all variables and slots of n against Keras'.
func (g keras) compare(t *testing.T, when string, n *Network, c goldenCase, want state) {
	t.Helper()
	got, err := n.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]float32{}
	for _, x := range append(got.Variables, got.Optimizer...) {
		values[x.Name] = x.Data
	}
	compared := 0
	check := func(name, key string, x tensor) {
		if strings.HasPrefix(name, g.Tolerance.AbsoluteOnly[0]) {
			compared++ // rounding noise that Adam scales up: see the golden file
			return
		}
		g.near(t, when+" "+key, values[key], x.Values)
		compared++
	}
	for name, x := range want.Variables {
		check(name, key(name), x)
	}
	for slot, list := range want.Slots {
		for name, x := range list {
			check(name, "optimizer/"+slot+"/"+key(name), x)
		}
	}
	if compared != len(values) {
		t.Errorf("%s %s: %d tensors compared, the network has %d", c.Name, when, compared, len(values))
	}
}

func (g keras) near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d elements, Keras has %d", what, len(got), len(want))
		return
	}
	largest := 0.0
	for _, x := range want {
		largest = max(largest, math.Abs(float64(x)))
	}
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > g.Tolerance.Relative*largest {
			t.Errorf("%s: element %d = %v, Keras has %v (largest %v)", what, i, got[i], want[i], largest)
			return
		}
	}
}

func TestKerasSchedules(t *testing.T) {
	g := readGolden(t)
	for _, c := range g.Schedules {
		s, err := spec.Preset(spec.DefaultPreset)
		if err != nil {
			t.Fatal(err)
		}
		text, err := yaml.Marshal(map[string]any{"schedule": c.Schedule,
			"optimizer": map[string]any{"adam": map[string]any{"lr": c.LR}}})
		if err != nil {
			t.Fatal(err)
		}
		if s, err = spec.Parse(text, "", s); err != nil {
			t.Fatal(err)
		}
		s.Train.Steps = c.Total
		parts, err := graphs.Resolve(s)
		if err != nil {
			t.Fatal(err)
		}
		for i, step := range c.At {
			got, want := float64(parts.LearningRate(step)), c.Rates[i]
			if math.Abs(got-want) > 1e-6*c.LR { // both compute in float32 somewhere
				t.Errorf("%v: rate at step %d of %d = %v, Keras has %v", c.Schedule, step, c.Total, got, want)
			}
		}
	}
}
