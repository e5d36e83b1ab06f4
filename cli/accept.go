package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/runner/inference"
)

// whichThreshold tells the two thresholds of a model with a gallery apart.
const whichThreshold = "two images are compared by the threshold of pairs; a search in the gallery has this one, " +
	"and an index one of its own"

// acceptance says up to which distance answers of a search are accepted, and what that comes to.
func acceptance(a *index.Accept, why string) string {
	if a == nil {
		return "no threshold for searches in it: " + noThreshold(why)
	}
	if a.Value < 0 && a.Promise == 0 {
		return fmt.Sprintf("nothing is accepted: no threshold found more right answers than it accepted wrong ones (%s)", a.Source)
	}
	if a.Value < 0 {
		return fmt.Sprintf("nothing is accepted: with any threshold more than %.3g %% of strangers were (%s)",
			100*a.Promise, a.Source)
	}
	line := fmt.Sprintf("accepted where distance <= %.4g (from %s)", a.Value, a.Source)
	if a.Detection != nil {
		line += fmt.Sprintf("; of known images %.1f %% are found", 100**a.Detection)
	}
	return line
}

// noThreshold says why an index has no threshold.
func noThreshold(why string) string {
	return cmp.Or(why, "an earlier version made what is searched; build it again for one")
}

// suggested says what threshold an index suggests to begin with.
func suggested(value float64) string {
	return fmt.Sprintf("of the images that find their own class in it, 95 %% do so within %s; how many strangers do is not known", number4(value))
}

// number4 returns a threshold as it is printed.
func number4(value float64) string { return fmt.Sprintf("%.4g", value) }

// accepting returns c with a threshold, and without a share of strangers and without passwords.
func (c commandLine) accepting(value float64) commandLine {
	var line commandLine
	for i := 0; i < len(c); i++ {
		if c[i] == "--false-accepts" {
			i++
			continue
		}
		line = append(line, postgres.Shown(c[i]))
	}
	return line.with(given{"threshold", number4(value)})
}

// outgrown reports whether x lies in a database, and no threshold was chosen for what is there now.
func outgrown(x index.Searched) bool {
	p, ok := x.(*postgres.Index)
	return ok && p.Outgrown()
}

// nextThreshold returns the command that chooses the threshold of an index in a database. A model that does not tell of strangers gives
// way to its run, whose folder it does not know.
func nextThreshold(m *inference.Model, url string) commandLine {
	model := m.Name
	if m.Silent() {
		model = "RUN"
	}
	return commandLine{"tfpair", "index", "threshold"}.with(given{"model", model}, given{"index", postgres.Shown(url)})
}

// addSearchFlags adds the flags of addFlags for searches, whose threshold is that of the index.
func (o *thresholdOptions) addSearchFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.Float64Flag{Name: "threshold", Destination: &o.value, DefaultText: "that of the index",
			Usage: "accept answers up to distance `X`, of any number"},
		&cli.StringFlag{Name: "false-accepts", Destination: &o.falseAccepts,
			Usage: "`SHARE` of strangers, whose class is not in the index, that may be accepted, such as 1%"})
}

// of returns x with the threshold that is asked for.
func (o thresholdOptions) of(ctx context.Context, m *inference.Model, x index.Searched) (index.Searched, error) {
	if o.given {
		return index.Accepting(x, index.Accept{Threshold: distance.Threshold{Value: o.value, Source: "--threshold"}, Images: x.Len()}), nil
	}
	share, err := parseShare("--false-accepts", o.falseAccepts)
	if err != nil || share == 0 {
		return x, err
	}
	return m.Promising(ctx, x, share)
}
