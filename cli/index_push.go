package cli

import (
	"context"
	"errors"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/runner/inference"
)

// pushOptions are the options of tfpair index push.
type pushOptions struct {
	index  string
	to     string // URL
	kind   string
	half   bool
	prune  bool
	output outputOptions
}

func newIndexPushCommand(streams IO) *cli.Command {
	var o pushOptions
	c := &cli.Command{
		Name:  "push",
		Usage: "write an index to PostgreSQL, where several services search it",
		Description: `The URL is postgres://USER@HOST/DATABASE?index=NAME, and NAME is "tfpair" if you leave it
out. The password comes from PGPASSWORD or the file .pgpass, so that no list of processes
shows it. The server needs pgvector 0.8 or later. The tables are made if they are not there.

Only what the database lacks is sent: a push again changes nothing, and one that was
stopped goes on where it was. Several programs may push at the same time. Vectors of
another embedding space are refused.

An index of kind hnsw has a graph, by which searches find most of the nearest in a
fraction of the time. The share is measured and printed. With --kind flat searches
compare all vectors, and answer as the index does.

` + examplesHead + `  tfpair index push --index figures.index --to "postgres://shop@localhost/shop?index=figures"`,
		Action: func(c *cli.Context) error { return runIndexPush(c.Context, o, streams) },
	}
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "index", Destination: &o.index, Usage: "`PATH` of an index from tfpair index build"},
		&cli.StringFlag{Name: "to", Destination: &o.to, Usage: "`URL` of the database and name of the index in it"},
		&cli.StringFlag{Name: "kind", Destination: &o.kind, Value: postgres.HNSW, Usage: "`KIND` of the index in the database: hnsw or flat"},
		&cli.BoolFlag{Name: "half", Destination: &o.half,
			Usage: "let the graph hold numbers of 16 bits, which takes half the memory; distances are computed from 32 bits all the same"},
		&cli.BoolFlag{Name: "remove-missing", Destination: &o.prune, Usage: "remove images from the database that are not in the index"})
	o.output.addFlags(c)
	needs(c, "index", "to")
	return c
}

// pushedIndex is the result of tfpair index push.
type pushedIndex struct {
	Index       string        `json:"index"`
	To          string        `json:"to"` // without the password
	Space       string        `json:"embedding_space"`
	Distance    string        `json:"distance"`
	Kind        string        `json:"kind"`
	Added       int           `json:"added"`
	Replaced    int           `json:"replaced"`
	Removed     int           `json:"removed"`
	Same        int           `json:"same"`
	Missing     int           `json:"missing"` // images of the database that are not in the index
	Images      int           `json:"images"`  // in the database
	Recall      float64       `json:"recall"`  // share of the ten nearest that searches find, as measured
	Threshold   *index.Accept `json:"threshold,omitempty"`
	NoThreshold string        `json:"no_threshold,omitempty"`
	Seconds     float64       `json:"seconds"`
}

func (o pushOptions) validate() error {
	if err := require("index push", given{"index", o.index}, given{"to", o.to}); err != nil {
		return err
	}
	switch {
	case isService(o.to):
		return usagef("--to is a database; a service embeds pictures itself, so send it those: tfpair index add --data DATA --index %s", shellWord(o.to))
	case !postgres.Is(o.to):
		return usagef("--to must be a URL such as postgres://user@host/database?index=shop")
	case o.kind != postgres.HNSW && o.kind != postgres.Flat:
		return usage(&named.UnknownError{Kind: "kind", Name: o.kind, Known: []string{postgres.Flat, postgres.HNSW}})
	case o.half && o.kind == postgres.Flat:
		return usagef("--half is for the graph of --kind hnsw")
	}
	return nil
}

func runIndexPush(ctx context.Context, o pushOptions, streams IO) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	x, err := index.Read(o.index)
	if err != nil {
		return err
	}
	bar, began := stages{out: out}, time.Now()
	there, p, err := postgres.Push(ctx, o.to, x, postgres.Options{Flat: o.kind == postgres.Flat, Half: o.half, Prune: o.prune,
		Progress: bar.of("pushing"), Graph: func() {
			bar.end()
			out.say("building the graph")
		}})
	bar.end()
	if err != nil {
		return stopped(ctx, err)
	}
	defer func() { err = errors.Join(err, there.Close()) }()
	about := there.About()
	r := pushedIndex{Index: o.index, To: there.Name(), Space: about.Space, Distance: about.Distance, Kind: about.Kind,
		Added: p.Added, Replaced: p.Replaced, Removed: p.Removed, Same: p.Same, Missing: len(p.Missing), Images: there.Len(),
		Recall: there.Recall(), Threshold: about.Accept, NoThreshold: about.NoAccept, Seconds: time.Since(began).Seconds()}
	return r.show(out, x, there.Outgrown())
}

// show says what was pushed from x.
func (r pushedIndex) show(out output, x *index.Index, outgrown bool) error {
	if err := out.emit("summary", r); err != nil {
		return err
	}
	out.print("%s: %s", r.To, changedIndex{Added: r.Added, Replaced: r.Replaced, Removed: r.Removed}.what())
	if r.Missing > 0 {
		out.print("%s not in %s (--remove-missing removes them)", count(r.Missing, "image"), r.Index)
	}
	out.print("it has %s, ranked by distance %s", count(r.Images, "image"), r.Distance)
	if r.Kind == postgres.HNSW {
		out.print("searches find %.1f %% of the ten nearest", 100*r.Recall)
	}
	out.print("%s", acceptance(r.Threshold, r.NoThreshold))
	out.say("next: %s", r.next(x, outgrown))
	return nil
}

// next returns the command that chooses a threshold for what is there, where none was, or else one that searches there. The model is the one
// that made the index, where it is at hand.
func (r pushedIndex) next(x *index.Index, outgrown bool) commandLine {
	model := x.About().Model
	if _, err := inference.IsRun(model); err != nil {
		model = "MODEL"
	}
	if outgrown {
		return commandLine{"tfpair", "index", "threshold"}.with(given{"model", model}, given{"index", r.To})
	}
	return nextSearch(model, r.To, x, readingOptions{})
}
