package report

import (
	"fmt"
	"strings"

	"github.com/tfpair/tfpair/models/distance"
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
	rising     *rise              // of validation when the steps were used up; nil: it was not
	patience   bool               // ended the training: longer would be the same
	alarm      *Alarm             // that the training ended with; nil: none
	unfinished *[2]int            // step that the training has come to, and steps that it is to make; nil: it has ended
	threshold  distance.Threshold // that decides
	accepted   *evaluate.Measured // that it should not have; nil: not measured
	accepts    string             // what is accepted, "different pairs"
	commands   Commands
}

// Commands are what advice tells to give, as a shell reads them; "" where there is none.
type Commands struct {
	Longer   string // goes on with a training, with more steps where its own are made
	Stricter string // measures with a threshold that accepts less
	Check    string // looks for copies in the data
}

// Advice is a thing to do.
type Advice struct {
	Text    string
	Command string // that does it; "": none
}

// Limits of the rules. They are of judgement: none is measured.
const (
	fewPictures  = 10   // of a class, below which it is asked for more
	badClass     = 0.7  // share of a class that is found, below which it is looked at
	oneClass     = 0.3  // share of a class that finds one other class, from which the two may be one
	noNumber     = 0.5  // width of the interval of the number to trust, from which nothing else is worth looking at
	wideInterval = 0.1  // width of the interval of the number to trust, from which more test pictures are asked for
	wideRate     = 0.05 // the same of false accepts or false rejects
	manyDoubts   = 0.02 // share of labels in doubt
	goodWitness  = 0.9  // number to trust from which a network is asked about labels: a worse one contradicts right labels, too
	offBy        = 0.05 // calibration error
	lowRank      = 3    // effective rank of embeddings that lie nearly on a plane
	stillRising  = .005 // by which validation got better over the last third of a training, from which more steps are advised
)

// rule says what to do; the text is "" where there is no need.
type rule func(f facts) Advice

// rules are asked in this order: what spoils the numbers comes before what would make them better, and of that what more
// training may change before what asks for more pictures.
var rules = []rule{nothingSure, collapsed, unfinished, alarmed, noBetter, leaked, mislabelled, brokenPromise, tooShort, oneOrTwo, tooFew, unsureThreshold, unsureNumber,
	uncalibrated, worstClass}

// otherwise are what there is to do where all is well, and but for the first one where little is not.
var otherwise = [3]string{
	"Nothing above looks wrong: export the model, and watch how it does on your own new pictures.",
	"Move the slider to the errors that your users mind least, and give that threshold to the service.",
	"Measure again on pictures that are taken later or elsewhere: these are like those of the training.",
}

// advise returns the first three sentences that the rules have.
func advise(f facts) (list [3]Advice) {
	n := 0
	for _, r := range rules {
		if a := r(f); a.Text != "" && n < len(list) {
			list[n] = a
			n++
		}
	}
	for i := min(n, 1); n < len(list); i, n = i+1, n+1 { // the first one would contradict a rule
		list[n].Text = otherwise[i]
	}
	return list
}

// say returns advice without a command.
func say(format string, args ...any) Advice { return Advice{Text: fmt.Sprintf(format, args...)} }

// nothingSure says that there are too few pictures to say anything.
func nothingSure(f facts) Advice { return f.widerThan(noNumber, 1.01) }

// widerThan asks for more pictures where the interval of the number to trust is as wide as this, and no wider than that.
func (f facts) widerThan(this, that float64) Advice {
	if width := f.headline.Interval.High - f.headline.Interval.Low; width < this || width >= that {
		return Advice{}
	}
	return say("Measure on more pictures: with %d of them the true number may be anywhere from %.1f to %.1f %%.", f.images,
		100*f.headline.Interval.Low, 100*f.headline.Interval.High)
}

func collapsed(f facts) Advice {
	if f.rank > 0 && f.rank < lowRank && f.images > 10 {
		return say("Train again with another loss or a lower learning rate: embeddings use only %.1f dimensions, so that most pictures lie on one another.", f.rank)
	}
	return Advice{}
}

// unfinished says that the training has steps left.
func unfinished(f facts) Advice {
	if f.unfinished == nil {
		return Advice{}
	}
	return Advice{fmt.Sprintf("Let the training end: it has made %d of %d steps.", f.unfinished[0], f.unfinished[1]), f.commands.Longer}
}

// alarmed says what the training said itself when it ended.
func alarmed(f facts) Advice {
	if f.alarm == nil || f.unfinished != nil {
		return Advice{}
	}
	return say("Train again, and %s: %s.", f.alarm.Advice, f.alarm.Reason)
}

