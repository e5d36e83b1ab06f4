package cli

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/runner/inference"
)

// modelOptions say which network to use.
type modelOptions struct {
	folder     string // of a run or of an exported model
	checkpoint string // of a run; "": best
	trust      trustOptions
}

func (o *modelOptions) addFlags(c *cli.Command) {
	o.addFolder(c)
	o.trust.addFlags(c)
}

// addFolder adds the flags that say which network is meant, for commands that load no exported model.
func (o *modelOptions) addFolder(c *cli.Command) {
	c.Flags = append(c.Flags, &cli.StringFlag{Name: "model", Destination: &o.folder,
		Usage: "`FOLDER` of a run or of an exported model"}, checkpointFlag(&o.checkpoint))
}

// checkpointFlag is empty where it is not given: the best.
func checkpointFlag(to *string) cli.Flag {
	return &cli.StringFlag{Name: "checkpoint", Destination: to, DefaultText: bestCheckpoint,
		Usage: "`CHECKPOINT` of a run: best (by train.select), last, or the number of a step"}
}

// bestCheckpoint is the checkpoint of a run that is used where none is given.
const bestCheckpoint = "best"

// open opens the network. Who opens it closes it.
func (o modelOptions) open(on machineOptions) (*inference.Model, error) {
	key, err := o.trust.signer.read()
	if err != nil {
		return nil, err
	}
	m, err := inference.Open(o.folder, inference.Options{Checkpoint: o.checkpoint, Session: on.session(),
		Trust: o.trust.trusted(), Key: key})
	switch {
	case errors.Is(err, inference.ErrNoSignature):
		return nil, usagef("--require-signature is of an exported model; --model %s is a run", o.folder)
	case errors.Is(err, inference.ErrNoCheckpoints):
		return nil, usagef("--checkpoint is of a run; --model %s is an exported model", o.folder)
	}
	return m, err
}
