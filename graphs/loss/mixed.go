package loss

import (
	"errors"
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
)

// mixedOptions are the options of the "mixed" loss: weights, >= 0, not all 0.
type mixedOptions struct {
	L1     float32 `yaml:"l1"`     // of the mean absolute difference
	MSE    float32 `yaml:"mse"`    // of the mean squared difference
	Cosine float32 `yaml:"cosine"` // of one minus the cosine
}

var mixed = named.Row[Loss]{
	Brief: "weighted sum of l1, mse and cosine",
	New: func(raw named.Raw) (Loss, error) {
		o := mixedOptions{L1: 1, MSE: 1}
		if err := named.Options(raw, &o); err != nil {
			return Loss{}, err
		}
		return Loss{Needs: Targets, Build: o.build}, o.check()
	},
}

func (o mixedOptions) check() error {
	for _, w := range []struct {
		name  string
		value float32
	}{{"l1", o.L1}, {"mse", o.MSE}, {"cosine", o.Cosine}} {
		if !(w.value >= 0) {
			return fmt.Errorf("weight %s must be 0 or more, got %g", w.name, w.value)
		}
	}
	if o.L1+o.MSE+o.Cosine == 0 {
		return errors.New("all weights are 0: set l1, mse or cosine")
	}
	return nil
}

// build adds l1·L1 + mse·MSE + cosine·(1 - cos).
func (o mixedOptions) build(s *op.Scope, _ *variable.Set, in In) (values, valid tf.Output) {
	var terms []tf.Output
	for _, t := range []struct {
		name   string
		weight float32
		add    func(*op.Scope, In) tf.Output
	}{{"l1", o.L1, meanAbsolute}, {"mse", o.MSE, meanSquare}, {"cosine", o.Cosine, oneMinusCosine}} {
		if t.weight > 0 {
			part := s.SubScope(t.name)
			terms = append(terms, times(part.SubScope("weighted"), t.add(part, in), t.weight))
		}
	}
	values = op.AddN(s.SubScope("sum"), terms)
	return values, all(s.SubScope("valid"), values)
}
