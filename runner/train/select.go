package train

import (
	"fmt"
	"strings"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/runner/metric"
)

// selected is the metric by which the best checkpoint is chosen.
type selected struct {
	key    string // as the spec has it: "val.auc"
	name   string // in metric.Pairs: "auc"
	better metric.Better
}

// selection reads train.select.
func selection(key string) (selected, error) {
	name, ok := strings.CutPrefix(key, "val.")
	if !ok {
		return selected{}, fmt.Errorf("train.select must be val.METRIC, chosen on validation data, got %q", key)
	}
	m, err := metric.Pairs.New(&named.Choice{Name: name})
	if err != nil {
		return selected{}, fmt.Errorf("train.select: %w", err)
	}
	return selected{key: key, name: name, better: m.Better}, nil
}
