package loss

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// subject is a loss as the suite sees it: a function of distances and labels, or,
// where it has log-odds, of those and labels.
type subject struct {
	oracle  func(x, same float64) float64
	trivial float64 // its value where no pair can be told from another
}

var subjects = map[string]subject{
	"bce": {
		oracle: func(z, same float64) float64 {
			p := 1 / (1 + math.Exp(-z))
			return -same*math.Log(p) - (1-same)*math.Log(1-p)
		},
		trivial: -math.Log(0.5),
	},
	"contrastive": { // margin 1
		oracle: func(d, same float64) float64 {
			gap := math.Max(0, 1-d)
			return same*d*d + (1-same)*gap*gap
		},
		trivial: 0.5, // half of the pairs are different and at distance 0: margin²/2
	},
}

func mustNew(t *testing.T, name string) Loss {
	t.Helper()
	l, err := Table.New(&named.Choice{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// values returns a builder of the loss per pair and of which pairs count, from
// distances (or log-odds) and labels.
func values(l Loss) graphtest.Builder {
	return func(s *op.Scope, in []tf.Output) []tf.Output {
		v := variable.NewSet(s.SubScope("variables"), "")
		values, valid := l.Build(s.SubScope("loss"), v, In{Distance: in[0], Logit: in[0], Same: in[1]})
		return []tf.Output{values, op.Cast(s.SubScope("valid"), valid, tf.Float)}
	}
}

func first(b graphtest.Builder) func(*op.Scope, []tf.Output) tf.Output {
	return func(s *op.Scope, in []tf.Output) tf.Output { return b(s, in)[0] }
}

func vector(x ...float32) graphtest.Input {
	return graphtest.Input{Shape: []int64{int64(len(x))}, Data: x}
}

// TestPairs holds the losses of pairs against their oracles.
func TestPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var x, same []float32
	for i := range 40 {
		x = append(x, float32(0.05+2*r.Float64())) // on both sides of the margin
		same = append(same, float32(i%2))
	}
	in := []graphtest.Input{vector(x...), vector(same...)}
	for _, name := range For(Pairs) {
		t.Run(name, func(t *testing.T) {
			s, ok := subjects[name]
			if !ok {
				t.Fatal("no oracle")
			}
			l := mustNew(t, name)
			got := graphtest.Run(t, in, values(l))
			for i := range x {
				want := s.oracle(float64(x[i]), float64(same[i]))
				if math.Abs(float64(got[0][i])-want) > 1e-5*math.Max(want, 1e-2) {
					t.Errorf("loss of %v, same %v = %v, want %v", x[i], same[i], got[0][i], want)
				}
				if got[1][i] != 1 {
					t.Errorf("pair %d does not count", i)
				}
			}
			gradient := graphtest.Gradient(t, in[:1], func(sc *op.Scope, in []tf.Output) tf.Output {
				return first(values(l))(sc, []tf.Output{in[0], tg.Const(sc.SubScope("same"), same)})
			})[0]
			for i := range x {
				const h = 1e-6
				at, label := float64(x[i]), float64(same[i])
				want := (s.oracle(at+h, label) - s.oracle(at-h, label)) / (2 * h)
				if math.Abs(float64(gradient[i])-want) > 1e-3*math.Max(math.Abs(want), 1e-2) {
					t.Errorf("gradient at %v, same %v = %v, want %v", x[i], same[i], gradient[i], want)
				}
			}
			if math.Abs(l.Trivial-s.trivial) > 1e-12 {
				t.Errorf("Trivial = %v, want %v", l.Trivial, s.trivial)
			}
		})
	}
}

// TestEdges: extreme distances and log-odds, a batch of one pair, one kind of pair.
func TestEdges(t *testing.T) {
	for _, name := range For(Pairs) {
		for _, x := range []float32{-100, -1, 0, 1e-20, 1, 100} {
			if name == "contrastive" && x < 0 {
				continue // no distance
			}
			for _, same := range []float32{0, 1} {
				in := []graphtest.Input{vector(x), vector(same)}
				value := graphtest.Run(t, in, values(mustNew(t, name)))[0][0]
				if !(value >= 0) || math.IsInf(float64(value), 0) {
					t.Errorf("%s of %v, same %v = %v", name, x, same, value)
				}
				g := graphtest.Gradient(t, in[:1], func(s *op.Scope, in []tf.Output) tf.Output {
					label := tg.Const(s.SubScope("same"), []float32{same})
					return first(values(mustNew(t, name)))(s, []tf.Output{in[0], label})
				})[0][0]
				if math.IsNaN(float64(g)) || math.IsInf(float64(g), 0) {
					t.Errorf("%s of %v, same %v: gradient %v", name, x, same, g)
				}
			}
		}
	}
	// bce is linear far out: -ln σ(-100) = 100.
	in := []graphtest.Input{vector(-100), vector(1)}
	got := graphtest.Run(t, in, values(mustNew(t, "bce")))[0][0]
	if got != 100 {
		t.Errorf("bce of log-odds -100, same = %v, want 100", got)
	}
}

// TestNegativeStart: the weight on the distance starts negative for every seed.
func TestNegativeStart(t *testing.T) {
	root := tg.NewRoot()
	v := variable.NewSet(root, "loss")
	shape := op.PlaceholderShape(tf.MakeShape(-1))
	distance := op.Placeholder(root.SubScope("distance"), tf.Float, shape)
	mustNew(t, "bce").Logit(root.SubScope("logit"), v, distance)
	if root.Err() != nil {
		t.Fatal(root.Err())
	}
	kernel := v.All()[0]
	if kernel.Key != "loss/probability/kernel" {
		t.Fatalf("first variable is %q", kernel.Key)
	}
	limit := float32(math.Sqrt(3)) // Glorot: √(6/(1+1))
	for seed := range uint64(200) {
		if w := kernel.Start(seed)[0]; !(w < 0 && w >= -limit) {
			t.Errorf("seed %d: weight starts at %v, want [-√3, 0)", seed, w)
		}
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name    string
		options any
		want    string
	}{
		{"contrastive", map[string]float64{"margin": 0},
			`loss "contrastive": margin must be positive, got 0`},
		{"contrastive", map[string]float64{"margin": math.NaN()}, "margin: want a finite decimal number, got .nan"},
		{"contrastive", map[string]float64{"margn": 1}, `unknown field "margn" (known: margin, reduction)`},
		{"contrastive", map[string]string{"reduction": "sum"},
			`reduction must be mean or nonzero, got "sum"`},
		{"triplet", map[string]float64{"margin": -1}, "margin must be positive, got -1"},
		{"triplet", map[string]bool{"sft": true}, `unknown field "sft" (known: margin, soft, reduction)`},
		{"bce", map[string]float64{"margin": 1}, `loss "bce": unknown field "margin"`},
		{"tripplet", nil, `unknown loss "tripplet" (known: arcface, bce`},
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
