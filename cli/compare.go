package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/vectors"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/resize"
)

func newCompareCommand(streams IO) *cli.Command {
	flags := append(modelFlags(),
		&cli.StringFlag{Name: "left", Usage: "image `FILE`, or vectors that tfpair embed wrote"},
		&cli.StringFlag{Name: "right", Usage: "what it is compared with: another image, or vectors row by row"},
		&cli.BoolFlag{Name: "exit-code", Usage: "end with 10 where the images, or any of the rows, are different"})
	return &cli.Command{
		Name:   "compare",
		Usage:  "say whether two images are the same",
		Flags:  append(append(flags, machineFlags()...), outputFlags()...),
		Action: func(c *cli.Context) error { return runCompare(c, newOutput(c, streams)) },
	}
}

// compared is the result for one pair.
type compared struct {
	Left  string `json:"left"`
	Right string `json:"right"`
	models.Comparison
}

// comparisons is the result for all pairs.
type comparisons struct {
	Model     string             `json:"model"`
	Space     string             `json:"embedding_space"`
	Threshold distance.Threshold `json:"threshold"`
	Pairs     int                `json:"pairs"`
	Same      int                `json:"same"`
	Different int                `json:"different"`
}

func runCompare(c *cli.Context, out output) (err error) {
	if err := need(c, "model", "left", "right"); err != nil {
		return err
	}
	model, err := openModel(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.close()) }()
	threshold, err := model.threshold()
	if err != nil {
		return err
	}
	left, err := model.side(c.String("left"))
	if err != nil {
		return err
	}
	right, err := model.side(c.String("right"))
	if err != nil {
		return err
	}
	if len(left.Paths) != len(right.Paths) {
		return &dataset.Error{Role: "right", Path: c.String("right"), Err: fmt.Errorf("%s to compare with %s "+
			"of %q; rows are compared one by one", count(len(right.Paths), "embedding"),
			count(len(left.Paths), "embedding"), c.String("left"))}
	}
	list, err := model.compare(left, right)
	if err != nil {
		return err
	}
	result := comparisons{Model: model.name, Space: model.Space, Threshold: threshold, Pairs: len(list)}
	if err := result.show(out, list); err != nil {
		return err
	}
	if c.Bool("exit-code") && result.Different > 0 {
		return errDifferent
	}
	return nil
}

// side returns the embeddings of an image file, or those in a file of vectors, which
// must be of the model's space.
func (m *model) side(path string) (*vectors.Vectors, error) {
	if !vectors.Named(path) {
		return m.image(path)
	}
	v, err := vectors.Read(path)
	switch {
	case err != nil:
		return nil, err
	case v.Space != m.Space:
		return nil, &vectors.Error{Path: path, Err: &models.SpaceError{Got: v.Space, Want: m.Space}}
	case v.Dim != m.Dim():
		return nil, &vectors.Error{Path: path, Err: fmt.Errorf("embeddings of length %d, want %d", v.Dim, m.Dim())}
	}
	return v, nil
}

// image returns the embedding of an image file.
func (m *model) image(path string) (*vectors.Vectors, error) {
	resizer, err := resize.New(m.Preprocessing.Options)
	if err != nil {
		return nil, err
	}
	img, err := decode.Open(os.DirFS(filepath.Dir(path)), filepath.Base(path), decode.DefaultLimits)
	var of *decode.ImageError
	if errors.As(err, &of) {
		return nil, &decode.ImageError{Path: path, Err: of.Err}
	} else if err != nil {
		return nil, err
	}
	pixels := make([]uint8, resizer.Bytes())
	resizer.Into(pixels, img)
	embedding, err := m.Embed(pixels)
	return &vectors.Vectors{Space: m.Space, Dim: m.Dim(), Paths: []string{path}, Data: embedding}, err
}

// compare compares the rows of left with the same rows of right.
func (m *model) compare(left, right *vectors.Vectors) ([]compared, error) {
	n := len(left.Paths)
	leftRows, rightRows := make([]int32, n), make([]int32, n)
	for i := range n {
		leftRows[i], rightRows[i] = int32(i), int32(n+i)
	}
	both := append(left.Data[:len(left.Data):len(left.Data)], right.Data...)
	distance, probability, err := m.Compare(both, leftRows, rightRows)
	if err != nil {
		return nil, err
	}
	list := make([]compared, n)
	for i, d := range distance {
		list[i] = compared{left.Paths[i], right.Paths[i],
			models.Comparison{Distance: d, Same: m.Threshold.Accepts(d)}}
		if probability != nil {
			list[i].Probability = &probability[i]
		}
	}
	return list, nil
}

// show prints a line for each pair and, of more than one, a sum.
func (r *comparisons) show(out output, list []compared) error {
	for _, pair := range list {
		if pair.Same {
			r.Same++
		} else {
			r.Different++
		}
		out.print("%s", pair)
		if err := out.emit("comparison", pair); err != nil {
			return err
		}
	}
	out.say("same where distance <= %.4g (from %s)", r.Threshold.Value, r.Threshold.Source)
	if r.Pairs > 1 {
		out.print("%s: %s same, %s different", count(r.Pairs, "pair"), commas(r.Same), commas(r.Different))
	}
	return out.emit("summary", r)
}

// String returns the line that a person reads.
func (p compared) String() string {
	var b strings.Builder
	word := "different"
	if p.Same {
		word = "same"
	}
	fmt.Fprintf(&b, "%-9s  distance %.4f", word, p.Distance)
	if p.Probability != nil {
		fmt.Fprintf(&b, ", probability %.4f", *p.Probability)
	}
	fmt.Fprintf(&b, "  %s  %s", p.Left, p.Right)
	return b.String()
}
