package optimizer

import (
	"math"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/names"
)

// problem is a function of two variables x [2] and y [1] to make small, as a graph.
type problem struct {
	session *tf.Session
	feeds   map[string]tf.Output
	update  []*tf.Operation
	loss    tf.Output
	state   []variable.Variable // x, y, slots
}

// function is of x [2] and y [1], to [].
type function func(s *op.Scope, x, y tf.Output) tf.Output

// newProblem builds f with one update of o.
func newProblem(t *testing.T, o Optimizer, f function) *problem {
	t.Helper()
	return newPacedProblem(t, o, f, 1)
}

// newPacedProblem is newProblem with the pace of x.
func newPacedProblem(t *testing.T, o Optimizer, f function, pace float32) *problem {
	t.Helper()
	root := tg.NewRoot()
	variables, slots := variable.NewSet(root, ""), variable.NewSet(root, "optimizer")
	x := variables.Paced(pace).Create("x", []int64{2}, variable.Zeros)
	y := variables.Create("y", []int64{1}, variable.Zeros)
	p := &problem{feeds: map[string]tf.Output{}}
	for _, name := range []string{names.LearningRate, names.Step} {
		p.feeds[name] = scalar(root.SubScope(name))
	}
	p.loss = f(root.SubScope("loss"), x.Read, y.Read)
	s := root.SubScope("optimizer")
	p.update = o.Update(s, variables.All(), Gradients(s, p.loss, variables.All()), slots,
		Feeds{p.feeds[names.LearningRate], p.feeds[names.Step]})
	p.state = append(variables.All(), slots.All()...)
	graph, err := root.Finalize()
	if err != nil {
		t.Fatal(err)
	}
	if p.session, err = tf.NewSession(graph, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.session.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, v := range p.state {
		p.feeds[v.Key] = graph.Operation(v.Key + names.Value).Output(0)
	}
	return p
}

// scalar adds a placeholder: [] float32.
func scalar(s *op.Scope) tf.Output {
	return op.Placeholder(s, tf.Float, op.PlaceholderShape(tf.ScalarShape()))
}

func (p *problem) set(t *testing.T, values [][]float32) {
	t.Helper()
	for i, v := range p.state {
		x, err := tf.NewTensor(values[i])
		if err != nil {
			t.Fatal(err)
		}
		feeds := map[tf.Output]*tf.Tensor{p.feeds[v.Key]: x}
		if _, err := p.session.Run(feeds, nil, []*tf.Operation{v.Assign}); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *problem) get(t *testing.T) [][]float32 {
	t.Helper()
	var fetches []tf.Output
	for _, v := range p.state {
		fetches = append(fetches, v.Read)
	}
	results, err := p.session.Run(nil, fetches, nil)
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]float32, len(results))
	for i, r := range results {
		values[i] = append([]float32{}, r.Value().([]float32)...)
	}
	return values
}

func (p *problem) start(t *testing.T, x, y []float32) {
	t.Helper()
	values := [][]float32{x, y}
	for _, v := range p.state[2:] {
		values = append(values, v.Start(0))
	}
	p.set(t, values)
}

func (p *problem) step(t *testing.T, step int, rate float32) {
	t.Helper()
	r, err := tf.NewTensor(rate)
	if err != nil {
		t.Fatal(err)
	}
	n, err := tf.NewTensor(float32(step))
	if err != nil {
		t.Fatal(err)
	}
	feeds := map[tf.Output]*tf.Tensor{p.feeds[names.LearningRate]: r, p.feeds[names.Step]: n}
	if _, err := p.session.Run(feeds, nil, p.update); err != nil {
		t.Fatal(err)
	}
}

// parabola is Σx² + 10·Σ(y-1)²: gradient 2x, 20(y-1).
func parabola(s *op.Scope, x, y tf.Output) tf.Output {
	axis := tg.Const(s.SubScope("axis"), int32(0))
	one, ten := tg.Const(s.SubScope("one"), float32(1)), tg.Const(s.SubScope("ten"), float32(10))
	left := op.Sum(s.SubScope("left"), op.Square(s.SubScope("x2"), x), axis)
	square := op.Square(s.SubScope("y2"), op.Sub(s.SubScope("y1"), y, one))
	right := op.Sum(s.SubScope("right"), square, axis)
	return op.AddV2(s.SubScope("f"), left, op.Mul(s.SubScope("scaled"), right, ten))
}

