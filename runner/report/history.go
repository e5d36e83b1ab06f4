package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"

	"github.com/tfpair/tfpair/runner/evaluate"
)

// History is what a training went through.
type History struct {
	Start       Start
	Loss        []Loss
	Evaluations []Evaluation // of validation, by step
}

// Start is what a run said before its first step.
type Start struct {
	TrainImages int      `json:"train_images"`
	ValImages   int      `json:"val_images"`
	Notes       []string `json:"notes"` // about the data
	Data        []string `json:"data"`  // flags that opened it; nil of runs that did not keep them
}

// Loss is the mean loss up to a step, since the one before.
type Loss struct {
	Step int
	Mean float64
}

// Evaluation is one look at validation.
type Evaluation struct {
	Step   int             `json:"step"`
	Scores evaluate.Scores `json:"scores"`
}

// maxEvent is the longest line of events that is read, in bytes.
const maxEvent = 1 << 20

// ReadHistory reads the events of a run, one JSON object per line. Where a step was made twice, because a training
// went on from an earlier checkpoint, the last counts. Lines that cannot be read, such as one cut off, are passed over.
func ReadHistory(r io.Reader) (h History, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		var e struct {
			Event string   `json:"event"`
			Step  int      `json:"step"`
			Loss  *float64 `json:"loss"`
		}
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		switch {
		case e.Event == "start":
			var start Start
			if json.Unmarshal(lines.Bytes(), &start) == nil {
				h.Start = start
			}
		case e.Event == "step" && e.Loss != nil:
			h.Loss = append(slices.DeleteFunc(h.Loss, func(l Loss) bool { return l.Step >= e.Step }), Loss{e.Step, *e.Loss})
		case e.Event == "eval":
			var one Evaluation
			if json.Unmarshal(lines.Bytes(), &one) == nil {
				h.Evaluations = append(slices.DeleteFunc(h.Evaluations, func(o Evaluation) bool { return o.Step >= one.Step }), one)
			}
		}
	}
	return h, lines.Err()
}

// start returns the look at validation before the first step, nil where there is none.
func (h History) start() *Evaluation { return h.at(0) }

// at returns the look at validation at a step, nil where there is none.
func (h History) at(step int) *Evaluation {
	for i, e := range h.Evaluations {
		if e.Step == step {
			return &h.Evaluations[i]
		}
	}
	return nil
}

// charts draws loss, quality, distances and effective rank over the steps.
func (h History) charts(labels bool) (list []template.HTML) {
	if len(h.Loss) > 0 {
		s := series{Name: "loss"}
		for _, l := range h.Loss {
			s.X, s.Y = append(s.X, float64(l.Step)), append(s.Y, l.Mean)
		}
		last := h.Loss[len(h.Loss)-1]
		list = append(list, overSteps("loss", fmt.Sprintf("Loss of training, %.3g at step %d", last.Mean, last.Step), "loss", s))
	}
	if len(h.Evaluations) == 0 {
		return list
	}
	pick := func(name, class string, of func(e evaluate.Scores) float64) series {
		s := series{Name: name, Class: class, Dots: len(h.Evaluations) < 30}
		for _, e := range h.Evaluations {
			s.X, s.Y = append(s.X, float64(e.Step)), append(s.Y, of(e.Scores))
		}
		return s
	}
	metric := func(name, class string) series {
		return pick(name, class, func(e evaluate.Scores) float64 { return e.Metrics[name] })
	}
	quality := []series{metric("auc", "a"), metric("accuracy", "b")}
	if labels {
		quality = []series{metric("recall@1", "a"), metric("recall@5", "b")}
	}
	return append(list, overSteps("validation", "Quality on validation", "share", quality...),
		overSteps("distances", "Mean distance on validation", "distance",
			pick("same", "a", func(e evaluate.Scores) float64 { return e.Distances.PositiveMean }),
			pick("different", "b", func(e evaluate.Scores) float64 { return e.Distances.NegativeMean })),
		overSteps("rank", "Effective rank: dimensions that embeddings use", "dimensions",
			pick("rank", "a", func(e evaluate.Scores) float64 { return e.Rank })))
}

// overSteps draws lines over the steps of a training.
func overSteps(id, title, what string, list ...series) template.HTML {
	var xs, ys [][]float64
	for _, s := range list {
		xs, ys = append(xs, s.X), append(ys, s.Y)
	}
	return chart{ID: id, Title: title, X: around("step", xs...), Y: around(what, ys...), Series: list, Marker: -1}.svg()
}
