package cli

import (
	"fmt"
	"os"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/models/weights"
)

// listedWeights is a set of weights that --weights takes by name.
type listedWeights struct {
	Name    string `json:"name"`
	Brief   string `json:"brief"`
	Pixels  int    `json:"input_size"` // side of the images that it was trained on
	Bytes   int64  `json:"bytes"`
	Licence string `json:"licence"`
	Package string `json:"package"`
	File    string `json:"file,omitempty"` // "": it is not fetched
}

func newWeightsListCommand(streams IO) *cli.Command {
	var o outputOptions
	c := &cli.Command{
		Name:  "list",
		Usage: "list the names that --weights takes, and which are fetched",
		Description: "Nothing is downloaded. A name that is not fetched is downloaded when you give it to --weights.\n\n" +
			examplesHead + "  tfpair weights list",
		Action: func(*cli.Context) error { return runWeightsList(o.on(streams)) },
	}
	o.addFlags(c)
	return c
}

func runWeightsList(out output) error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	fetched := pretrained.Fetched(cache)
	t := newTable("name", "input", "size", "licence", "fetched")
	for _, s := range pretrained.Sets {
		l := listedWeights{Name: s.Name, Brief: s.Brief, Pixels: weights.Pixels(s.Name), Bytes: s.Size, Licence: s.Licence,
			Package: s.Project + "==" + s.Version}
		here := "no"
		if slices.Contains(fetched, s.Name) {
			l.File, here = s.Path(cache), "yes"
		}
		t.AppendRow(table.Row{s.Name, l.Pixels, fmt.Sprintf("%.1f MB", float64(s.Size)/1e6), s.Licence, here})
		if err := out.emit("weights", l); err != nil {
			return err
		}
	}
	out.print("%s", t)
	out.say("use them in a training: %s", startWith(pretrained.Sets[0].Name))
	return nil
}
