package loss

import (
	"math"
	"math/rand/v2"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/graphtest"
	"github.com/tfpair/tfpair/internal/named"
)

// tripletCases are the losses of triplets with the plain formula of each.
var tripletCases = []struct {
	name    string
	options map[string]any
	of      func(ap, an float64) float64
	trivial float64 // the formula at ap = an = 0
	margin  float32
}{
	{"hinge", map[string]any{"margin": 0.5},
		func(ap, an float64) float64 { return math.Max(0, ap-an+0.5) }, 0.5, 0.5},
	{"soft", map[string]any{"soft": true},
		func(ap, an float64) float64 { return math.Log(1 + math.Exp(ap-an)) },
		math.Log(2), float32(math.Inf(1))},
}

func newTriplet(t *testing.T, options map[string]any) Loss {
	t.Helper()
	choice, err := named.Choose("triplet", options)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Table.New(&choice)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// tripletValues builds l on distances ap and an, all triplets mined.
func tripletValues(l Loss) func(*op.Scope, []tf.Output) tf.Output {
	return func(s *op.Scope, in []tf.Output) tf.Output {
		mined := op.Equal(s.SubScope("mined"), in[0], in[0])
		values, _ := l.Build(s.SubScope("loss"), nil,
			In{AnchorPositive: in[0], AnchorNegative: in[1], Mined: mined})
		return values
	}
}

func TestTriplet(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	var ap, an []float32
	for range 30 {
		ap, an = append(ap, float32(2*r.Float64())), append(an, float32(2*r.Float64()))
	}
	in := []graphtest.Input{vector(ap...), vector(an...)}
	for _, c := range tripletCases {
		t.Run(c.name, func(t *testing.T) {
			l := newTriplet(t, c.options)
			build := tripletValues(l)
			got := graphtest.Run(t, in, func(s *op.Scope, in []tf.Output) []tf.Output {
				return []tf.Output{build(s, in)}
			})[0]
			for i := range got {
				want := c.of(float64(ap[i]), float64(an[i]))
				if math.Abs(float64(got[i])-want) > 1e-6*math.Max(want, 0.1) {
					t.Errorf("loss of ap %v, an %v = %v, want %v", ap[i], an[i], got[i], want)
				}
			}
			graphtest.CheckGradient(t, in, build, func(x [][]float64) float64 {
				sum := 0.0
				for i := range x[0] {
					sum += c.of(x[0][i], x[1][i])
				}
				return sum
			})
			if l.Trivial != c.trivial || l.Margin != c.margin || l.Needs != Triplets {
				t.Errorf("trivial %v, margin %v, needs %v", l.Trivial, l.Margin, l.Needs)
			}
		})
	}
}

// TestTripletMined: the triplets that count are those of the miner.
func TestTripletMined(t *testing.T) {
	in := []graphtest.Input{vector(1, 1, 1), vector(0, 0, 0)}
	got := graphtest.Run(t, in, func(s *op.Scope, in []tf.Output) []tf.Output {
		_, valid := newTriplet(t, nil).Build(s.SubScope("loss"), nil, In{AnchorPositive: in[0],
			AnchorNegative: in[1], Mined: tg.Const(s.SubScope("mined"), []bool{true, false, true})})
		return []tf.Output{op.Cast(s.SubScope("valid"), valid, tf.Float)}
	})[0]
	for i, want := range []float32{1, 0, 1} {
		if got[i] != want {
			t.Errorf("triplet %d counts %v, want %v", i, got[i], want)
		}
	}
}
