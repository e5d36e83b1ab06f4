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
	data    string // that the images came from; "": ids are given
	prefix  string // of its ids; "": any
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

With --data, all images go that came from data that tfpair index build, add and update
were given, and the index forgets it. It need not be there any more.

` + examplesHead + `  tfpair index remove --index figures.index --id test/house/000.png
  tfpair index remove --index figures.index --data demo/pictures`,
		Action: func(c *cli.Context) error {
			o.ids = c.StringSlice("id")
			return runIndexRemove(c.Context, o, streams)
		},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "index", Destination: &o.index, Usage: indexUsage},
			&cli.StringSliceFlag{Name: "id", Usage: "`ID` of an image; may be repeated"},
			&cli.StringFlag{Name: "ids", Destination: &o.list, Usage: "`FILE` of ids, one a line"},
			&cli.StringFlag{Name: "data", Destination: &o.data, Usage: "remove all images that came from `DATA`, in the words that the index remembers"},
			&cli.StringFlag{Name: "prefix", Destination: &o.prefix, Usage: "with --data: only those that were added under the prefix `NAME`"},
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
	case len(o.ids) == 0 && o.list == "" && o.data == "":
		return usagef("index remove needs --id, --ids or --data")
	case o.data != "" && (len(o.ids) > 0 || o.list != ""):
		return usagef("--data removes all that came from there: leave out --id and --ids")
	case o.data == "" && o.prefix != "":
		return usagef("--prefix is for --data")
	case o.data != "" && isService(o.index):
		return usagef("--data is for an index at hand: a service does not list its images; remove them by id")
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
	var from []index.Source
	if o.data != "" {
		if from, ids, err = o.cameFrom(f); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if _, _, there := f.Find(id); !there {
			r.Skipped = append(r.Skipped, id)
			out.say("skipped    %q is not in the index", id)
		}
	}
	if r.Removed, err = f.Remove(ids...); err != nil {
		return err
	}
	if err := f.Forget(from...); err != nil {
		return err
	}
	r.Seconds = time.Since(began).Seconds()
	return finishIndex(r, f, out)
}

// cameFrom returns the sources of --data and the ids of the images that came from there.
func (o removeOptions) cameFrom(f *index.Folder) (from []index.Source, ids []string, err error) {
	all := f.Sources()
	for _, s := range all.List {
		if sameFile(s.Data, o.data) && (o.prefix == "" || s.Prefix == idPrefix(o.prefix)) {
			from = append(from, s)
		}
	}
	if len(from) == 0 {
		return nil, nil, &unknownDataError{f.Path(), o.data, idPrefix(o.prefix), all.List}
	}
	x := f.Index()
	for row, item := range x.All() {
		owners, sure := all.Owners(item.ID, x.Source(row))
		other := func(of index.Source) bool { return !slices.Contains(from, of) }
		if sure && len(owners) > 0 && !slices.ContainsFunc(owners, other) {
			ids = append(ids, item.ID)
		}
	}
	return from, ids, nil
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
