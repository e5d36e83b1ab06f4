package train

import (
	"fmt"
	"strings"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
)

// feature is the topology whose labels are images.
const feature = "feature"

// selected is the metric by which the best checkpoint is chosen.
type selected struct {
	key    string // as the spec has it: "val.auc"
	name   string // of the metric: "auc"
	better metric.Better
}

// selection reads train.select.
func selection(s *spec.Spec) (selected, error) {
	name, better, err := Selected(s)
	return selected{key: s.Train.Select, name: name, better: better}, err
}

// Selected returns the metric of train.select and which of its values are good.
func Selected(s *spec.Spec) (name string, better metric.Better, err error) {
	name, ok := strings.CutPrefix(s.Train.Select, "val.")
	if !ok {
		return "", "", fmt.Errorf("train.select must be val.METRIC, chosen on validation data, got %q",
			s.Train.Select)
	}
	if better, err = evaluate.Direction(name, s.Topology == feature); err != nil {
		return "", "", fmt.Errorf("train.select: %w", err)
	}
	return name, better, nil
}
