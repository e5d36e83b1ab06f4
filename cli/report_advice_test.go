package cli

import (
	"slices"
	"testing"

	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/inference"
)

// TestWeightsOf: weights that tfpair fetches are named again, and others are not known.
func TestWeightsOf(t *testing.T) {
	first, second := models.Pretrained{SHA256: pretrained.Sets[0].SHA256}, models.Pretrained{SHA256: pretrained.Sets[1].SHA256}
	both := first
	both.Others = []models.Pretrained{second}
	mixed := first
	mixed.Others = []models.Pretrained{{SHA256: "that of a file of somebody"}}
	for _, c := range []struct {
		of    *models.Pretrained
		want  []given
		known bool
	}{
		{nil, nil, true},
		{&first, []given{{"weights", pretrained.Sets[0].Name}}, true},
		{&both, []given{{"weights", pretrained.Sets[0].Name}, {"weights", pretrained.Sets[1].Name}}, true},
		{&mixed, nil, false},
	} {
		if got, known := weightsOf(c.of); !slices.Equal(got, c.want) || known != c.known {
			t.Errorf("weightsOf(%+v) = %v, %t; want %v, %t", c.of, got, known, c.want, c.known)
		}
	}
}

// TestStricter: the share that is asked for is smaller by as much as there were too many, and no command asks validation for
// a rate that it has too few pairs for.
func TestStricter(t *testing.T) {
	curve := &distance.Curve{Source: "by hand", Prevalence: 0.5, Threshold: []float64{-1, 1, 2}, Same: []int64{0, 5, 10}, Different: []int64{0, 1, 300}}
	m := measuring{model: &inference.Model{Name: "run"}}
	m.split, m.evaluateOptions.data.path = "val", "my data"
	m.seen, m.evaluateOptions.model.trust.who = true, trustAny
	if got := m.stricter(0.05, 0.1); got != nil {
		t.Errorf("%s of a model that does not know what other thresholds do", got)
	}
	m.model.Manifest.Curve = curve
	// 5 % · 5 % / 9 % = 2.78 %, which needs 108 pairs; 1 % · 1 % / 4 % = 0.25 % would need 1,200.
	const want = "tfpair evaluate --model run --trust any --data 'my data' --split val --seen --false-accepts 2.8%"
	if got := m.stricter(0.05, 0.09).String(); got != want {
		t.Errorf("stricter = %s, want %s", got, want)
	}
	if got := m.stricter(0.01, 0.04); got != nil {
		t.Errorf("%s of 300 different pairs", got)
	}
}