func choose(t *testing.T, name string, options map[string]any) Optimizer {
	t.Helper()
	c, err := named.Choose(name, options)
	if err != nil {
		t.Fatal(err)
	}
	o, err := Table.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// rules are the update rules as plain loops in float64; slots belong to one number.
var rules = map[string]func(value, g, rate float64, slots []float64, t float64) float64{
	"adam": func(value, g, rate float64, slots []float64, t float64) float64 {
		slots[0] = 0.9*slots[0] + 0.1*g
		slots[1] = 0.999*slots[1] + 0.001*g*g
		return value - rate*math.Sqrt(1-math.Pow(0.999, t))/(1-math.Pow(0.9, t))*
			slots[0]/(math.Sqrt(slots[1])+1e-7)
	},
	"sgd": func(value, g, rate float64, _ []float64, _ float64) float64 { return value - rate*g },
	"momentum": func(value, g, rate float64, slots []float64, _ float64) float64 {
		slots[0] = 0.9*slots[0] - rate*g
		return value + slots[0]
	},
	"nesterov": func(value, g, rate float64, slots []float64, _ float64) float64 {
		slots[0] = 0.9*slots[0] - rate*g
		return value + 0.9*slots[0] - rate*g
	},
}

// TestRules holds ten steps on the parabola against the plain loops, with and
// without clipping and decay.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		rule, optimizer string
		options         map[string]any
	}{
		{"adam", "adam", nil},
		{"sgd", "sgd", nil},
		{"momentum", "sgd", map[string]any{"momentum": 0.9}},
		{"nesterov", "sgd", map[string]any{"momentum": 0.9, "nesterov": true}},
	} {
		for _, common := range []map[string]any{{}, {"clip_norm": 3.0}, {"weight_decay": 0.2},
			{"clip_norm": 3.0, "weight_decay": 0.2}} {
			options := map[string]any{}
			for _, m := range []map[string]any{c.options, common} {
				for k, v := range m {
					options[k] = v
				}
			}
			p := newProblem(t, choose(t, c.optimizer, options), parabola)
			p.start(t, []float32{1, -2}, []float32{3})
			values, slots := []float64{1, -2, 3}, make([][2]float64, 3)
			for step := range 10 {
				const rate = 0.02
				p.step(t, step, rate)
				g := []float64{2 * values[0], 2 * values[1], 20 * (values[2] - 1)}
				if clip, ok := common["clip_norm"].(float64); ok {
					norm := math.Sqrt(g[0]*g[0] + g[1]*g[1] + g[2]*g[2])
					for i := range g {
						g[i] *= math.Min(1, clip/norm)
					}
				}
				for i := range values {
					if decay, ok := common["weight_decay"].(float64); ok {
						values[i] -= rate * decay * values[i]
					}
					values[i] = rules[c.rule](values[i], g[i], rate, slots[i][:], float64(step+1))
				}
				got := p.get(t)
				for i, x := range []float32{got[0][0], got[0][1], got[1][0]} {
					if math.Abs(float64(x)-values[i]) > 1e-5*math.Max(1, math.Abs(values[i])) {
						t.Fatalf("%s with %v, step %d, number %d = %v, want %v",
							c.rule, common, step, i, x, values[i])
					}
				}
			}
		}
	}
}

