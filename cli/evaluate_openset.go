package cli

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tfpair/tfpair/runner/evaluate"
)

// printOpenSet shows what refusing the nearest image would do to strangers, whose class is not
// there, and to the others. It prints nothing of nil.
func printOpenSet(out output, e *evaluate.Exposure, o *evaluate.OpenSearch) {
	if o == nil {
		return
	}
	out.print("\nnone of these: %s, each with its class taken out, among %s; and %s with their class there%s",
		count(o.Strangers, "stranger"), count(o.Images, "image"), count(o.Known, "query"), onSeen(e))
	if t := openSetTable(e, o); t != nil {
		out.print("%s", t)
	}
	var targets []float64
	var measurable []bool
	for _, r := range o.Rates {
		targets, measurable = append(targets, r.Target), append(measurable, r.Measurable)
	}
	if few := unmeasured(targets, measurable, "strangers", o.Strangers); few != "" {
		out.print("%s", few)
	}
}

// openSetTable has a row for each share of strangers that there are enough of to measure it; it
// is nil where there is none.
func openSetTable(e *evaluate.Exposure, o *evaluate.OpenSearch) table.Writer {
	t := newTable("strangers accepted at most"+onSeen(e), "threshold", "strangers accepted", "95 % interval", "found", "95 % interval")
	rows := 0
	for _, r := range o.Rates {
		if !r.Measurable {
			continue
		}
		row := table.Row{fmt.Sprintf("%.1f %%", 100*r.Target), fmt.Sprintf("%.4g", r.Threshold), "", "", "", ""}
		row[2], row[3] = percentOf(r.FalsePositives)
		row[4], row[5] = percentOf(r.Detection)
		t.AppendRow(row)
		rows++
	}
	if rows == 0 {
		return nil
	}
	return t
}

// percentOf writes a share and its interval, nothing of nil.
func percentOf(m *evaluate.Measured) (value, interval string) {
	if m == nil {
		return "", ""
	}
	return fmt.Sprintf("%.2f %%", 100*m.Value), fmt.Sprintf("%.2f – %.2f %%", 100*m.Interval.Low, 100*m.Interval.High)
}
