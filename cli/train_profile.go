package cli

import (
	"fmt"

	"github.com/tfpair/tfpair/runner/train"
)

// shownKinds is how many kinds of operations a table has; the others are one row.
const shownKinds = 15

// profiled prints what the operations of a step took.
func (w *trainWatcher) profiled(e train.Profiled) {
	table := newTable("operation", "in a step", "ms", "share")
	add := func(kind string, count, seconds any, share float64) {
		table.AppendRow([]any{kind, count, fmt.Sprintf("%.2f", seconds), fmt.Sprintf("%.1f %%", 100*share)})
	}
	count, seconds := 0, 0.0
	for i, o := range e.Operations {
		if i < shownKinds {
			add(o.Kind, o.Count, 1000*o.Seconds, o.Seconds/e.Seconds)
			continue
		}
		count, seconds = count+o.Count, seconds+o.Seconds
	}
	if count > 0 {
		add("all others", count, 1000*seconds, seconds/e.Seconds)
	}
	add("no operation", "", 1000*e.Between, e.Between/e.Seconds)
	w.out.print("profile of steps %d to %d", e.Step-e.Steps+1, e.Step)
	w.out.print("%s", table)
	w.out.print("a step takes %.1f ms, of which %.0f %% are outside convolutions and matrix products", 1000*e.Seconds, 100*e.Others)
}
