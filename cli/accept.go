package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
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
