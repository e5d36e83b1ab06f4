package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// chart is a drawing of lines. Lines are told by their dashes as well as by their colour.
type chart struct {
	ID, Title string
	Note      string // more for those who cannot see it
	X, Y      axis
	Series    []series
	Marker    int      // point of the first line that the script moves a dot along; -1: none
	Line      *float64 // x of an upright line; nil: none
	LineName  string
	Diagonal  bool // from corner to corner
}

type axis struct {
	Name      string
	Low, High float64
	Ticks     []tick
}

type tick struct {
	At   float64
	Text string
}

type series struct {
	Name  string
	Class string // "a", "b", "c": how it is drawn; "" is "a"
	X, Y  []float64
	Dots  bool
}

// Sizes of a chart in its own units.
const (
	chartWidth, chartHeight         = 420, 260
	chartLeft, chartTop, chartBelow = 56, 12, 40
	chartRight                      = 12
)

// svg returns the drawing.
func (c chart) svg() template.HTML {
	var b strings.Builder
	x := func(v float64) float64 { return scaled(v, c.X, chartLeft, chartWidth-chartRight) }
	y := func(v float64) float64 { return scaled(v, c.Y, chartHeight-chartBelow, chartTop) }
	esc := template.HTMLEscapeString
	fmt.Fprintf(&b, `<figure class="chart"><svg viewBox="0 0 %d %d" role="img" aria-labelledby="%s-t" id="%s"><title id="%s-t">%s</title>`,
		chartWidth, chartHeight, c.ID, c.ID, c.ID, esc(strings.TrimSpace(c.Title+". "+c.Note)))
	for _, t := range c.X.Ticks {
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/><text x="%.1f" y="%d" text-anchor="middle">%s</text>`,
			x(t.At), x(t.At), chartTop, chartHeight-chartBelow, x(t.At), chartHeight-chartBelow+14, esc(t.Text))
	}
	for _, t := range c.Y.Ticks {
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="%.1f" y2="%.1f"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			chartLeft, chartWidth-chartRight, y(t.At), y(t.At), chartLeft-5, y(t.At)+4, esc(t.Text))
	}
	fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text><text transform="translate(12 %d) rotate(-90)" text-anchor="middle">%s</text>`,
		(chartLeft+chartWidth-chartRight)/2, chartHeight-6, esc(c.X.Name), (chartTop+chartHeight-chartBelow)/2, esc(c.Y.Name))
	if c.Diagonal {
		fmt.Fprintf(&b, `<line class="diagonal" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, x(c.X.Low), y(c.Y.Low), x(c.X.High), y(c.Y.High))
	}
	if c.Line != nil {
		fmt.Fprintf(&b, `<line class="threshold" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, x(*c.Line), x(*c.Line), chartTop, chartHeight-chartBelow)
	}
	for _, s := range c.Series {
		var points []string
		for i := range s.X {
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(s.X[i]), y(s.Y[i])))
			if s.Dots {
				fmt.Fprintf(&b, `<circle class="dot" cx="%.1f" cy="%.1f" r="3"/>`, x(s.X[i]), y(s.Y[i]))
			}
		}
		fmt.Fprintf(&b, `<polyline class="line %s" points="%s"/>`, esc(s.Class), strings.Join(points, " "))
	}
	if c.Marker >= 0 && len(c.Series) > 0 {
		s := c.Series[0]
		fmt.Fprintf(&b, `<circle class="marker" cx="%.1f" cy="%.1f" r="6"/>`, x(s.X[c.Marker]), y(s.Y[c.Marker]))
	}
	b.WriteString(`</svg><figcaption>` + esc(c.Title))
	if len(c.Series) > 1 {
		for _, s := range c.Series {
			fmt.Fprintf(&b, ` <span class="key"><svg viewBox="0 0 24 8" aria-hidden="true"><polyline class="line %s" points="0,4 24,4"/></svg> %s</span>`, esc(s.Class), esc(s.Name))
		}
	}
	if c.Line != nil {
		b.WriteString(` <span class="key"><svg viewBox="0 0 24 8" aria-hidden="true"><line class="threshold" x1="0" x2="24" y1="4" y2="4"/></svg> ` + esc(c.LineName) + `</span>`)
	}
	b.WriteString(`</figcaption></figure>`)
	return template.HTML(b.String()) //nolint:gosec // every text is escaped
}

// scaled returns where a value lies between two ends, which it does not leave.
func scaled(v float64, a axis, from, to float64) float64 {
	if a.High <= a.Low {
		return from
	}
	share := (v - a.Low) / (a.High - a.Low)
	if math.IsNaN(share) {
		share = 0
	}
	return from + min(1, max(0, share))*(to-from)
}

// shares are ticks of shares.
func shares(list ...float64) (ticks []tick) {
	for _, v := range list {
		ticks = append(ticks, tick{v, fmt.Sprintf("%g %%", 100*v)})
	}
	return ticks
}

// ticksOf returns a few round numbers between two ends.
func ticksOf(low, high float64) (ticks []tick) {
	if !(high > low) {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	for _, factor := range []float64{1, 2, 5, 10} {
		if (high-low)/(step*factor) <= 6 {
			step *= factor
			break
		}
	}
	for i := math.Ceil(low/step) + 0; i*step <= high; i++ { // no -0
		ticks = append(ticks, tick{i * step, fmt.Sprintf("%.4g", i*step)})
	}
	return ticks
}

// around returns an axis that holds the values.
func around(name string, lists ...[]float64) axis {
	low, high := math.Inf(1), math.Inf(-1)
	for _, list := range lists {
		for _, v := range list {
			low, high = min(low, v), max(high, v)
		}
	}
	if margin := (high - low) * .05; margin > 0 {
		low, high = low-margin, high+margin
	} else {
		low, high = low-.5, high+.5
	}
	return axis{name, low, high, ticksOf(low, high)}
}
