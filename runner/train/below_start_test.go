package train

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// TestBelowStart: the start is measured as step 0. A rate at which the weights fly apart
// makes the network worse than it was, and the alarm names it; a rate of nothing does not.
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
		if len(start) != 1 || start[0].Best || s.BestStep == 0 {
			t.Errorf("lr %s: measured at the start %+v, best at step %d; want one that is no best", lr, start, s.BestStep)
		}
		text := strings.Join(alarms, "\n")
		if got := strings.Contains(text, "training made it worse") && strings.Contains(text, "train.steps"); got != worse {
			t.Errorf("lr %s: start %v, best %v, alarms %q, want one of a training that made it worse: %v", lr,
				start[0].Scores.Metrics["auc"], s.BestValue, text, worse)
		}
	}
}