func noBetter(f facts) Advice {
	more := "Train longer"
	if f.patience {
		more = "Train with more pictures"
	}
	switch {
	case f.alarm != nil, f.unfinished != nil: // the first says more, and after the second it may become better
		return Advice{}
	case nothingSure(f).Text != "": // neither about this
		return Advice{}
	case f.baseline != nil && f.headline.Value == 1 && f.baseline.Value == 1:
		return say("Measure on harder pictures: comparing raw pixels makes no mistake on these, either.")
	case f.baseline != nil && f.headline.Better == "higher" && f.headline.Value <= f.baseline.Value:
		return Advice{more + ", or start from --weights: comparing raw pixels does as well as this network.", f.commands.Longer}
	case f.before != nil && f.after != nil && *f.after <= *f.before && *f.after < 1:
		return Advice{more + ", or start from --weights: on validation the network is no better than before the training.", f.commands.Longer}
	}
	return Advice{}
}

func leaked(f facts) Advice {
	if f.copies > 0 {
		return Advice{fmt.Sprintf("Look for copies in the data: %s copies of pictures that the training has seen, which makes the numbers too good.",
			isOf(f.copies, "measured picture")), f.commands.Check}
	}
	return Advice{}
}

func mislabelled(f facts) Advice {
	if f.images > 0 && f.headline.Value >= goodWitness && float64(f.doubted) >= manyDoubts*float64(f.images) {
		return say("Look at the doubted labels below: the network contradicts %d of %d, and each that is wrong costs quality and a wrong number.", f.doubted, f.images)
	}
	return Advice{}
}

// brokenPromise says that the threshold accepts more here than it was chosen to.
func brokenPromise(f facts) Advice {
	if f.accepted == nil || !f.threshold.Broken(f.accepted.Interval.Low) {
		return Advice{}
	}
	how := ", or for a smaller share"
	if f.commands.Stricter == "" {
		how = ""
	}
	return Advice{fmt.Sprintf("Choose the threshold on more pictures, and on such as these%s: it was to accept at most %.3g %% of %s, and accepts %.1f %% here (%.1f to %.1f %%).",
		how, 100*f.threshold.FalseAccepts, f.accepts, 100*f.accepted.Value, 100*f.accepted.Interval.Low, 100*f.accepted.Interval.High), f.commands.Stricter}
}

func oneOrTwo(f facts) Advice {
	for _, c := range f.confused {
		if c.Share >= oneClass && c.Queries >= 3 && c.As != "" {
			return say("Decide whether %s and %s are one class: for %.0f %% of the pictures of %s, %s is found first.", c.Class, c.As, 100*c.Share, c.Class, c.As)
		}
	}
	return Advice{}
}

func tooFew(f facts) Advice {
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
		return Advice{}
	}
	return say("Add pictures of %s: %d here say little of how well it is found (fewer than %d pictures: %d of %d classes).", least.Class, least.Queries,
		fewPictures, few, len(f.classes))
}

func unsureThreshold(f facts) Advice {
	if f.wrong == nil || brokenPromise(f).Text != "" { // which asks for the same
		return Advice{}
	}
	for _, m := range []evaluate.Measured{f.wrong.FalseAccepts, f.wrong.FalseRejects} {
		if width := m.Interval.High - m.Interval.Low; width >= wideRate {
			return say("Collect more pictures for validation before you rely on the threshold: its %s lie anywhere from %.1f to %.1f %%.",
				map[bool]string{true: "false accepts", false: "false rejects"}[m.Name == "false_accepts"], 100*m.Interval.Low, 100*m.Interval.High)
		}
	}
	return Advice{}
}

func unsureNumber(f facts) Advice { return f.widerThan(wideInterval, noNumber) }

func uncalibrated(f facts) Advice {
	if f.calibrated != nil && f.calibrated.CalibrationError.Value >= offBy {
		return say("Do not show the probability to users before you run tfpair calibrate on pictures of your service: it is off by %.1f points.",
			100*f.calibrated.CalibrationError.Value)
	}
	return Advice{}
}

// tooShort says that the steps were used up while validation still got better.
func tooShort(f facts) Advice {
	if f.rising == nil || f.alarm != nil || f.unfinished != nil || noBetter(f).Text != "" {
		return Advice{}
	}
	number := func(v float64) string {
		if f.rising.name == evaluate.MedianRank {
			return fmt.Sprintf("%g", v)
		}
		return fmt.Sprintf("%.1f %%", 100*v)
	}
	return Advice{fmt.Sprintf("Train longer: validation still got better when the steps were used up. Its %s went from %s at step %d to %s at step %d, the last one.",
		strings.ReplaceAll(f.rising.name, "_", " "), number(f.rising.from), f.rising.fromStep, number(f.rising.to), f.rising.toStep), f.commands.Longer}
}

func worstClass(f facts) Advice {
	worst := evaluate.Class{Metrics: map[string]float64{"recall@1": badClass}}
	for _, c := range f.classes {
		if c.Queries >= fewPictures && c.Metrics["recall@1"] < worst.Metrics["recall@1"] {
			worst = c
		}
	}
	if worst.Class == "" {
		return Advice{}
	}
	return say("Look at the class %s in the gallery: only %.0f %% of its %d pictures find their own class first.", worst.Class, 100*worst.Metrics["recall@1"], worst.Queries)
}

// isOf writes "1 thing is" or "2 things are".
func isOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return fmt.Sprintf("%d %ss are", n, noun)
}
