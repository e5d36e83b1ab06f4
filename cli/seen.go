package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/phash"
	"github.com/tfpair/tfpair/runner/holder"
)

// seenOptions are the options of tfpair seen.
type seenOptions struct {
	images []string // files, folders, archives and lists of images
	in     []string // runs, models, indexes, and folders that hold some
	layout layoutOptions
	output outputOptions
}

func newSeenCommand(streams IO) *cli.Command {
	var o seenOptions
	c := &cli.Command{
		Name:      "seen",
		Usage:     "say which runs, models and indexes hold an image",
		ArgsUsage: "[flags] IMAGE…",
		Description: `IMAGE is an image file, a folder or a .zip of images, or a list with a column
"image". Use this to answer a wish to be deleted: what was trained on the image, and
where can it be found?

The same file is known by its SHA-256, under any name. Re-encoded and resized copies
of photos are known by a perceptual hash, among the images that were trained on. The
command also names what cannot tell: a run of an earlier version, or a model that was
exported without --with-seen.

` + examplesHead + `  tfpair seen demo/pictures/train/house/000.png
  tfpair seen --in demo/run --in demo/model --json demo/pictures/train/house/000.png`,
		Action: func(c *cli.Context) error {
			o.images, o.in = c.Args().Slice(), c.StringSlice("in")
			return runSeen(c.Context, o, streams)
		},
	}
	c.Flags = append(c.Flags, &cli.StringSliceFlag{Name: "in", DefaultText: "all below the current folder",
		Usage: "`PATH` of a run, an exported model or an index, or of a folder of such; may be repeated"})
	o.layout.addFlags(c)
	o.output.addFlags(c)
	return c
}

func (o seenOptions) validate() error {
	if len(o.images) == 0 {
		return usagef("seen needs an image, such as: tfpair seen photo.jpg")
	}
	for i, image := range o.images {
		if strings.HasPrefix(image, "-") {
			line := append(commandLine{"tfpair", "seen"}, o.images[i:]...)
			return usagef("flags go before the images, as in: %s", append(line, o.images[:i]...))
		}
	}
	return o.layout.validate()
}

// asked is one image and where it was found.
type asked struct {
	Image  string        `json:"image"` // as the user names it
	SHA256 string        `json:"sha256"`
	Copies bool          `json:"copies_known"` // it is neither a drawing nor on plain ground, of which copies cannot be told
	Held   []holder.Held `json:"held"`
}

// asking is the result of tfpair seen.
type asking struct {
	Images   int             `json:"images"` // asked for
	Found    int             `json:"found"`  // of which something holds
	LookedAt []holder.Holder `json:"looked_at"`
	Notes    []string        `json:"notes,omitempty"`
	Hash     string          `json:"hash"` // name and version of the perceptual hash that copies are known by
	Bits     int             `json:"bits"` // of it that a copy may differ in
}

func runSeen(ctx context.Context, o seenOptions, streams IO) error {
	if err := o.validate(); err != nil {
		return err
	}
	out, in := o.output.on(streams), o.in
	if len(in) == 0 {
		in = []string{"."}
	}
	holders, notes, err := holder.Find(ctx, in...)
	if err != nil {
		return stopped(ctx, err)
	}
	r := asking{LookedAt: holders, Notes: notes, Hash: phash.Name, Bits: phash.Near}
	for _, path := range o.images {
		if err := o.ask(ctx, path, &r, out); err != nil {
			return stopped(ctx, err)
		}
	}
	return r.show(out)
}

// ask looks for an image file, or for all images of a folder, an archive or a list.
func (o seenOptions) ask(ctx context.Context, path string, r *asking, out output) error {
	data, err := o.layout.openImages(path)
	if err != nil {
		return err
	}
	defer data.Close() // read only
	for _, i := range data.All().Images {
		if err := ctx.Err(); err != nil {
			return err
		}
		a := asked{Image: path, Held: []holder.Held{}}
		if at := data.Images[i].Path; len(data.Images) > 1 || at != data.Name {
			a.Image = path + "/" + at
		}
		id, err := identify(data, i)
		if err != nil {
			return err
		}
		a.SHA256, a.Copies = hex.EncodeToString(id.SHA256[:]), id.Hashed
		for _, h := range r.LookedAt {
			a.Held = append(a.Held, h.Holds(id)...)
		}
		if r.Images++; len(a.Held) > 0 {
			r.Found++
		}
		if err := a.show(out); err != nil {
			return err
		}
	}
	return nil
}

// identify returns the identity of an image. One that cannot be decoded is known by its file alone; one
// whose file is too long to be read is not known.
func identify(data *dataset.Dataset, image int32) (phash.Identity, error) {
	img, file, err := decode.OpenFile(data.Root, data.Images[image].Path, decode.DefaultLimits)
	switch {
	case err == nil:
		return phash.Identify(file, img), nil
	case file == nil:
		return phash.Identity{}, err
	}
	return phash.Identity{SHA256: sha256.Sum256(file)}, nil
}

// show says where the image was found.
func (a asked) show(out output) error {
	out.print("%s", a.Image)
	for _, h := range a.Held {
		class := ""
		if h.Class != "" {
			class = " (class " + h.Class + ")"
		}
		out.print("  %-9s  %s %s: %s%s", useOf(h), h.Kind, h.Path, h.Image, class)
	}
	if len(a.Held) == 0 {
		out.print("  not found")
	}
	if !a.Copies {
		out.say("  only the same file is known: drawings, pictures on plain ground and damaged images have no perceptual hash")
	}
	return out.emit("picture", a)
}

// useOf says what an image is to its holder.
func useOf(h holder.Held) string {
	if !h.Exact {
		return fmt.Sprintf("copy, %s", h.Use)
	}
	return string(h.Use)
}

// show says where was looked, and what could not tell.
func (r asking) show(out output) error {
	out.say("looked at %s", lookedAt(r.LookedAt))
	out.say("known by SHA-256 of the file; copies by the perceptual hash %s, up to %d of 64 bits apart", r.Hash, r.Bits)
	for _, h := range r.LookedAt {
		out.say("  %-5s  %s: %s", h.Kind, h.Path, count(h.Images, "image"))
	}
	for _, h := range r.LookedAt {
		if h.Unknown != "" {
			out.print("cannot tell  %s %s: %s", h.Kind, h.Path, h.Unknown)
		}
	}
	for _, note := range r.Notes {
		out.print("note  %s", note)
	}
	return out.emit("summary", r)
}

// lookedAt counts holders by their kind.
func lookedAt(list []holder.Holder) string {
	n := map[holder.Kind]int{}
	for _, h := range list {
		n[h.Kind]++
	}
	return fmt.Sprintf("%s, %s and %s", count(n[holder.Run], "run"), count(n[holder.Model], "model"),
		count(n[holder.Index], "index"))
}
