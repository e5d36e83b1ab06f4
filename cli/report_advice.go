package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/report"
	"github.com/tfpair/tfpair/runner/train"
)

// commands are those that the advice of a page may tell to give. pairs is nil where label images were searched.
func (m measuring) commands(h report.History, pairs *evaluate.Report) (report.Commands, error) {
	var c report.Commands
	longer, err := m.longer(h)
	if err != nil {
		return c, err
	}
	c.Longer = longer.String()
	if m.model.TrainedOn(m.data) {
		c.Check = commandLine{"tfpair", "check"}.with(m.evaluateOptions.data.flags()...).String()
	}
	if pairs != nil && pairs.Wrong != nil && pairs.Threshold.Broken(pairs.Wrong.FalseAccepts.Interval.Low) {
		c.Stricter = m.stricter(pairs.Threshold.FalseAccepts, pairs.Wrong.FalseAccepts.Value).String()
	}
	return c, nil
}

// longer returns the command that goes on with the training of a run that has steps left, or that has made them and can
// make more. Where the learning rate depends on their number, another run begins as this one did. It is nil where the
// data or the weights are not known any more.
func (m measuring) longer(h report.History) (commandLine, error) {
	steps, left := h.Further()
	data := m.trainedOn(h)
	if steps == 0 || data == nil {
		return nil, nil
	}
	r, err := train.Resolve(m.model.Spec)
	if err != nil {
		return nil, err
	}
	f, err := run.Open(m.model.Name)
	if err != nil {
		return nil, err
	}
	line := slices.Concat(commandLine{"tfpair", "train"}, data)
	out := given{"out", m.model.Name}
	if s := r.Spec.Train; !left && (!r.Schedule.Open || s.Interpolate || r.Backbone.Members != nil) {
		out.value = freeName(filepath.Clean(m.model.Name)+"-longer", "")
		weights, known := weightsOf(m.model.Manifest.Pretrained)
		if !known {
			return nil, f.Close()
		}
		line = line.with(weights...)
	}
	line = line.with(out, given{"spec", f.SpecPath()})
	if !left {
		line = line.with(given{"set", fmt.Sprintf("train.steps=%d", steps)})
	}
	return line.with(m.machine.flags()...), f.Close()
}

// trainedOn returns the flags that open the data of the training; nil where it is not at hand.
func (m measuring) trainedOn(h report.History) commandLine {
	words := h.Start.Data
	if at := slices.Index(words, "--data"); at >= 0 && at+1 < len(words) {
		if _, err := os.Stat(words[at+1]); err == nil {
			return words
		}
	}
	if words == nil || !m.model.TrainedOn(m.data) {
		return nil
	}
	o := m.evaluateOptions.data
	o.groupBy = m.data.GroupBy
	return commandLine{}.with(o.flags()...)
}

// weightsOf returns the flags that name the weights which a network started from; known is false where these have no name.
func weightsOf(p *models.Pretrained) (flags []given, known bool) {
	if p == nil {
		return nil, true
	}
	for _, one := range p.All() {
		at := slices.IndexFunc(pretrained.Sets, func(s pretrained.Set) bool { return s.SHA256 == one.SHA256 })
		if at < 0 {
			return nil, false
		}
		flags = append(flags, given{"weights", pretrained.Sets[at].Name})
	}
	return flags, true
}

// stricter returns the command that measures again at a threshold for a smaller share of false accepts: smaller than the
// promised one by as much as the measured one was larger. It is nil where validation has too few pairs to choose it.
func (m measuring) stricter(promised, measured float64) commandLine {
	share, err := strconv.ParseFloat(fmt.Sprintf("%.2g", 100*promised*promised/measured), 64) // percent
	if err != nil || m.model.Manifest.Curve == nil {
		return nil
	}
	if _, err := m.model.Manifest.Curve.Choose(distance.Rule{FalseAccepts: share / 100}); err != nil {
		return nil
	}
	o := m.evaluateOptions
	line := commandLine{"tfpair", "evaluate"}.with(given{"model", m.model.Name}, given{"checkpoint", o.model.checkpoint}).
		with(o.model.trust.flags()...).with(o.data.flags()...)
	if o.split != "test" {
		line = line.with(given{"split", o.split})
	}
	if o.unseen {
		line = append(line, "--unseen-classes")
	}
	if o.seen {
		line = append(line, "--seen")
	}
	return line.with(given{"gallery", o.gallery}, given{"false-accepts", strconv.FormatFloat(share, 'f', -1, 64) + "%"}).with(o.machine.flags()...)
}
