package cli

import (
	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models/distance"
)

// prevalenceFlag says what probabilities are for.
func prevalenceFlag(to *float64) cli.Flag {
	return &cli.Float64Flag{Name: "prevalence", Destination: to, Value: distance.EvenPrevalence,
		Usage: "`SHARE` of same among all pairs that your service compares, such as 0.01; probabilities are for it"}
}

// checkPrevalence refuses what is no share, or leaves one kind of pair out.
func checkPrevalence(share float64) error {
	if share > 0 && share < 1 {
		return nil
	}
	return usagef("--prevalence must be above 0 and below 1, got %g", share)
}
