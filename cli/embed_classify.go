package cli

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/inference"
)

// classifyOptions say that tfpair embed names the class of each image, and among which images it
// looks for it.
type classifyOptions struct {
	asked     bool
	index     string // path or URL; "": the gallery inside the model
	vote      voteOptions
	threshold thresholdOptions
}

func (o *classifyOptions) addFlags(c *cli.Command) {
	c.Flags = append(c.Flags,
		&cli.BoolFlag{Name: "classify", Destination: &o.asked,
			Usage: "write the class that the nearest indexed images name, or none of these, instead of vectors"},
		&cli.StringFlag{Name: "index", Destination: &o.index,
			Usage: "`PATH` from tfpair index build, or URL that tfpair index push was given, for --classify (default: the gallery inside the model)"})
	o.vote.addFlags(c, ", for --classify")
	o.threshold.addSearchFlags(c)
}

// answerFormats write answers, by the extension of the file.
var answerFormats = map[string]func(io.Writer, []answer) error{".csv": writeAnswersCSV, ".jsonl": writeAnswersJSONL}

func (o classifyOptions) validate(out string) error {
	if !o.asked {
		if o.index != "" || o.vote.given || o.threshold.asked() {
			return usagef("--index, --vote, --threshold and --false-accepts are for --classify")
		}
		return nil
	}
	if _, known := answerFormats[filepath.Ext(out)]; !known {
		return usagef("with --classify the name of --out ends in .csv or .jsonl, got %q", out)
	}
	return cmp.Or(o.vote.validate(), o.threshold.validate())
}

// open returns what is searched, which has a threshold, until done is called. The error is an
// *inference.NoAcceptError where none answers the question, and else that of opening it.
func (o classifyOptions) open(ctx context.Context, m *inference.Model) (x index.Searched, done func() error, err error) {
	x, done, err = m.OpenSearched(ctx, o.index)
	if err != nil {
		return nil, nil, err
	}
	if x, err = o.threshold.of(ctx, m, x); err == nil && x.About().Accept == nil {
		err = &inference.NoAcceptError{Images: x.Len(), Reason: noThreshold(x.About().NoAccept), Suggested: index.Suggested(ctx, x), Outgrown: outgrown(x)}
	}
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return x, done, nil
}

// answer is what is written of one image.
type answer struct {
	Path         string  `json:"path"`
	Class        string  `json:"class"` // "" none of these
	Accepted     bool    `json:"accepted"`
	Distance     float32 `json:"distance"` // of the nearest
	NearestClass string  `json:"nearest_class"`
	NearestPath  string  `json:"nearest_path"`
	Share        float64 `json:"share"`       // of the votes that the class with the most of them has
	Votes        int     `json:"votes"`       // images of that class among
	Of           int     `json:"of"`          // those that voted
	Tied         bool    `json:"tied"`        // another class has as large a share
	VotedClass   string  `json:"voted_class"` // that has the most, accepted or not
}

// classified is the result of tfpair embed --classify.
type classified struct {
	Out       string       `json:"out"`
	Model     string       `json:"model"`
	Space     string       `json:"embedding_space"`
	Data      string       `json:"data"`
	Index     string       `json:"index,omitempty"` // "" the gallery of the model
	Searched  int          `json:"searched"`        // images of the index
	Threshold index.Accept `json:"threshold"`
	Images    int          `json:"images"`   // that were asked for
	Accepted  int          `json:"accepted"` // of which a class is named; of the others none
	Seconds   float64      `json:"seconds"`
	Skipped   []string     `json:"skipped,omitempty"`
}

// runClassify names the images of data.
func runClassify(ctx context.Context, o embedOptions, out output, data *dataset.Dataset) (err error) {
	file, err := aside.New(o.out, o.overwrite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Cleanup()) }()
	m, err := o.model.open(o.machine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	x, done, err := o.classify.open(ctx, m)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	e, seconds, err := o.embed(ctx, out, m, data)
	if err != nil {
		return err
	}
	found, err := m.Search(ctx, x, e.Data, o.classify.vote.of)
	if err != nil {
		return err
	}
	r := classified{Out: o.out, Model: m.Name, Space: e.Space, Data: data.Name, Index: postgres.Shown(o.classify.index), Searched: x.Len(),
		Threshold: *x.About().Accept, Images: len(found), Seconds: seconds}
	list := make([]answer, len(found))
	for i, hits := range found {
		list[i] = answerOf(e.Paths[i], hits)
		if list[i].Accepted {
			r.Accepted++
		}
	}
	if err := answerFormats[filepath.Ext(o.out)](file, list); err != nil {
		return err
	}
	if err := file.Publish(); err != nil {
		return err
	}
	return r.show(out, e.Bad)
}

// answerOf returns what is written of the image at path. An image of no class is named by its path.
// The threshold acts on the nearest, whatever the vote is.
func answerOf(path string, hits []inference.Hit) answer {
	nearest := hits[0]
	vote, _ := inference.Vote(hits, len(hits)) // an image without a class stands for itself
	a := answer{Path: path, Accepted: *nearest.Accepted, Distance: nearest.Distance,
		NearestClass: cmp.Or(nearest.Class, nearest.Path), NearestPath: nearest.Path,
		Share: vote.Share, Votes: vote.Votes, Of: vote.Of, Tied: vote.Tied,
		VotedClass: cmp.Or(vote.Class, hits[vote.First].Path)}
	if a.Accepted {
		a.Class = a.VotedClass
	}
	return a
}

// show says what was written, and what was not.
func (r classified) show(out output, bad []pipeline.BadImage) error {
	r.Skipped = sayBad(out, bad)
	if err := out.emit("summary", r); err != nil {
		return err
	}
	out.print("wrote %s: %s, %s named, %s none of these: distance > %.4g (from %s)", r.Out, count(r.Images, "image"),
		commas(r.Accepted), commas(r.Images-r.Accepted), r.Threshold.Value, r.Threshold.Source)
	if len(bad) > 0 {
		return &skippedError{len(bad)}
	}
	return nil
}

func writeAnswersCSV(w io.Writer, list []answer) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"path", "class", "accepted", "distance", "nearest_class", "nearest_path", "share", "votes", "of", "tied", "voted_class"}}
	for _, a := range list {
		rows = append(rows, []string{a.Path, a.Class, strconv.FormatBool(a.Accepted),
			strconv.FormatFloat(float64(a.Distance), 'g', -1, 32), a.NearestClass, a.NearestPath,
			strconv.FormatFloat(a.Share, 'g', 6, 64), strconv.Itoa(a.Votes), strconv.Itoa(a.Of), strconv.FormatBool(a.Tied), a.VotedClass})
	}
	return c.WriteAll(rows)
}

func writeAnswersJSONL(w io.Writer, list []answer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, a := range list {
		if err := e.Encode(a); err != nil {
			return err
		}
	}
	return nil
}
