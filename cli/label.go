package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/inference"
	"github.com/tfpair/tfpair/runner/label"
)

// labelOptions are the options of tfpair label.
type labelOptions struct {
	model   modelOptions
	data    string // folder or archive of pictures
	labels  string // folder of the pictures that stand for them; "": pairs are asked about
	out     string // list of pairs, or of photos and their label images
	port    int
	seed    uint64
	reading readingOptions
	machine machineOptions
	output  outputOptions
}

func newLabelCommand(streams IO) *cli.Command {
	var o labelOptions
	c := &cli.Command{
		Name:  "label",
		Usage: "ask you which pictures are the same, and keep a list that trains",
		Description: `Opens a page on this machine that shows two pictures: S same, D different, space skip,
U undo, G up to twenty at once. It asks what is worth asking: pairs that are likely to be
the same and are not known to be, and a sure one now and then.

With --label-images it shows a photo and the five label images that are nearest, such as
product pictures: 1 to 5 chooses, N is none of these.

Each answer is on the disk before the next question. The same command goes on with the
list. A model without training is a start:
  tfpair export --weights efficientnet-lite0 --out start

` + examplesHead + `  tfpair label --data demo/pictures --model demo/model --out pairs.csv
  tfpair label --data demo/pictures/test --label-images demo/pictures/train --model demo/model --out list.csv`,
		Action: func(c *cli.Context) error { return runLabel(c.Context, o, streams) },
	}
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "data", Destination: &o.data, Usage: "`PATH` of the pictures: a folder or an archive"},
		&cli.StringFlag{Name: "label-images", Destination: &o.labels, Usage: "`FOLDER` of pictures that stand for photos, such as product pictures: ask which is which"},
		&cli.StringFlag{Name: "out", Destination: &o.out, Usage: "`FILE` of the list, CSV; answers are appended to it"},
		&cli.IntFlag{Name: "port", Destination: &o.port, DefaultText: "a free one", Usage: "`PORT` of the page, on this machine only"},
		&cli.Uint64Flag{Name: "seed", Destination: &o.seed, Usage: "`SEED` of questions"})
	o.model.addFlags(c)
	o.reading.addFlags(c)
	o.machine.addFlags(c)
	o.output.addFlags(c)
	needs(c, "data", "model", "out")
	return c
}

func (o labelOptions) validate() error {
	err := require("label", given{"data", o.data}, given{"model", o.model.folder}, given{"out", o.out})
	switch {
	case err != nil:
		return err
	case !strings.EqualFold(filepath.Ext(o.out), ".csv"):
		return usagef("--out %q: want a name that ends in .csv", o.out)
	case o.port < 0 || o.port > 1<<16-1:
		return usagef("--port must be 0 to 65535, got %d", o.port)
	}
	return cmp.Or(o.reading.validate(), o.model.trust.validate(), o.machine.validate())
}

// labelling is what is said when the page is there.
type labelling struct {
	Address  string `json:"address"` // with the token: who has it can answer
	Out      string `json:"out"`
	Pictures int    `json:"pictures"`
	Labels   int    `json:"label_images,omitempty"`
	Answers  int    `json:"answers"` // that the list has already
}

// labelled is what a session came to.
type labelled struct {
	Out     string `json:"out"`
	Answers int    `json:"answers"`
	Same    int    `json:"same"`
}

func runLabel(ctx context.Context, o labelOptions, streams IO) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	if o.labels != "" {
		return o.match(ctx, out)
	}
	journal, second, err := o.journals()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, journal.Close(), second.Close()) }()
	data, err := (layoutOptions{}).openImages(o.data)
	if err != nil {
		return err
	}
	defer data.Close() // read only
	all, err := o.embed(ctx, out, data)
	if err != nil {
		return err
	}
	e := all[0]
	session, err := label.New(labelPictures(e), journal, second, o.seed, time.Now)
	if err != nil {
		return fmt.Errorf("--data %q: %w", o.data, err)
	}
	site := label.NewSite(session, func(n int) (image.Image, error) { return decode.Open(data.Root, e.Paths[n], decode.DefaultLimits) })
	if err := o.serve(ctx, out, site, labelling{Pictures: len(e.Paths), Answers: session.Progress().Answers}); err != nil {
		return err
	}
	return o.end(out, session)
}

// journals opens the list, and beside it that of second answers.
func (o labelOptions) journals() (first, second *label.Journal[label.Answer], err error) {
	if first, err = label.Open(o.out); err != nil {
		return nil, nil, fmt.Errorf("--out: %w", err)
	}
	second, err = label.Open(o.beside("second"))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("--out: %w", err), first.Close())
	}
	return first, second, nil
}

// beside returns the path of a list beside the one that is asked for.
func (o labelOptions) beside(what string) string {
	return strings.TrimSuffix(o.out, filepath.Ext(o.out)) + "." + what + ".csv"
}

// labelPictures are embedded pictures as package label asks about them.
func labelPictures(e *inference.Embeddings) label.Pictures {
	return label.Pictures{Paths: e.Paths, Embeddings: e.Data, Dim: e.Dim}
}

// embed embeds the pictures of each set once, and closes the model again.
func (o labelOptions) embed(ctx context.Context, out output, sets ...*dataset.Dataset) (all []*inference.Embeddings, err error) {
	model, err := o.model.open(o.machine)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	for _, data := range sets {
		bar := stages{out: out}
		e, err := model.EmbedImages(ctx, data, data.All().Images, o.reading.with(bar.of("embedding")))
		bar.end()
		if err != nil {
			return nil, stopped(ctx, err)
		}
		sayBad(out, e.Bad)
		all = append(all, e)
	}
	return all, nil
}

// serve answers the page until a signal comes, which is a good end.
func (o labelOptions) serve(ctx context.Context, out output, site *label.Site, v labelling) error {
	var listen net.ListenConfig
	door, err := listen.Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", o.port))
	if err != nil {
		return fmt.Errorf("--port: %w", err)
	}
	v.Address, v.Out = "http://"+door.Addr().String()+site.Path(), o.out
	out.print("ready      %s", v.Address)
	out.say("open this address in a browser; Ctrl-C ends, and every answer is kept")
	if err := out.emit("ready", v); err != nil {
		return errors.Join(err, door.Close())
	}
	server := &http.Server{Handler: site, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second}
	stop := context.AfterFunc(ctx, func() {
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(late) // the answers in flight are written first
	})
	defer stop()
	if err := server.Serve(door); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// end says what was answered, and how it trains.
func (o labelOptions) end(out output, s *label.Session) error {
	p := s.Progress()
	if p.Answers > 0 {
		out.print("wrote %s: %s, %d of them same", o.out, count(p.Answers, "answer"), p.Same)
	} else {
		out.print("no answers were given, and %s was not written", o.out)
	}
	if err := out.emit("summary", labelled{o.out, p.Answers, p.Same}); err != nil {
		return err
	}
	if p.Answers == 0 {
		return nil
	}
	images := o.data
	if info, err := os.Stat(images); err == nil && info.IsDir() && filepath.Clean(images) == filepath.Dir(o.out) {
		images = ""
	}
	out.say("next: %s", commandLine{"tfpair", "train"}.with(given{"data", o.out}, given{"images", images}, given{"out", freeName("run", "")}))
	return nil
}
