package cli

import (
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/runner/inference"
)

// thresholdOptions say up to which distance two images are the same. The zero value is the
// threshold of the model.
type thresholdOptions struct {
	value        float64
	given        bool   // value was given
	falseAccepts string // a share, "1%" or "0.01"; "": not given
}

func (o *thresholdOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.Float64Flag{Name: "threshold", Destination: &o.value, DefaultText: "that of the model",
			Usage: "`DISTANCE` up to which two images are the same"},
		&cli.StringFlag{Name: "false-accepts", Destination: &o.falseAccepts,
			Usage: "`SHARE` of different pairs that may be called the same, such as 1%; chooses the threshold on validation"})
}

// asked reports whether it is not the threshold of the model.
func (o thresholdOptions) asked() bool { return o.given || o.falseAccepts != "" }

func (o thresholdOptions) validate() error {
	if o.given && o.falseAccepts != "" {
		return usagef("--threshold and --false-accepts each choose the threshold; give one of them")
	}
	_, err := parseShare("--false-accepts", o.falseAccepts)
	return err
}

// choose has m decide by the threshold that is asked for.
func (o thresholdOptions) choose(m *inference.Model) error {
	if o.given {
		m.SetThreshold(distance.Threshold{Value: o.value, Source: "--threshold"})
		return nil
	}
	share, err := parseShare("--false-accepts", o.falseAccepts)
	if err != nil || share == 0 {
		return err
	}
	return m.ChooseThreshold(distance.Rule{FalseAccepts: share})
}

// parseShare reads a share above 0 and below 1, as a number or in percent; "" is 0.
func parseShare(flag, text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, percent := strings.CutSuffix(text, "%")
	share, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		share /= 100
	}
	if err != nil || !(share > 0 && share < 1) {
		return 0, usagef("%s must be a share above 0 and below 1, such as 1%% or 0.01, got %q", flag, text)
	}
	return share, nil
}
