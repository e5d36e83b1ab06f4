package evaluate

import (
	"slices"

	"github.com/tfpair/tfpair/runner/metric"
)

// OpenSearch is what refusing the nearest image, where it is too far, comes to: each query asks
// once with its answer there and once as a stranger, with its class taken out.
type OpenSearch struct {
	Images    int          `json:"images"`    // N, searched
	Known     int          `json:"known"`     // queries whose class is there
	Strangers int          `json:"strangers"` // queries whose class is taken out, or was never there
	Rates     []SearchRate `json:"rates"`     // from strict to lax
}

// SearchRate is a row of the trade-off between strangers that are accepted and answers that are
// found. The threshold is chosen on the same queries, so it is for a comparison and for no promise.
type SearchRate struct {
	metric.SearchRate
	FalsePositives *Measured `json:"false_positive_identification_rate,omitempty"` // nil where it is not measurable
	Detection      *Measured `json:"detection_rate,omitempty"`                     // likewise, or where nothing is known
}

// open is an open set, and the image of the sample that each of its queries is.
type open struct {
	metric.OpenSet
	known   []int32 // [Q]
	unknown []int32 // [U]
}

// openSearch returns the trade-off among so many images, nil where there are no strangers.
func (o open) openSearch(images int, s metric.Sample) (*OpenSearch, error) {
	if len(o.Unknown) == 0 {
		return nil, nil
	}
	rates, err := o.Rates(metric.Targets())
	if err != nil {
		return nil, err
	}
	r := &OpenSearch{Images: images, Known: len(o.Known), Strangers: len(o.Unknown)}
	for _, rate := range rates {
		row, err := o.rate(rate, s)
		if err != nil {
			return nil, err
		}
		r.Rates = append(r.Rates, row)
	}
	return r, nil
}

// rate measures what the threshold of a row comes to.
func (o open) rate(rate metric.SearchRate, s metric.Sample) (SearchRate, error) {
	row := SearchRate{SearchRate: rate}
	if !rate.Measurable {
		return row, nil
	}
	of := perQuery{name: FalsePositiveRate, better: metric.Lower, values: o.FalselyAccepted(rate.Threshold),
		image: o.unknown}
	measured, err := of.measure(s)
	if err != nil {
		return row, err
	}
	row.FalsePositives = &measured
	if len(o.Known) == 0 {
		return row, nil
	}
	of = perQuery{name: DetectionRate, better: metric.Higher, values: o.Detected(rate.Threshold), image: o.known}
	found, err := of.measure(s)
	row.Detection = &found
	return row, err
}

// openSet returns the open set of queries in a gallery whose nearest rows are sides [Q].
// Queries of no class are left out, and all are where a row of the gallery is of no class:
// nobody knows then which of them are strangers.
func openSet(e Embedder, queries, gallery metric.Set, sides []metric.Sides) open {
	var o open
	if slices.Contains(gallery.Labels, noClass) {
		return o
	}
	row := func(s metric.Set, i int) []float32 { return s.Embeddings[i*s.Dim:][:s.Dim] }
	distance := func(query int, answer int32) float32 {
		return e.Distance().Between(row(queries, query), row(gallery, int(answer)))
	}
	for q, side := range sides {
		if queries.Labels[q] < 0 {
			continue
		}
		var other float32
		if side.Other >= 0 {
			other = distance(q, side.Other)
			o.Unknown, o.unknown = append(o.Unknown, other), append(o.unknown, int32(q))
		}
		if side.Own < 0 {
			continue
		}
		own := distance(q, side.Own)
		right := side.Other < 0 || own < other || own == other && side.Own < side.Other
		if !right {
			own = other
		}
		o.Known, o.Right, o.known = append(o.Known, own), append(o.Right, right), append(o.known, int32(q))
	}
	return o
}
