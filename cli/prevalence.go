package cli

import (
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models/distance"
)

// prevalenceFlag says what probabilities are for, as a number or in percent.
func prevalenceFlag(to *float64) cli.Flag {
	*to = distance.EvenPrevalence
	return &cli.StringFlag{Name: "prevalence", Value: strconv.FormatFloat(distance.EvenPrevalence, 'g', -1, 64),
		Usage: "`SHARE` of same among all pairs that your service compares, such as 1%; probabilities are for it",
		Action: func(_ *cli.Context, text string) (err error) {
			*to, err = parseShare("--prevalence", text)
			return err
		}}
}

// checkPrevalence refuses what is no share, or leaves one kind of pair out.
func checkPrevalence(share float64) error {
	if share > 0 && share < 1 {
		return nil
	}
	return usagef("--prevalence must be above 0 and below 1, got %g", share)
}
