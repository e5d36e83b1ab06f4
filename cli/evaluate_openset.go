package cli

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// printOpenSet shows what refusing the nearest image would do to strangers, whose class is not
// there, and to the others. It prints nothing of nil.
func printOpenSet(out output, o *evaluate.OpenSearch) {
	if o == nil {
		return
	}
	out.print("\nnone of these: %s, each with its class taken out, among %s; and %s with their class there",
		count(o.Strangers, "stranger"), count(o.Images, "image"), count(o.Known, "query"))
	out.print("%s", openSetTable(o))
}

// openSetTable has a row for each share of strangers.
func openSetTable(o *evaluate.OpenSearch) table.Writer {
	t := newTable("strangers accepted at most", "threshold", "strangers accepted", "95 % interval", "found", "95 % interval")
	for _, r := range o.Rates {
		row := table.Row{fmt.Sprintf("%.1f %%", 100*r.Target), fmt.Sprintf("needs %s strangers, has %s",
			commas(distance.Needed(r.Target)), commas(o.Strangers)), "", "", "", ""}
		if r.Measurable {
			row[1] = fmt.Sprintf("%.4g", r.Threshold)
			row[2], row[3] = percentOf(r.FalsePositives)
			row[4], row[5] = percentOf(r.Detection)
		}
		t.AppendRow(row)
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
