package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/inference"
)

// compareOptions are the options of tfpair compare.
type compareOptions struct {
	model       modelOptions
	left, right string // image files, or files of vectors
	exitCode    bool
	prevalence  float64 // share of same among the pairs of the service
	threshold   thresholdOptions
	machine     machineOptions
	output      outputOptions
}

func newCompareCommand(streams IO) *cli.Command {
	var o compareOptions
	c := &cli.Command{
		Name:  "compare",
		Usage: "say whether two images are the same",
		Description: `Embeds both images and measures the distance of the embeddings. The images are
the same if it is at most the threshold of the model, or another one of --threshold
or --false-accepts.

You can also compare two files of tfpair embed, row by row.

` + examplesHead + `  tfpair compare --model demo/model --left demo/pictures/test/house/000.png --right demo/pictures/test/house/001.png`,
		Action: func(c *cli.Context) error {
			o.threshold.given = c.IsSet("threshold")
			return runCompare(c.Context, o, streams)
		},
	}
	o.addFlags(c)
	return c
}

func (o *compareOptions) addFlags(c *cli.Command) {
	o.model.addFlags(c)
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "left", Destination: &o.left, Usage: "`FILE` of an image, or of vectors that tfpair embed wrote"},
		&cli.StringFlag{Name: "right", Destination: &o.right, Usage: "`FILE` that it is compared with, of the same kind"},
		&cli.BoolFlag{Name: "exit-code", Destination: &o.exitCode,
			Usage: "end with exit code 10 if the images, or any of the rows, are different"},
		prevalenceFlag(&o.prevalence))
	o.threshold.addFlags(c)
	o.machine.addFlags(c)
	o.output.addFlags(c)
	needs(c, "model", "left", "right")
}

func (o compareOptions) validate() error {
	err := require("compare", given{"model", o.model.folder}, given{"left", o.left}, given{"right", o.right})
	return cmp.Or(err, checkPrevalence(o.prevalence), o.threshold.validate(), o.model.trust.validate(), o.machine.validate())
}

// compared is the result for one pair.
type compared struct {
	Left  string `json:"left"`
	Right string `json:"right"`
	models.Comparison
	Same *bool `json:"same,omitempty"` // nil: the model has no threshold
}

// comparisons is the result for all pairs.
type comparisons struct {
	Model     string              `json:"model"`
	Space     string              `json:"embedding_space"`
	Threshold *distance.Threshold `json:"threshold,omitempty"` // nil: the model has none
	Pairs     int                 `json:"pairs"`
	Same      int                 `json:"same"`
	Different int                 `json:"different"`
	Cautions  []string            `json:"cautions,omitempty"` // why the answers may be wrong
}

func runCompare(_ context.Context, o compareOptions, streams IO) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	model, err := o.model.open(o.machine)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	if err := o.threshold.choose(model); err != nil {
		return err
	}
	result := comparisons{Model: model.Name, Space: model.Manifest.Space}
	switch threshold, err := model.Threshold(); {
	case err == nil:
		result.Threshold = &threshold
	case !errors.Is(err, inference.ErrUncalibrated) || o.exitCode:
		return err
	}
	left, leftLabel, err := sideOf(model, o.left)
	if err != nil {
		return err
	}
	right, rightLabel, err := sideOf(model, o.right)
	if err != nil {
		return err
	}
	if len(left.Paths) != len(right.Paths) {
		return &dataset.Error{Role: "right", Path: o.right, Err: fmt.Errorf("%s to compare with %s "+
			"of %q; rows are compared one by one", count(len(right.Paths), "embedding"),
			count(len(left.Paths), "embedding"), o.left)}
	}
	list, err := model.CompareVectors(left, right, o.prevalence)
	if err != nil {
		return err
	}
	pairs := make([]compared, len(list))
	for i, c := range list {
		pairs[i] = compared{left.Paths[i], right.Paths[i], c, nil}
		if result.Threshold != nil {
			pairs[i].Same = &pairs[i].Comparison.Same
		}
	}
	result.Pairs = len(list)
	if doubts := model.Manifest.Doubts; len(doubts) > 0 && !o.threshold.given {
		result.Cautions = append(result.Cautions, "the threshold has "+doubtful(doubts))
	}
	if model.KeepsLabels() && leftLabel == rightLabel {
		result.Cautions = append(result.Cautions, notForLabels)
	}
	if err := result.show(o.output.on(streams), pairs); err != nil {
		return err
	}
	if o.exitCode && result.Different > 0 {
		return errDifferent
	}
	return nil
}

// notForLabels is a caution about models whose label images another network has embedded.
const notForLabels = "with target.side=frozen the threshold is for a photo and a label image of the training: " +
	"between two others, distances mean something else"

// sideOf returns the embeddings in a file of vectors, or that of an image file, and whether it is
// that of a label image, which the model keeps.
func sideOf(m *inference.Model, path string) (v *vectors.Vectors, label bool, err error) {
	if vectors.Named(path) {
		v, err = m.ReadVectors(path)
		return v, false, err
	}
	if v = m.LabelImage(path); v != nil {
		return v, true, nil
	}
	v, err = m.EmbedFile(path)
	return v, false, err
}

// show prints a line for each pair and, of more than one, a sum.
func (r *comparisons) show(out output, list []compared) error {
	for _, pair := range list {
		switch {
		case pair.Same == nil:
		case *pair.Same:
			r.Same++
		default:
			r.Different++
		}
		out.print("%s", pair)
		if err := out.emit("comparison", pair); err != nil {
			return err
		}
	}
	if r.Threshold == nil {
		out.say("the model has no threshold, so nothing is called the same: %s chooses one", calibrateOn(r.Model))
	} else {
		out.say("same where distance <= %.4g (from %s)", r.Threshold.Value, r.Threshold.Source)
	}
	for _, caution := range r.Cautions {
		out.say("caution: %s", caution)
	}
	if r.Pairs > 1 && r.Threshold != nil {
		out.print("%s: %s same, %s different", count(r.Pairs, "pair"), commas(r.Same), commas(r.Different))
	}
	return out.emit("summary", r)
}

// String returns the line that a person reads.
func (p compared) String() string {
	var b strings.Builder
	if p.Same != nil {
		word := "different"
		if *p.Same {
			word = "same"
		}
		fmt.Fprintf(&b, "%-9s  ", word)
	}
	fmt.Fprintf(&b, "distance %.4f", p.Distance)
	if p.Probability != nil {
		fmt.Fprintf(&b, ", probability of same %.4f", *p.Probability)
	}
	fmt.Fprintf(&b, "  %s  %s", p.Left, p.Right)
	return b.String()
}