// TestConverge: each optimizer with its defaults gets down the parabola and the
// Rosenbrock valley, and goes on from stored slots as if it had never stopped.
func TestConverge(t *testing.T) {
	// Rosenbrock, An automatic method for finding the greatest or least value of a
	// function, 1960: 100(x₁-x₀²)² + (1-x₀)², here with 1 in place of 100, plus y².
	valley := func(s *op.Scope, x, y tf.Output) tf.Output {
		parts := op.Split(s.SubScope("split"), tg.Const(s.SubScope("axis"), int32(0)), x, 2)
		one := tg.Const(s.SubScope("one"), []float32{1})
		bent := op.Sub(s.SubScope("bent"), parts[1], op.Square(s.SubScope("x0_squared"), parts[0]))
		bend := op.Square(s.SubScope("bend"), bent)
		flat := op.Square(s.SubScope("flat"), op.Sub(s.SubScope("away"), one, parts[0]))
		all := op.AddN(s.SubScope("all"), []tf.Output{bend, flat, op.Square(s.SubScope("y2"), y)})
		return op.Sum(s.SubScope("f"), all, tg.Const(s.SubScope("zero"), int32(0)))
	}
	for _, name := range Table.Names() {
		for what, f := range map[string]function{"parabola": parabola, "valley": valley} {
			o := choose(t, name, nil)
			p := newProblem(t, o, f)
			p.start(t, []float32{-1, 2}, []float32{2})
			var half [][]float32
			const steps = 3000
			for step := range steps {
				if step == steps/2 {
					half = p.get(t)
				}
				p.step(t, step, 0.01)
			}
			end := p.get(t)
			result, err := p.session.Run(nil, []tf.Output{p.loss}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if loss := result[0].Value().(float32); !(loss < 1e-3) {
				t.Errorf("%s on the %s ends at %v, want below 1e-3", name, what, loss)
			}
			p.set(t, half)
			for step := steps / 2; step < steps; step++ {
				p.step(t, step, 0.01)
			}
			for i, again := range p.get(t) {
				for k := range again {
					if again[k] != end[i][k] {
						t.Errorf("%s on the %s gone on with: %s[%d] = %v, want %v",
							name, what, p.state[i].Key, k, again[k], end[i][k])
					}
				}
			}
		}
	}
}

// TestMissingGradient: a variable that the loss does not depend on is named, by the
// runtime where nothing leads from it to the loss, by Gradients where no gradient does.
func TestMissingGradient(t *testing.T) {
	for _, c := range []struct {
		name string
		loss func(s *op.Scope, x, idle tf.Output) tf.Output
		want string
	}{
		{"no path", func(_ *op.Scope, x, _ tf.Output) tf.Output { return x }, "'idle/read'"},
		{"no gradient", func(s *op.Scope, x, idle tf.Output) tf.Output {
			return op.AddV2(s.SubScope("add"), x, op.StopGradient(s.SubScope("stop"), idle))
		}, `the loss does not depend on variable "idle"`},
	} {
		root := tg.NewRoot()
		v := variable.NewSet(root, "")
		x := v.Create("x", []int64{1}, variable.Zeros)
		idle := v.Create("idle", []int64{1}, variable.Zeros)
		axis := tg.Const(root.SubScope("axis"), int32(0))
		loss := op.Sum(root.SubScope("sum"), c.loss(root.SubScope("loss"), x.Read, idle.Read), axis)
		Gradients(root.SubScope("o"), loss, v.All())
		if err := root.Err(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q in it", c.name, err, c.want)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name    string
		options map[string]any
		want    string
	}{
		{"adam", map[string]any{"lr": 0}, "lr must be positive, got 0"},
		{"adam", map[string]any{"beta1": 1}, "beta1 and beta2 must be in [0,1), got 1"},
		{"adam", map[string]any{"epsilon": 0}, "epsilon must be positive"},
		{"adam", map[string]any{"weight_decay": -1}, "weight_decay must be 0 or more, got -1"},
		{"sgd", map[string]any{"clip_norm": -1}, "clip_norm must be 0 or more, got -1"},
		{"sgd", map[string]any{"momentum": 1.5}, "momentum must be in [0,1), got 1.5"},
		{"sgd", map[string]any{"nesterov": true}, "nesterov needs a momentum above 0"},
		{"sgd", map[string]any{"beta1": 1},
			`unknown field "beta1" (known: lr, backbone_lr, proxy_lr, weight_decay, clip_norm, momentum, nesterov)`},
	} {
		choice, err := named.Choose(c.name, c.options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Table.New(&choice); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %v: %v, want %q", c.name, c.options, err, c.want)
		}
	}
}

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		name    string
		options map[string]any
		total   int
		want    map[int]float64 // by step
	}{
		{"constant", nil, 10, map[int]float64{0: 1, 9: 1, 1000: 1}},
		{"constant", map[string]any{"warmup": 4}, 10, map[int]float64{0: 0, 1: 0.25, 4: 1, 9: 1}},
		{"cosine", nil, 10, map[int]float64{0: 1, 5: 0.5, 10: 0, 20: 0}},
		{"cosine", map[string]any{"final": 0.2, "warmup": 2}, 12,
			map[int]float64{1: 0.5, 2: 1, 7: 0.6, 12: 0.2}},
		{"step", map[string]any{"every": 3, "factor": 0.1}, 10,
			map[int]float64{0: 1, 2: 1, 3: 0.1, 6: 0.01}},
	} {
		choice, err := named.Choose(c.name, c.options)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Schedules.New(&choice)
		if err != nil {
			t.Fatal(err)
		}
		for step, want := range c.want {
			if got := s.Factor(step, c.total); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s %v: factor at %d = %v, want %v", c.name, c.options, step, got, want)
			}
		}
		if s.Open != (c.name != "cosine") {
			t.Errorf("%s: Open = %v", c.name, s.Open)
		}
	}
	for name, options := range map[string]map[string]any{
		"constant": {"warmup": -1}, "cosine": {"final": 2}, "step": {"every": 0},
	} {
		choice, err := named.Choose(name, options)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Schedules.New(&choice); err == nil {
			t.Errorf("%s with %v was taken", name, options)
		}
	}
}

// TestPace: a variable at a tenth of the pace steps and decays as at a tenth of the rate.
func TestPace(t *testing.T) {
	for _, name := range Table.Names() {
		o := choose(t, name, map[string]any{"weight_decay": 0.2})
		var after [][]float32
		for _, pace := range []float32{1, 0.1} {
			p := newPacedProblem(t, o, parabola, pace)
			p.start(t, []float32{1, -2}, []float32{3})
			for step := range 5 {
				p.step(t, step, 0.01/pace)
			}
			after = append(after, p.get(t)[0])
		}
		for i, want := range after[0] {
			if math.Abs(float64(after[1][i]-want)) > 1e-5*math.Abs(float64(want)) {
				t.Errorf("%s: x[%d] = %v at a tenth of ten times the rate, want %v", name, i, after[1][i], want)
			}
		}
	}
	for _, option := range []string{"backbone_lr", "proxy_lr"} {
		c, err := named.Choose("sgd", map[string]any{option: 0})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Table.New(&c); err == nil || !strings.Contains(err.Error(), option+" must be positive, got 0") {
			t.Errorf("%s 0: %v", option, err)
		}
	}
}
