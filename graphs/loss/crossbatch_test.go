package loss

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// remembers is a loss with a memory in a session.
type remembers struct {
	*objective
	updates []*tf.Operation
}

func newRemembers(t *testing.T, l Loss) *remembers {
	t.Helper()
	root := tg.NewRoot()
	fed, in := feedObjective(root)
	o := &remembers{objective: fed}
	v := variable.NewSet(root, "")
	values, valid := l.Build(root.SubScope("loss"), v, in)
	o.value = average(root.SubScope("value"), values, valid)
	o.gradients = op.Gradients(root.SubScope("gradients"), []tf.Output{o.value},
		[]tf.Output{o.embeddings})
	o.updates = v.Updates()
	graph := o.open(t, root)
	for _, m := range v.All() {
		if m.Trained {
			t.Errorf("variable %q is trained", m.Key)
		}
		start := tensorOf(t, m.Start(1))
		if err := start.Reshape(m.Shape); err != nil {
			t.Fatal(err)
		}
		feeds := map[tf.Output]*tf.Tensor{graph.Operation(m.Key + "/value").Output(0): start}
		if _, err := o.session.Run(feeds, nil, []*tf.Operation{m.Assign}); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// step returns the loss of a batch and its gradient, and remembers the batch.
func (o *remembers) step(t *testing.T, embeddings []float32, labels []int32) (float64, []float32) {
	t.Helper()
	got, err := o.session.Run(o.feed(t, embeddings, labels), []tf.Output{o.value, o.gradients[0]}, o.updates)
	if err != nil {
		t.Fatal(err)
	}
	return float64(got[0].Value().(float32)), slices.Concat(got[1].Value().([][]float32)...)
}

// rememberOracle is supcon of a batch that is compared with itself and with others.
func rememberOracle(b, memory batch) float64 {
	var values []float64
	for i, e := range b.embeddings {
		var logits []float64
		var same []bool
		add := func(other []float64, label int32) {
			logits = append(logits, cosine(e, other)/0.1)
			same = append(same, label == b.labels[i])
		}
		for j, other := range b.embeddings {
			if i != j {
				add(other, b.labels[j])
			}
		}
		for j, other := range memory.embeddings {
			add(other, memory.labels[j])
		}
		if !slices.Contains(same, true) || !slices.Contains(same, false) {
			continue
		}
		all, sum, n := 0.0, 0.0, 0.0
		for j, l := range logits {
			all += math.Exp(l)
			if same[j] {
				sum, n = sum+l, n+1
			}
		}
		values = append(values, math.Log(all)-sum/n)
	}
	return mean(values)
}

// TestCrossBatch: over four batches the loss is that of pytorch-metric-learning and
// of a plain loop over batch and memory, and so is its gradient; images are
// forgotten, the oldest first.
func TestCrossBatch(t *testing.T) {
	g := readGolden(t)
	c := g.CrossBatch
	o := newRemembers(t, newLoss(t, "crossbatch", map[string]any{"size": c.Size, "loss": c.Loss}))
	if last := len(c.Values) - 1; last < 2 {
		t.Fatalf("%d batches are too few for a memory of %d to forget", last+1, c.Size)
	}
	var memory batch
	for i, embeddings := range c.Batches {
		b := batch{embeddings: wide(embeddings), labels: c.Labels[i]}
		value, gradient := o.step(t, embeddings, b.labels)
		if math.Abs(value-c.Values[i]) > g.Tolerance.Relative*c.Values[i] {
			t.Errorf("batch %d: loss = %v, want %v", i, value, c.Values[i])
		}
		of := func() float64 { return rememberOracle(b, memory) }
		if want := of(); math.Abs(value-want) > 1e-5*want {
			t.Errorf("batch %d: loss = %v, the loop says %v", i, value, want)
		}
		near(t, fmt.Sprintf("gradient of batch %d", i), gradient, differences(b.embeddings, of), 1e-3)
		memory.embeddings = append(memory.embeddings, b.embeddings...)
		memory.labels = append(memory.labels, b.labels...)
		if drop := len(memory.labels) - c.Size; drop > 0 {
			memory.embeddings, memory.labels = memory.embeddings[drop:], memory.labels[drop:]
		}
	}
}

// TestCrossBatchAlone: what a batch lacks the memory has, for every loss that may
// stand before one: a batch of one image costs nothing at first.
func TestCrossBatchAlone(t *testing.T) {
	for _, name := range remembering.Names() {
		o := newRemembers(t, newLoss(t, "crossbatch", map[string]any{"size": 4, "loss": name}))
		first, second := []float32{1, 0, 0, 0, 0, 0}, []float32{0, 1, 0, 0, 0, 0}
		third := []float32{0, 1, 1, 0, 0, 0}
		for i, c := range []struct {
			embedding []float32
			label     int32
		}{{first, 0}, {third, 1}, {second, 0}} {
			value, gradient := o.step(t, c.embedding, []int32{c.label})
			moves := slices.ContainsFunc(gradient, func(x float32) bool { return x != 0 })
			if i == 0 && (value != 0 || moves) {
				t.Errorf("%s: an image alone costs %v, gradient %v", name, value, gradient)
			}
			if i == 2 && (!(value > 0) || !moves) {
				t.Errorf("%s: an image far from its class in memory costs %v, gradient %v",
					name, value, gradient)
			}
		}
	}
}

func TestCrossBatchOptions(t *testing.T) {
	for _, c := range []struct {
		options any
		want    string
	}{
		{map[string]any{"size": 0}, `loss "crossbatch": size must be positive, got 0`},
		{map[string]any{"loss": "npair"},
			`unknown loss behind a memory "npair" (known: circle, infonce, multisimilarity, supcon)`},
		{map[string]any{"loss": map[string]any{"supcon": map[string]any{"temprature": 1}}},
			`unknown field "temprature" (known: temperature)`},
	} {
		choice, err := named.Choose("crossbatch", c.options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Table.New(&choice); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.options, err, c.want)
		}
	}
	choice := named.Choice{Name: "crossbatch"}
	if _, err := Table.New(&choice); err != nil {
		t.Fatal(err)
	}
	options, err := choice.Options()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Loss map[string]map[string]float64
	}
	if err := options.Decode(&got); err != nil || got.Loss["supcon"]["temperature"] != 0.1 {
		t.Errorf("options %+v, %v; want those of the inner loss filled in", got, err)
	}
}
