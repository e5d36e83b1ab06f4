package cli

import (
	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models"
)

// runModelName is the command that a service with --isolate starts for each of its models.
const runModelName = "run-model"

func newRunModelCommand() *cli.Command {
	return &cli.Command{
		Name:        runModelName,
		Usage:       "run the network of a model for the process that started this one",
		Description: "tfpair serve --isolate starts it. It is of no use to anybody else.",
		Hidden:      true,
		Action:      func(*cli.Context) error { return models.RunIsolated() },
	}
}
