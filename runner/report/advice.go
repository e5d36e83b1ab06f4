package report

import (
	"fmt"

	"github.com/tfpair/tfpair/runner/evaluate"
)

// facts are what the rules look at.
type facts struct {
	headline   evaluate.Measured  // the number to trust
	baseline   *evaluate.Measured // of comparing pixels; nil unknown
	before     *float64           // of validation before training; nil unknown
	after      *float64           // of the model on validation
	classes    []evaluate.Class
	confused   []evaluate.Confusion
	wrong      *evaluate.Wrong
	doubted    int // labels
	images     int // measured
	copies     int // of measured images, that training has seen
	rank       float64
	calibrated *evaluate.Calibrated
	atEnd      bool   // the best step is the last one
	next       string // command that trains on
}

// Limits of the rules. They are of judgement: none is measured.
const (
	fewPictures  = 10   // of a class, below which it is asked for more
	badClass     = 0.7  // share of a class that is found, below which it is looked at
	oneClass     = 0.3  // share of a class that finds one other class, from which the two may be one
	wideInterval = 0.1  // width of the interval of the number to trust, from which more test pictures are asked for
	wideRate     = 0.05 // the same of false accepts or false rejects
	manyDoubts   = 0.02 // share of labels in doubt
	goodWitness  = 0.9  // number to trust from which a network is asked about labels: a worse one contradicts right labels, too
	offBy        = 0.05 // calibration error
	lowRank      = 3    // effective rank of embeddings that lie nearly on a plane
)

// rule returns a sentence that says what to do, "" where there is no need.
type rule func(f facts) string

// rules are asked in this order: what spoils the numbers comes before what would make them better.
var rules = []rule{collapsed, noBetter, leaked, mislabelled, oneOrTwo, tooFew, unsureThreshold, unsureNumber, uncalibrated, stillRising, worstClass}

// otherwise are what there is to do where all is well, and but for the first one where little is not.
var otherwise = [3]string{
	"Nothing above looks wrong: export the model, and watch how it does on your own new pictures.",
	"Move the slider to the errors that your users mind least, and give that threshold to the service.",
	"Measure again on pictures that are taken later or elsewhere: these are like those of the training.",
}

// advise returns the first three sentences that the rules have.
func advise(f facts) (list [3]string) {
	n := 0
	for _, r := range rules {
		if text := r(f); text != "" && n < len(list) {
			list[n] = text
			n++
		}
	}
	for i := min(n, 1); n < len(list); i, n = i+1, n+1 { // the first one would contradict a rule
		list[n] = otherwise[i]
	}
	return list
}

func collapsed(f facts) string {
	if f.rank > 0 && f.rank < lowRank && f.images > 10 {
		return fmt.Sprintf("Train again with another loss or a lower learning rate: embeddings use only %.1f dimensions, so that most pictures lie on one another.", f.rank)
	}
	return ""
}

func noBetter(f facts) string {
	switch {
	case f.baseline != nil && f.headline.Better == "higher" && f.headline.Value <= f.baseline.Value:
		return "Train longer, or start from --weights: comparing raw pixels does as well as this network."
	case f.before != nil && f.after != nil && *f.after <= *f.before:
		return "Train longer, or with more pictures: on validation the network is no better than before the training."
	}
	return ""
}

func leaked(f facts) string {
	if f.copies > 0 {
		return fmt.Sprintf("Run tfpair check on the data: %s copies of pictures that the training has seen, which makes the numbers too good.", isOf(f.copies, "measured picture"))
	}
	return ""
}

func mislabelled(f facts) string {
	if f.images > 0 && f.headline.Value >= goodWitness && float64(f.doubted) >= manyDoubts*float64(f.images) {
		return fmt.Sprintf("Look at the doubted labels below: the network contradicts %d of %d, and each that is wrong costs quality and a wrong number.", f.doubted, f.images)
	}
	return ""
}

func oneOrTwo(f facts) string {
	for _, c := range f.confused {
		if c.Share >= oneClass && c.Queries >= 3 && c.As != "" {
			return fmt.Sprintf("Decide whether %s and %s are one class: for %.0f %% of the pictures of %s, %s is found first.", c.Class, c.As, 100*c.Share, c.Class, c.As)
		}
	}
	return ""
}

func tooFew(f facts) string {
	few, least := 0, evaluate.Class{}
	for _, c := range f.classes {
		if c.Queries < fewPictures {
			few++
			if least.Class == "" || c.Queries < least.Queries || c.Queries == least.Queries && c.Metrics["recall@1"] < least.Metrics["recall@1"] {
				least = c
			}
		}
	}
	if few == 0 {
		return ""
	}
	return fmt.Sprintf("Add pictures of %s: %d here say little of how well it is found (%d of %d classes have fewer than %d).", least.Class, least.Queries,
		few, len(f.classes), fewPictures)
}

func unsureThreshold(f facts) string {
	if f.wrong == nil {
		return ""
	}
	for _, m := range []evaluate.Measured{f.wrong.FalseAccepts, f.wrong.FalseRejects} {
		if width := m.Interval.High - m.Interval.Low; width >= wideRate {
			return fmt.Sprintf("Collect more pictures for validation before you rely on the threshold: its %s lie anywhere from %.1f to %.1f %%.",
				map[bool]string{true: "false accepts", false: "false rejects"}[m.Name == "false_accepts"], 100*m.Interval.Low, 100*m.Interval.High)
		}
	}
	return ""
}

func unsureNumber(f facts) string {
	if width := f.headline.Interval.High - f.headline.Interval.Low; width >= wideInterval {
		return fmt.Sprintf("Measure on more pictures: with %d of them the true number may be anywhere from %.1f to %.1f %%.", f.images,
			100*f.headline.Interval.Low, 100*f.headline.Interval.High)
	}
	return ""
}

func uncalibrated(f facts) string {
	if f.calibrated != nil && f.calibrated.CalibrationError.Value >= offBy {
		return fmt.Sprintf("Do not show the probability to users before tfpair calibrate on pictures of your service: it is off by %.1f points.",
			100*f.calibrated.CalibrationError.Value)
	}
	return ""
}

func stillRising(f facts) string {
	if f.atEnd && f.next != "" {
		return "Train longer: the last look at validation was the best one. " + f.next
	}
	return ""
}

func worstClass(f facts) string {
	worst := evaluate.Class{Metrics: map[string]float64{"recall@1": badClass}}
	for _, c := range f.classes {
		if c.Queries >= fewPictures && c.Metrics["recall@1"] < worst.Metrics["recall@1"] {
			worst = c
		}
	}
	if worst.Class == "" {
		return ""
	}
	return fmt.Sprintf("Look at the class %s in the gallery: only %.0f %% of its %d pictures find their own class first.", worst.Class, 100*worst.Metrics["recall@1"], worst.Queries)
}

// isOf writes "1 thing is" or "2 things are".
func isOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return fmt.Sprintf("%d %ss are", n, noun)
}
