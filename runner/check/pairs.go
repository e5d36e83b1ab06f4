package check

import (
	"cmp"
	"slices"

	"github.com/tfpair/tfpair/internal/forest"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/metric"
)

// Pairs are what a list of pairs or triplets says.
type Pairs struct {
	Same       int       `json:"same"`
	Different  int       `json:"different"`
	Chained    int       `json:"chained"`            // different pairs whose images others join as the same
	Chain      string    `json:"chain,omitempty"`    // the first of them
	Components int       `json:"components"`         // sets of pairs that share no image with others
	Largest    float64   `json:"largest"`            // share of the pairs in the largest
	Likeness   *Likeness `json:"likeness,omitempty"` // nil where one kind of pair has fewer than two
	Look       []Example `json:"examples,omitempty"` // two pairs of each kind, to look at
}

// Likeness is whether same pairs look more alike than different ones.
type Likeness struct {
	By       string          `json:"by"`       // "colours" at 4×4 places, or "embedding"
	AUC      float64         `json:"auc"`      // probability that a same pair is closer than a different one
	Interval metric.Interval `json:"interval"` // of the AUC
	Inverted bool            `json:"inverted"` // the whole interval is below one half
}

// Example is a pair to look at.
type Example struct {
	Left  string `json:"left"`
	Right string `json:"right"`
	Same  bool   `json:"same"`
	Line  int    `json:"line"`
}

// pairs looks at listed pairs.
func (r *Report) pairs(d *dataset.Dataset, prints []copies.Print, by *Measure) error {
	if !d.Kind().Lists() {
		return nil
	}
	p := &Pairs{}
	joined := forest.New(len(d.Images))
	for _, pair := range d.Pairs {
		if pair.Same {
			p.Same++
		} else {
			p.Different++
		}
		joined.Join(pair.Left, pair.Right)
		r.callsDifferent(pair, &prints[pair.Left], &prints[pair.Right])
	}
	p.Chained, p.Chain = d.Contradictions()
	sizes := map[int32]int{}
	largest := 0
	for _, pair := range d.Pairs {
		root := joined.Root(pair.Left)
		sizes[root]++
		largest = max(largest, sizes[root])
	}
	p.Components, p.Largest = len(sizes), float64(largest)/float64(len(d.Pairs))
	p.Look = examples(d)
	r.Pairs = p
	if by == nil {
		by = &Measure{By: "colours", Knows: func(i int32) bool { return prints[i].Fault == "" },
			Distance: func(a, b int32) float32 { return apart(&prints[a].Small, &prints[b].Small) }}
	}
	return p.liken(d, by)
}

// callsDifferent notes a pair that is called different and is one picture.
func (r *Report) callsDifferent(pair dataset.Pair, left, right *copies.Print) {
	if pair.Same {
		return
	}
	if kind, distance, ok := copies.Compare(left, right); ok && kind != copies.Edited {
		r.Conflicts = append(r.Conflicts, Link{Kind: kind, Distance: distance, Path: left.Path, Of: right.Path, Line: int(pair.Line)})
	}
}

// liken measures whether same pairs are more alike than different ones.
func (p *Pairs) liken(d *dataset.Dataset, by *Measure) error {
	var apart []float32
	var same []bool
	var left, right []int32
	kinds := map[bool]int{}
	for _, pair := range d.Pairs {
		if by.Knows(pair.Left) && by.Knows(pair.Right) {
			apart, same = append(apart, by.Distance(pair.Left, pair.Right)), append(same, pair.Same)
			left, right = append(left, pair.Left), append(right, pair.Right)
			kinds[pair.Same]++
		}
	}
	const least = 2 // of a kind
	if min(kinds[true], kinds[false]) < least {
		return nil
	}
	scored, err := metric.Score(apart, same, nil)
	if err != nil {
		return err
	}
	auc, err := metric.Pairs.New(&named.Choice{Name: "auc"})
	if err != nil {
		return err
	}
	interval := metric.Sample{}.Pairs(scored, left, right, []metric.Statistic{auc.At(0)})[0]
	p.Likeness = &Likeness{By: by.By, AUC: metric.AUC(scored.Curve()), Interval: interval, Inverted: interval.High < 0.5}
	return nil
}

// apart returns the mean distance of colours, in levels.
func apart(a, b *copies.Small) float32 {
	sum := 0
	for i := range a {
		sum += max(int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return float32(sum) / float32(len(a))
}

// examples returns two pairs of each kind from all over the list, the same ones for equal data.
func examples(d *dataset.Dataset) (list []Example) {
	for _, same := range []bool{true, false} {
		var of []dataset.Pair
		for _, p := range d.Pairs {
			if p.Same == same {
				of = append(of, p)
			}
		}
		slices.SortStableFunc(of, func(a, b dataset.Pair) int { return cmp.Compare(a.Line, b.Line) })
		for k := range min(2, len(of)) {
			p := of[k*(len(of)-1)]
			list = append(list, Example{d.Images[p.Left].Path, d.Images[p.Right].Path, p.Same, int(p.Line)})
		}
	}
	return list
}
