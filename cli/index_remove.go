package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/runner/serve/client"
)

// removeOptions are the options of tfpair index remove.
type removeOptions struct {
	index   string
	ids     []string
	list    string // file of ids; "": none
	service serviceFlags
	output  outputOptions
}

func newIndexRemoveCommand(streams IO) *cli.Command {
	var o removeOptions
	c := &cli.Command{
		Name:  "remove",
		Usage: "remove images from an index",
		Description: `An image is named by its id, which is its path as search shows it. The pictures
themselves stay where they are. No search finds a removed image. Its embedding and its
thumbnail are in the files of the index until tfpair index compact.

` + examplesHead + `  tfpair index remove --index figures.index --id test/house/000.png`,
		Action: func(c *cli.Context) error {
			o.ids = c.StringSlice("id")
			return runIndexRemove(c.Context, o, streams)
		},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "index", Destination: &o.index, Usage: indexUsage},
			&cli.StringSliceFlag{Name: "id", Usage: "`ID` of an image; may be repeated"},
			&cli.StringFlag{Name: "ids", Destination: &o.list, Usage: "`FILE` of ids, one a line"},
		},
	}
	o.service.addFlags(c)
	o.output.addFlags(c)
	needs(c, "index")
	return c
}

func runIndexRemove(ctx context.Context, o removeOptions, streams IO) error {
	switch {
	case o.index == "":
		return usagef("index remove needs --index")
	case len(o.ids) == 0 && o.list == "":
		return usagef("index remove needs --id or --ids")
	}
	out, began := o.output.on(streams), time.Now()
	if err := o.service.validate(o.index); err != nil {
		return err
	}
	more, err := readLines(o.list)
	if err != nil {
		return err
	}
	ids := slices.Concat(o.ids, more)
	if isService(o.index) {
		return o.removeFromService(ctx, ids, streams)
	}
	f, err := index.OpenFolder(o.index)
	if err != nil {
		return err
	}
	var r changedIndex
	for _, id := range ids {
		if _, _, there := f.Find(id); !there {
			r.Skipped = append(r.Skipped, id)
			out.say("skipped    %q is not in the index", id)
		}
	}
	if r.Removed, err = f.Remove(ids...); err != nil {
		return err
	}
	r.Seconds = time.Since(began).Seconds()
	return finishIndex(r, f, out)
}

// removeFromService removes images from the index of a service.
func (o removeOptions) removeFromService(ctx context.Context, ids []string, streams IO) (err error) {
	out, began := o.output.on(streams), time.Now()
	defer func() { err = answered(ctx, err) }()
	c, err := o.service.open(o.index, streams)
	if err != nil {
		return err
	}
	r := changedIndex{Index: o.index}
	for _, id := range ids {
		err := patiently(ctx, func() error { _, err := c.Remove(ctx, id); return err })
		var answer *client.Error
		switch {
		case err == nil:
			r.Removed++
		case errors.As(err, &answer) && answer.Absent():
			r.Skipped = append(r.Skipped, id)
			out.say("skipped    %q is not in the index", id)
		default:
			return fmt.Errorf("remove %q: %w", id, err)
		}
	}
	info, err := c.Index(ctx)
	if err != nil {
		return err
	}
	r.Images, r.Classes, r.Seconds = info.Images, info.Classes, time.Since(began).Seconds()
	return r.show(out)
}
