package train

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func text(lines []string) string { return strings.Join(lines, "\n") }

// TestBelowStart: the start is measured as step 0. A rate at which the weights fly apart
// makes the network worse than it was: the start is the best, and the alarm names the rate. A
// rate of nothing makes it no worse, and what was trained is the best; an alarm says that it is no better.
func TestBelowStart(t *testing.T) {
	for lr, worse := range map[string]bool{"1e-30": false, "3": true} {
		c := config(t, pictures(t, 4, 10), filepath.Join(t.TempDir(), "run"),
			tiny(t, "optimizer={adam: {lr: "+lr+"}}"))
		var start []Evaluated
		var alarms []string
		c.Observe = func(e Event) {
			switch e := e.(type) {
			case Evaluated:
				if e.Step == 0 {
					start = append(start, e)
				}
			case Alarmed:
				alarms = append(alarms, e.Reason+"; "+e.Advice)
			}
		}
		s, err := Run(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		if len(start) != 1 || !start[0].Best || (s.BestStep == 0) != worse {
			t.Fatalf("lr %s: measured at the start %+v, best at step %d; the start is the best: %v", lr, start, s.BestStep, worse)
		}
		if (s.Later < s.BestValue) != worse {
			t.Errorf("lr %s: later %g, best %g", lr, s.Later, s.BestValue)
		}
		if tie := strings.Contains(text(alarms), "not better than the network before its first step"); tie == worse {
			t.Errorf("lr %s: alarms %q; want one of a training that is as good as its start: %v", lr, alarms, !worse)
		}
		if steps := mustSteps(t, c.Folder); slices.Contains(steps, 0) != (s.BestStep == 0) {
			t.Errorf("lr %s: checkpoints of steps %v, best %d", lr, steps, s.BestStep)
		}
		if got := strings.Contains(text(alarms), "training made it worse") && strings.Contains(text(alarms), "train.steps"); got != worse {
			t.Errorf("lr %s: start %v, best %v, alarms %q, want one of a training that made it worse: %v", lr,
				start[0].Scores.Metrics["auc"], s.BestValue, text(alarms), worse)
		}
	}
}

// TestAsGoodAsStart: a fold, or a head of closed form, that is as good as its start tells of nothing.
func TestAsGoodAsStart(t *testing.T) {
	for _, sets := range [][]string{{"train.folds=2", "train.test=0"}, {"head={linear: {embedding_dim: 4, start: ridge}}"}} {
		c := config(t, pictures(t, 4, 10), filepath.Join(t.TempDir(), "run"),
			tiny(t, append(sets, "optimizer={adam: {lr: 1e-30}}")...))
		c.Observe = func(e Event) {
			if a, ok := e.(Alarmed); ok && strings.Contains(a.Reason, "not better than the network") {
				t.Errorf("%s: alarm %s", sets, a.Reason)
			}
		}
		if _, err := Run(context.Background(), c); err != nil {
			t.Fatal(err)
		}
	}
}
