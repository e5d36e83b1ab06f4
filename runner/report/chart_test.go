package report

import "testing"

// TestTicks: the range of a training that begins at step 0, with its margin, has the tick 0 and not -0.
func TestTicks(t *testing.T) {
	got := ticksOf(-0.5, 300)
	if len(got) == 0 || got[0].Text != "0" || got[len(got)-1].Text != "300" {
		t.Errorf("%v", got)
	}
}
