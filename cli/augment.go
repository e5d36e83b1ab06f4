package cli

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"math/rand/v2"
	"path"
	"strings"

	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/sheet"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/augment"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/inference"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// augmented is the result of tfpair augment.
type augmented struct {
	Sheet   string   `json:"sheet"`
	Images  []string `json:"images"` // paths, from the top
	Draws   int      `json:"draws"`  // of each
	Steps   []string `json:"steps"`  // with their options, in the order of application
	Skipped []string `json:"skipped,omitempty"`
}

// augmentOptions are the options of tfpair augment.
type augmentOptions struct {
	data         dataOptions
	start        startOptions
	recipe       recipeOptions
	out          string // PNG file
	overwrite    bool
	count, draws int    // images shown, and draws of each
	seed         uint64 // of the choice of images
	output       outputOptions
}

func newAugmentCommand(streams IO) *cli.Command {
	var o augmentOptions
	c := &cli.Command{
		Name:  "augment",
		Usage: "draw what a network will see of training images",
		Description: `Draws a sheet with one image in a row: the image at the network's size, then what
training with the same spec makes of it in its first epochs. Without --preset,
--spec and --set, the data chooses the spec, as in tfpair train.

` + examplesHead + `  tfpair augment --data demo/pictures --out recipe.png
  tfpair augment --data demo/pictures --set augment=light --out light.png
  tfpair augment --data demo/pictures --set augment=strong --out strong.png --count 4`,
		Action: func(c *cli.Context) error {
			o.start.set, o.start.weights = c.StringSlice("set"), c.StringSlice("weights")
			return runAugment(c.Context, o, streams)
		},
	}
	o.addFlags(c)
	return c
}

func (o *augmentOptions) addFlags(c *cli.Command) {
	o.data.addFlags(c)
	o.start.auto = true
	o.start.addFlags(c)
	o.recipe.addFlags(c)
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "out", Destination: &o.out, Usage: "PNG `FILE` to write"},
		overwriteFlag(&o.overwrite),
		&cli.IntFlag{Name: "count", Destination: &o.count, Value: 8, Usage: "show `N` images, 1 to 100"},
		&cli.IntFlag{Name: "draws", Destination: &o.draws, Value: 7, Usage: "show the first `N` draws of each image, 1 to 30"},
		&cli.Uint64Flag{Name: "seed", Destination: &o.seed, Usage: "`SEED` of the choice of images"})
	o.output.addFlags(c)
	needs(c, "data", "out")
}

func (o augmentOptions) validate() error {
	switch {
	case o.count < 1 || o.count > 100:
		return usagef("--count must be 1 to 100, got %d", o.count)
	case o.draws < 1 || o.draws > 30:
		return usagef("--draws must be 1 to 30, got %d", o.draws)
	}
	err := require("augment", given{"data", o.data.path}, given{"out", o.out})
	return cmp.Or(err, o.data.validate(), unusedSheet("--out", o.out, o.overwrite))
}

func runAugment(ctx context.Context, o augmentOptions, streams IO) error {
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	chosen, err := o.recipe.choose(ctx, &o.data, &o.start)
	if err != nil {
		return err
	}
	chosen.brief(out)
	_, r, _, err := o.start.plan()
	if err != nil {
		return err
	}
	data, err := o.data.open(ctx, out)
	if err != nil {
		return err
	}
	defer data.Close() // read only
	part, err := inference.Part(data, dataset.Train, trained.Splits(r.Spec))
	if err != nil {
		return splitUsage(err, "--data")
	}
	if len(part.Images) == 0 {
		return usagef("%s has no training images", data.Name)
	}
	a := artist{data: data, spec: r.Spec, augmenter: r.Augmenter, draws: o.draws, skip: o.data.reading.skip() > 0}
	rows, err := a.draw(varied(data, part, o.seed), o.count)
	if err != nil {
		return err
	}
	if err := sheet.Write(o.out, sheet.Draw(rows)); err != nil {
		return err
	}
	return a.report(out, o.out)
}

// varied returns the images of a part in drawn order, the first of each class before
// the second of any.
func varied(data *dataset.Dataset, part dataset.Part, seed uint64) []int32 {
	r := rand.New(rand.NewPCG(seed, 0))
	images := make([]int32, len(part.Images))
	for i, k := range r.Perm(len(images)) {
		images[i] = part.Images[k]
	}
	seen := map[int32]bool{}
	var first, rest []int32
	for _, i := range images {
		if class := data.Images[i].Class; class >= 0 && !seen[class] {
			seen[class] = true
			first = append(first, i)
		} else {
			rest = append(rest, i)
		}
	}
	return append(first, rest...)
}

