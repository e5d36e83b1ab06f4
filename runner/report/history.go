package report

import (
	"bufio"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"

	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
)

// History is what a training went through.
type History struct {
	Start       Start
	Loss        []Loss
	Evaluations []Evaluation // of validation, by step
	Ended       string       // why it ended, as train.Ended… has it; "": it was killed, or is under way
	Alarm       *Alarm       // that came with its end: it has gone nowhere; nil: none did
}

// Alarm says that a training goes nowhere, and which knob to turn.
type Alarm struct {
	Step   int    `json:"step"`
	Reason string `json:"reason"`
	Advice string `json:"advice"`
}

// Why a training ended that no more steps belong to.
const (
	endedBudget   = "budget"
	endedPatience = "patience"
)

// Start is what a run said before its first step.
type Start struct {
	Steps       int      `json:"steps"` // that were asked for
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
	Best   bool            `json:"best"` // the best up to then, by which the checkpoint is chosen
}

// maxEvent is the longest line of events that is read, in bytes.
const maxEvent = 1 << 20

// ReadHistory reads the events of a run, one JSON object per line. Where a step was made twice, because a training
// went on from an earlier checkpoint, the last counts. Lines that cannot be read, such as one cut off, are passed over.
func ReadHistory(r io.Reader) (h History, err error) {
	var alarm *Alarm
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		var e struct {
			Event  string   `json:"event"`
			Step   int      `json:"step"`
			Loss   *float64 `json:"loss"`
			Reason string   `json:"reason"`
		}
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		switch {
		case e.Event == "start":
			var start Start
			if json.Unmarshal(lines.Bytes(), &start) == nil {
				h.Start, h.Ended, h.Alarm, alarm = start, "", nil, nil
			}
		case e.Event == "alarm":
			alarm = new(Alarm)
			if json.Unmarshal(lines.Bytes(), alarm) != nil {
				alarm = nil
			}
		case e.Event == "end":
			h.Ended = e.Reason
			if alarm != nil && alarm.Step == e.Step {
				h.Alarm = alarm
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

// unfinished returns the step that a training has come to whose steps are not all made; ok is false where they are, or
// patience with it ran out.
func (h History) unfinished() (step int, ok bool) {
	if n := len(h.Loss); n > 0 {
		step = h.Loss[n-1].Step
	}
	if n := len(h.Evaluations); n > 0 {
		step = max(step, h.Evaluations[n-1].Step)
	}
	return step, h.Ended != endedBudget && h.Ended != endedPatience && step < h.Start.Steps
}

// Further returns how many steps in all a training needs to go on: those that it was to make where some are left, else
// twice as many. It is 0 where patience ran out, and where nothing is known.
func (h History) Further() (steps int, left bool) {
	if _, left = h.unfinished(); left {
		return h.Start.Steps, true
	}
	if h.Ended != endedBudget {
		return 0, false
	}
	return 2 * h.Start.Steps, false
}

// rise is how a number of validation got better.
type rise struct {
	name             string
	from, to         float64
	fromStep, toStep int
}

// rising returns how the number by which the checkpoint is chosen got better over the last third of a training; nil
// where the model at step is not the last look at validation and the best one, or patience ran out.
func (h History) rising(name string, better metric.Better, step int) *rise {
	n := len(h.Evaluations)
	if h.Ended != endedBudget || n == 0 || h.Evaluations[n-1].Step != step || !h.Evaluations[n-1].Best {
		return nil
	}
	for i := n - 2; i >= 0 && h.Evaluations[i].Step > 0; i-- {
		if e := h.Evaluations[i]; 3*e.Step <= 2*step {
			from, ok := e.Scores.Metrics[name]
			to, known := h.Evaluations[n-1].Scores.Metrics[name]
			gain := to - from
			if better == metric.Lower {
				gain = -gain
			}
			if ok && known && gain >= stillRising {
				return &rise{name, from, to, e.Step, step}
			}
			return nil
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
