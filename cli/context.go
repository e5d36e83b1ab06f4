package cli

import (
	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/train"
)

// What commands use that have no options of their own yet: the shared groups, read from a
// *cli.Context.

func dataFlags() []cli.Flag {
	var c cli.Command
	new(dataOptions).addFlags(&c)
	return c.Flags
}

func badFlags() []cli.Flag {
	var c cli.Command
	new(readingOptions).addFlags(&c)
	return c.Flags
}

func machineFlags() []cli.Flag {
	var c cli.Command
	new(machineOptions).addFlags(&c)
	return c.Flags
}

func outputFlags() []cli.Flag {
	var c cli.Command
	new(outputOptions).addFlags(&c)
	return c.Flags
}

func need(c *cli.Context, flags ...string) error {
	var list []given
	for _, flag := range flags {
		list = append(list, given{flag, c.String(flag)})
	}
	return require(c.Command.Name, list...)
}

func readingOf(c *cli.Context) readingOptions {
	return readingOptions{bad: c.String("bad-images"), budget: c.Float64("bad-budget"), workers: c.Int("workers")}
}

func openData(c *cli.Context) (*dataset.Dataset, error) {
	o := dataOptions{path: c.String("data"), val: c.String("val"), images: c.String("images"),
		format: c.String("format"), columns: c.String("columns"), splits: c.String("splits"), reading: readingOf(c)}
	return o.open()
}

func skipShare(c *cli.Context) (float64, error) {
	o := readingOf(c)
	return o.skip(), o.validate()
}

func storeOptions(c *cli.Context) pipeline.StoreOptions { return readingOf(c).store() }

func sessionOptions(c *cli.Context) (session.Options, error) {
	o := machineOptions{device: c.String("device"), threads: c.Int("threads")}
	return o.session(), o.validate()
}

func newOutput(c *cli.Context, streams IO) output {
	return outputOptions{json: c.Bool("json"), quiet: c.Bool("quiet")}.on(streams)
}

func modelFlags() []cli.Flag {
	var c cli.Command
	new(modelOptions).addFlags(&c)
	return c.Flags
}

func specFlags() []cli.Flag {
	var c cli.Command
	new(specOptions).addFlags(&c)
	return c.Flags
}

func readLayers(c *cli.Context) ([]layer, *train.Resolved, error) {
	return specOptions{preset: c.String("preset"), file: c.String("spec"), set: c.StringSlice("set")}.layers()
}

func readSpec(c *cli.Context) (*train.Resolved, error) {
	return specOptions{preset: c.String("preset"), file: c.String("spec"), set: c.StringSlice("set")}.read()
}
