package metric

import (
	"fmt"

	"github.com/tfpair/tfpair/internal/named"
)

// Better says which values of a metric are good.
type Better string

// The two directions of a metric.
const (
	Higher Better = "higher"
	Lower  Better = "lower"
)

// Than reports whether value is strictly better than old.
func (b Better) Than(value, old float64) bool {
	if b == Lower {
		return value < old
	}
	return value > old
}

// PairMetric is a metric of scored pairs.
type PairMetric struct {
	Better     Better
	Thresholds bool // whether Value depends on threshold

	// Value is the metric over c, in [0,1]; pairs with distance <= threshold are accepted.
	Value func(c *Curve, threshold float64) float64

	// Slope says how fast the metric grows with the weight of a pair at each distance
	// [L] of c: its derivative, of either kind of pair.
	Slope func(c *Curve, threshold float64) (positive, negative []float64)
}

// Pairs lists the metrics of pairs. A new one is a new file here and a new row.
var Pairs = named.Table[PairMetric]{Kind: "pair metric", Rows: map[string]named.Row[PairMetric]{
	"accuracy":          accuracy,
	"auc":               auc,
	"average_precision": averagePrecision,
	"eer":               eer,
	"f1":                f1,
}}

// plain returns the constructor of a metric that has no options.
func plain[T any](metric T) func(named.Raw) (T, error) {
	return func(raw named.Raw) (T, error) { return metric, named.Options(raw, &struct{}{}) }
}

// DegenerateError says that metrics of pairs are undefined because one kind is missing.
type DegenerateError struct{ Positives, Negatives int }

func (e *DegenerateError) Error() string {
	return fmt.Sprintf("%d positive and %d negative pairs, want at least one of each",
		e.Positives, e.Negatives)
}

// EmptyError says that a mean over nothing was asked for.
type EmptyError struct{ Of string } // "queries"

func (e *EmptyError) Error() string { return fmt.Sprintf("no %s to measure", e.Of) }

// DistanceError says that a distance is NaN or infinite.
type DistanceError struct {
	Pair  int // index into the distances
	Value float32
}

func (e *DistanceError) Error() string {
	return fmt.Sprintf("distance of pair %d is %v, want a finite number", e.Pair, e.Value)
}

// EmbeddingError says that an embedding holds NaN or an infinity.
type EmbeddingError struct {
	Row, Column int
	Value       float32
}

func (e *EmbeddingError) Error() string {
	return fmt.Sprintf("embedding %d is %v in dimension %d, want a finite number",
		e.Row, e.Value, e.Column)
}
