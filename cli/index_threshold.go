package cli

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
)

// indexThresholdOptions are the options of tfpair index threshold.
type indexThresholdOptions struct {
	model        modelOptions
	index        string // URL
	falseAccepts string // a share; "": that of before
	machine      machineOptions
	output       outputOptions
}

func newIndexThresholdCommand(streams IO) *cli.Command {
	var o indexThresholdOptions
	c := &cli.Command{
		Name:  "threshold",
		Usage: "choose the threshold of an index in PostgreSQL for the images that it has now",
		Description: `A threshold is for the number of images it was chosen for. When an index in a database has
grown or shrunk by a quarter, search and serve call no answer accepted until you run this.
Strangers ask as for tfpair index build: images of the index, and those of validation that
the model knows. The model is the run, or an export with --with-seen. All programs that
search the index then use the new threshold. Of an index that has none yet, 5 % of
strangers are accepted at most.

An index in a folder has its threshold renewed by whoever changes it.

` + examplesHead + `  tfpair index threshold --model demo/model --index "postgres://shop@localhost/shop?index=figures"`,
		Action: func(c *cli.Context) error { return runIndexThreshold(c.Context, o, streams) },
	}
	o.model.addFlags(c)
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "index", Destination: &o.index, Usage: "`URL` that tfpair index push was given"},
		&cli.StringFlag{Name: "false-accepts", Destination: &o.falseAccepts, DefaultText: "as before",
			Usage: "`SHARE` of strangers, whose class is not in the index, that may be accepted, such as 1%"})
	o.machine.addFlags(c)
	o.output.addFlags(c)
	needs(c, "model", "index")
	return c
}

// renewedThreshold is the result of tfpair index threshold.
type renewedThreshold struct {
	Index       string        `json:"index"` // without the password
	Model       string        `json:"model"`
	Space       string        `json:"embedding_space"`
	Images      int           `json:"images"`
	Threshold   *index.Accept `json:"threshold,omitempty"`
	NoThreshold string        `json:"no_threshold,omitempty"`
	Seconds     float64       `json:"seconds"`
}

func runIndexThreshold(ctx context.Context, o indexThresholdOptions, streams IO) (err error) {
	err = require("index threshold", given{"model", o.model.folder}, given{"index", o.index})
	share, wrong := parseShare("--false-accepts", o.falseAccepts)
	if err := cmp.Or(err, wrong, o.model.trust.validate(), o.machine.validate()); err != nil {
		return err
	}
	if !postgres.Is(o.index) {
		return usagef("--index must be the URL of an index in a database: that of a folder is renewed by whoever changes the folder")
	}
	out := o.output.on(streams)
	m, err := o.model.open(o.machine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	began := time.Now()
	x, err := postgres.Open(ctx, o.index, m.Manifest.FitsAbout)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	about, err := m.Renew(ctx, x, share)
	if err != nil {
		return stopped(ctx, err)
	}
	r := renewedThreshold{Index: x.Name(), Model: m.Name, Space: about.Space, Images: x.Len(), Threshold: about.Accept,
		NoThreshold: about.NoAccept, Seconds: time.Since(began).Seconds()}
	if err := out.emit("summary", r); err != nil {
		return err
	}
	out.print("%s: %s", r.Index, count(r.Images, "image"))
	out.print("%s", acceptance(r.Threshold, r.NoThreshold))
	if kept := x.About().Accept; r.Threshold == nil && kept != nil {
		out.print("the one of before stays: %s", acceptance(kept, ""))
	}
	return nil
}