// artist draws the rows of a sheet and remembers what they show.
type artist struct {
	data      *dataset.Dataset
	spec      *spec.Spec
	augmenter *augment.Augmenter
	draws     int
	skip      bool // images that cannot be read
	shown     []string
	skipped   []string
}

// draw returns a row of headings and count rows of images.
func (a *artist) draw(images []int32, count int) ([][]sheet.Cell, error) {
	var o pipeline.StoreOptions
	if err := o.Resize(network.Resize(a.spec), ""); err != nil {
		return nil, err
	}
	store := pipeline.NewStore(a.data, o)
	defer store.Close() // a cache
	rows := [][]sheet.Cell{{{Caption: "original"}}}
	for epoch := range a.draws {
		rows[0] = append(rows[0], sheet.Cell{Caption: fmt.Sprintf("epoch %d", epoch)})
	}
	pixels := make([]uint8, o.Resizer.Bytes())
	for _, i := range images {
		if len(a.shown) == count {
			break
		}
		if err := store.Pixels(pixels, []int32{i}); err != nil {
			if !a.skip {
				return nil, err
			}
			a.skipped = append(a.skipped, a.data.Images[i].Path)
			continue
		}
		a.shown = append(a.shown, a.data.Images[i].Path)
		rows = append(rows, a.row(pixels, i))
	}
	return rows, nil
}

// row returns an image [S,S,3] and its draws. Where quarter turns are classes the
// draws go round them.
func (a *artist) row(pixels []uint8, i int32) []sheet.Cell {
	size := a.spec.Input.Size
	row := []sheet.Cell{{Image: picture(pixels, size), Caption: a.caption(i)}}
	drawn := make([]uint8, len(pixels))
	for epoch := range a.draws {
		cell := sheet.Cell{}
		turn := epoch % a.augmenter.Classes()
		if a.augmenter.Classes() > 1 {
			cell.Caption = fmt.Sprintf("turn %d", 90*turn)
		}
		copy(drawn, pixels)
		a.augmenter.Apply(drawn, size, augment.Draw{Epoch: epoch, Image: i, Turn: turn})
		cell.Image = picture(drawn, size)
		row = append(row, cell)
	}
	return row
}

// caption names an image: its class, if it is known, and its file.
func (a *artist) caption(i int32) string {
	file := path.Base(a.data.Images[i].Path)
	if class := a.data.Images[i].Class; class >= 0 && int(class) < len(a.data.Classes) {
		return a.data.Classes[class] + "\n" + file
	}
	return file
}

// report says what the sheet shows, and leaves out nothing that was skipped.
func (a *artist) report(out output, file string) error {
	steps, err := stepLines(a.spec.Augment)
	if err != nil {
		return err
	}
	for _, step := range steps {
		out.say("augment   %s", step)
	}
	if len(steps) == 0 {
		out.say("note      no augmentation: every draw is the image itself; try --set augment=light for photos, or --set augment=glyph for ink on paper")
	}
	for _, path := range a.skipped {
		out.say("skipped   %s", path)
	}
	out.print("wrote %s (%s, %s of each)", file, count(len(a.shown), "image"), count(a.draws, "draw"))
	err = out.emit("summary", augmented{Sheet: file, Images: a.shown, Draws: a.draws,
		Steps: steps, Skipped: a.skipped})
	if err == nil && len(a.skipped) > 0 {
		return &skippedError{len(a.skipped)}
	}
	return err
}

// stepLines writes each step as "name {option: value, …}".
func stepLines(steps named.Choices) ([]string, error) {
	lines := []string{}
	for _, step := range steps.Chosen {
		options, err := step.Options()
		if err != nil {
			return nil, err
		}
		options.Style = yaml.FlowStyle
		text, err := yaml.Marshal(options)
		if err != nil {
			return nil, err
		}
		lines = append(lines, step.Name+" "+strings.TrimSpace(string(text)))
	}
	return lines, nil
}

// picture copies pixels [S,S,3].
func picture(pixels []uint8, size int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for i := range size * size {
		copy(img.Pix[4*i:], pixels[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return img
}
