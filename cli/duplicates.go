package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/jsonline"
	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// duplicatesOptions are the options of tfpair duplicates.
type duplicatesOptions struct {
	photos    string // folder, archive or list
	against   string // another; "": within photos
	prints    printsOptions
	level     string // of copies
	workers   int
	list      string // file of all pictures of groups; "": none is written
	page      string // file to look through; "": none is written
	overwrite bool
	moveTo    string // folder
	link      bool
	apply     bool
	undoList  string // file; "": by what is done
	undo      string // file of a list; "": nothing is taken back
	output    outputOptions
}

func newDuplicatesCommand(streams IO) *cli.Command {
	var o duplicatesOptions
	c := &cli.Command{
		Name:      "duplicates",
		Usage:     "find pictures that are there more than once, in a folder or between two",
		ArgsUsage: "PHOTOS [flags]",
		Description: `PHOTOS is a folder or a .zip of pictures, or a list with a column "image". Nothing
is trained, and TensorFlow is not needed. Of each group of one picture, the best is
named first: the sharpest, then the largest.

  same     the same file, the same pixels, or re-encoded, resized, grey or
           slightly recoloured
  alike    looks the same: cropped by up to a tenth, framed or written on, too,
           or another shot of the same moment

docs/duplicates.md says how often different pictures are taken for one. Drawings and
pictures on plain ground have no hash: of them, only the same file and the same
pixels are found.

--move-to and --link say what they would do. With --apply they do it, and write a list
by which --undo takes all of it back.

` + examplesHead + `  tfpair duplicates demo/pictures
  tfpair duplicates demo/pictures --page duplicates.html
  tfpair duplicates demo/pictures --against demo/pictures/train --copies same`,
		Action: func(c *cli.Context) error {
			if c.Args().Len() > 1 {
				return usagef("duplicates takes one folder, got %q; name a second one with --against", c.Args().Get(1))
			}
			o.photos = c.Args().First()
			if o.acts() && !c.IsSet("copies") {
				o.level = string(copies.Same)
			}
			return runDuplicates(c.Context, o, streams)
		},
	}
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "against", Destination: &o.against,
			Usage: "`PATH` of other pictures: only those of PHOTOS that are among them are shown"},
		&cli.StringFlag{Name: "copies", Destination: &o.level, Value: string(copies.Alike),
			DefaultText: "alike; same with --move-to and --link", Usage: "`LEVEL` of copies: same or alike"},
		&cli.StringFlag{Name: "out", Destination: &o.list,
			Usage: "`FILE` of all pictures of groups; its name ends in .csv or .jsonl"},
		&cli.StringFlag{Name: "page", Destination: &o.page,
			Usage: "`FILE`.html to look through, with small pictures in it"},
		overwriteFlag(&o.overwrite),
		&cli.StringFlag{Name: "move-to", Destination: &o.moveTo,
			Usage: "move all but the best of each group to this `FOLDER`, at the same paths below it"},
		&cli.BoolFlag{Name: "link", Destination: &o.link,
			Usage: "make copies of one file hard links to it: the space is free, the names stay"},
		&cli.BoolFlag{Name: "apply", Destination: &o.apply, Usage: "do what --move-to or --link says"},
		&cli.StringFlag{Name: "undo-list", Destination: &o.undoList, DefaultText: "undo.csv in the folder of --move-to, or duplicates-undo.csv",
			Usage: "new `FILE` of what was done"},
		&cli.StringFlag{Name: "undo", Destination: &o.undo, Usage: "take back what the list in `FILE` says, and do nothing else"},
		&cli.IntFlag{Name: "workers", Destination: &o.workers, DefaultText: "one per core", Usage: "decode `N` images at once"})
	o.prints.addFlags(c)
	o.output.addFlags(c)
	return c
}

func (o duplicatesOptions) validate() error {
	if o.undo != "" {
		return nil
	}
	switch level := copies.Level(o.level); {
	case o.photos == "":
		return usagef("duplicates needs a folder, such as: tfpair duplicates photos")
	case level != copies.Same && level != copies.Alike:
		return usagef("--copies must be same or alike, got %q", o.level)
	case o.workers < 0:
		return usagef("--workers must be 0 or more, got %d", o.workers)
	case o.moveTo != "" && o.link:
		return usagef("--move-to and --link: want one of them")
	case o.apply && !o.acts():
		return usagef("--apply does what --move-to or --link says; give one of them")
	case o.list != "" && o.format() == "":
		return usagef("--out %s must end in .csv or .jsonl", o.list)
	}
	if info, err := os.Stat(o.moveTo); o.moveTo != "" && err == nil && !info.IsDir() {
		return usagef("--move-to %s is %s; want a folder, or a name that is free", o.moveTo, regular.Kind(info.Mode()))
	}
	for _, f := range []given{{"out", o.list}, {"page", o.page}, {"undo-list", o.undoFile()}} {
		if f.value == "" || f.flag == "undo-list" && !o.apply {
			continue
		}
		if err := aside.Unused(f.value, f.flag != "undo-list" && o.overwrite); err != nil {
			return err
		}
	}
	return nil
}

// copies returns the level where it is not as it is by default.
func (o duplicatesOptions) copies() string {
	if o.level == string(copies.Alike) {
		return ""
	}
	return o.level
}

func (o duplicatesOptions) acts() bool { return o.moveTo != "" || o.link }

// format returns how the list is written, "" where its name does not say.
func (o duplicatesOptions) format() string {
	switch e := strings.ToLower(filepath.Ext(o.list)); e {
	case ".csv", ".jsonl":
		return e
	}
	return ""
}

// undoFile returns the file of what was done.
func (o duplicatesOptions) undoFile() string {
	switch {
	case o.undoList != "":
		return o.undoList
	case o.moveTo != "":
		return filepath.Join(o.moveTo, "undo.csv")
	}
	return "duplicates-undo.csv"
}

// duplicateRow is a picture of a group.
type duplicateRow struct {
	Group    int         `json:"group"` // from 1
	Path     string      `json:"path"`
	Best     bool        `json:"best"`           // of its group: the sharpest, then the largest
	Kind     copies.Kind `json:"kind,omitempty"` // how it is the same as Of; none for the best
	Distance int         `json:"distance"`       // of the hashes, bits; 0 for the same file or pixels
	Of       string      `json:"of,omitempty"`   // the best, or the closest of the group
	Width    int         `json:"width"`          // pixels, upright
	Height   int         `json:"height"`
	Bytes    int64       `json:"bytes"`

	print int // of the picture
}

// duplicatesFound is the result of tfpair duplicates.
type duplicatesFound struct {
	Photos     string         `json:"photos"`
	Against    string         `json:"against,omitempty"`
	Images     int            `json:"images"` // looked at, of both
	Groups     int            `json:"groups"`
	Copies     int            `json:"copies"`     // beside the best of each group
	Bytes      int64          `json:"bytes"`      // of the copies
	Kinds      map[string]int `json:"kinds"`      // copies by kind
	Unreadable int            `json:"unreadable"` // files
	Out        string         `json:"out,omitempty"`
	Page       string         `json:"page,omitempty"`
	Planned    int            `json:"planned,omitempty"` // files that --move-to or --link is about
	Done       int            `json:"done,omitempty"`    // files moved or linked
	UndoList   string         `json:"undo_list,omitempty"`
}

// gathered is pictures of one or two places.
type gathered struct {
	roots   []fs.FS        // [print] where its file is
	prints  []copies.Print // paths as a person reads them: below the place, or with it before them
	own     int            // the first own are of PHOTOS
	inside  []string       // [print] path below its place
	closers []func() error
}

func (g *gathered) close() {
	for _, c := range g.closers {
		_ = c() // read only
	}
}

func runDuplicates(ctx context.Context, o duplicatesOptions, streams IO) error {
	if err := o.validate(); err != nil {
		return err
	}
	out := o.output.on(streams)
	if o.undo != "" {
		return runUndo(out, o.undo)
	}
	g, err := o.gather(ctx, out)
	if err != nil {
		return err
	}
	defer g.close()
	groups := g.groups(copies.Level(o.level), o.against != "")
	rows := g.rows(groups)
	r := duplicatesFound{Photos: o.photos, Against: o.against, Images: len(g.prints), Groups: len(groups), Kinds: map[string]int{}, Out: o.list, Page: o.page}
	for i := range g.prints {
		if g.prints[i].Fault != "" {
			r.Unreadable++
		}
	}
	for _, row := range rows {
		if !row.Best {
			r.Copies++
			r.Bytes += row.Bytes
			r.Kinds[string(row.Kind)]++
		}
	}
	if err := o.write(rows); err != nil {
		return err
	}
	if o.page != "" {
		if err := writeDuplicatesPage(ctx, o.page, g, rows, r); err != nil {
			return stopped(ctx, err)
		}
	}
	if err := showDuplicates(out, rows); err != nil {
		return err
	}
	if err := o.act(out, g, groups, &r); err != nil {
		return err
	}
	return o.summary(out, r)
}

// gather reads the pictures of PHOTOS and of --against.
func (o duplicatesOptions) gather(ctx context.Context, out output) (_ *gathered, err error) {
	g := &gathered{}
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	for i, place := range nonEmpty(o.photos, o.against) {
		data, err := layoutOptions{}.openImages(place)
		if err != nil {
			return nil, err
		}
		g.closers = append(g.closers, data.Close)
		for _, note := range data.Notes {
			out.say("note       %s", note)
		}
		prints, err := o.prints.read(ctx, out, data, dataOptions{path: place}.images(), o.workers)
		if err != nil {
			return nil, err
		}
		for k := range prints {
			g.inside = append(g.inside, prints[k].Path)
			if o.against != "" {
				prints[k].Path = place + "/" + prints[k].Path
			}
			g.roots = append(g.roots, data.Root)
		}
		if g.prints = append(g.prints, prints...); i == 0 {
			g.own = len(prints)
		}
	}
	return g, nil
}

// groups finds groups. Between two places those count that have pictures of both, and those of the second
// are the originals.
func (g *gathered) groups(level copies.Level, between bool) []copies.Group {
	found := copies.Find(g.prints, level)
	if !between {
		return found
	}
	var groups []copies.Group
	for _, group := range found {
		at := -1
		own := 0
		for k, m := range group {
			if m.Print < g.own {
				own++
			} else if at < 0 {
				at = k
			}
		}
		if at < 0 || own == 0 {
			continue
		}
		groups = append(groups, g.led(group, at))
	}
	return groups
}

// led returns a group that begins with its member at.
func (g *gathered) led(group copies.Group, at int) copies.Group {
	led := copies.Group{{Print: group[at].Print, Of: group[at].Print}}
	for k, m := range group {
		if k == at {
			continue
		}
		if kind, distance, ok := copies.Compare(&g.prints[group[at].Print], &g.prints[m.Print]); ok {
			m.Of, m.Kind, m.Distance = group[at].Print, kind, distance
		} else if m.Kind == "" { // the best before: what joins it to the group is what the leader had
			m.Of, m.Kind, m.Distance = group[at].Print, group[at].Kind, group[at].Distance
		}
		led = append(led, m)
	}
	return led
}

func (g *gathered) rows(groups []copies.Group) (rows []duplicateRow) {
	for i, group := range groups {
		for k, m := range group {
			p := &g.prints[m.Print]
			row := duplicateRow{Group: i + 1, Path: p.Path, Best: k == 0, Width: int(p.Width), Height: int(p.Height),
				Bytes: p.Stamp.Size, print: m.Print}
			if k > 0 {
				row.Kind, row.Distance, row.Of = m.Kind, m.Distance, g.prints[m.Of].Path
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// write writes the list.
func (o duplicatesOptions) write(rows []duplicateRow) error {
	if o.list == "" {
		return nil
	}
	var text bytes.Buffer
	switch o.format() {
	case ".csv":
		w := csv.NewWriter(&text)
		errs := []error{w.Write([]string{"group", "path", "best", "kind", "distance", "of", "width", "height", "bytes"})}
		for _, r := range rows {
			errs = append(errs, w.Write([]string{strconv.Itoa(r.Group), r.Path, strconv.FormatBool(r.Best), string(r.Kind),
				strconv.Itoa(r.Distance), r.Of, strconv.Itoa(r.Width), strconv.Itoa(r.Height), strconv.FormatInt(r.Bytes, 10)}))
		}
		w.Flush()
		if err := errors.Join(append(errs, w.Error())...); err != nil {
			return err
		}
	default:
		for _, r := range rows {
			line, err := jsonline.Marshal("picture", r)
			if err != nil {
				return err
			}
			text.Write(append(line, '\n'))
		}
	}
	return aside.WriteFile(o.list, text.Bytes())
}

// shownGroups is how many groups are printed; all are in --out, --page and --json.
const shownGroups = 20

// showDuplicates prints the groups.
func showDuplicates(out output, rows []duplicateRow) error {
	for _, r := range rows {
		if err := out.emit("picture", r); err != nil {
			return err
		}
		if r.Group > shownGroups {
			continue
		}
		if r.Best {
			out.print("group %d", r.Group)
		}
		what := "best"
		if !r.Best {
			what = copyWords[r.Kind]
			if r.Distance > 0 {
				what += fmt.Sprintf(", %s", count(r.Distance, "bit"))
			}
		}
		out.print("  %-34s %5d×%-5d %s", what, r.Width, r.Height, r.Path)
	}
	if n := len(rows); n > 0 && rows[n-1].Group > shownGroups {
		out.print("and %s more: --out FILE.csv or --page FILE.html has all", count(rows[n-1].Group-shownGroups, "group"))
	}
	return nil
}

// copyWords say how two pictures are the same.
var copyWords = map[copies.Kind]string{copies.File: "same file", copies.Pixels: "same pixels",
	copies.Reencoded: "re-encoded or resized", copies.Edited: "looks the same"}

// act moves or links copies, or says what it would do.
func (o duplicatesOptions) act(out output, g *gathered, groups []copies.Group, r *duplicatesFound) error {
	if !o.acts() {
		return nil
	}
	info, err := os.Stat(o.photos)
	if err != nil {
		return err
	}
	if !info.IsDir() || o.link && o.against != "" {
		return usagef("--move-to and --link are for a folder; %q is none, or it is compared --against another", o.photos)
	}
	root, err := filepath.Abs(o.photos)
	if err != nil {
		return err
	}
	to, err := filepath.Abs(cmp.Or(o.moveTo, "."))
	if err != nil {
		return err
	}
	plain := make([]copies.Print, len(g.prints))
	for i := range plain {
		plain[i] = g.prints[i]
		plain[i].Path = g.inside[i]
	}
	act := copies.Move
	if o.link {
		act = copies.Link
	}
	steps := copies.Plan(plain, groups, act, root, to, func(print int) bool { return print < g.own })
	r.Planned = len(steps)
	var bytes int64
	for _, s := range steps {
		bytes += s.Size
	}
	verb := map[copies.Act]string{copies.Move: "moved to " + o.moveTo, copies.Link: "made links"}[act]
	if !o.apply {
		out.print("would be %s: %s, %s; nothing was done: add --apply to do it", verb, count(len(steps), "file"), megabytes(bytes))
		return nil
	}
	if len(steps) == 0 {
		return nil
	}
	r.UndoList = o.undoFile()
	if r.Done, err = copies.Do(steps, r.UndoList); err != nil {
		return fmt.Errorf("%s of %s were %s, and %s takes it back: %w", commas(r.Done), plural.Count(len(steps), "file"), verb,
			commandLine{"tfpair", "duplicates", "--undo", r.UndoList}, err)
	}
	out.print("%s: %s, %s", verb, count(r.Done, "file"), megabytes(bytes))
	out.say("to take it back: %s", commandLine{"tfpair", "duplicates", "--undo", r.UndoList})
	return nil
}

// summary says what was found.
func (o duplicatesOptions) summary(out output, r duplicatesFound) error {
	if r.Copies == 0 {
		out.print("no copies among %s", count(r.Images, "picture"))
	} else {
		var words []string
		for _, k := range []copies.Kind{copies.File, copies.Pixels, copies.Reencoded, copies.Edited} {
			if n := r.Kinds[string(k)]; n > 0 {
				words = append(words, commas(n)+" "+copyWords[k])
			}
		}
		out.print("%s in %s among %s, %s: %s", count(r.Copies, "copy"), count(r.Groups, "group"), count(r.Images, "picture"),
			megabytes(r.Bytes), strings.Join(words, ", "))
	}
	if r.Unreadable > 0 {
		out.print("%s cannot be read; see: %s", count(r.Unreadable, "file"), commandLine{"tfpair", "check", "--data", o.photos})
	}
	if o.page != "" {
		out.print("wrote %s: open it in a browser", o.page)
	} else if r.Copies > 0 && !o.acts() {
		out.say("next: %s", commandLine{"tfpair", "duplicates", o.photos}.with(given{"against", o.against}, given{"copies", o.copies()},
			given{"page", "duplicates.html"}))
	}
	return out.emit("summary", r)
}

// runUndo takes back what a list says.
func runUndo(out output, list string) error {
	done, err := copies.Undo(list)
	if err != nil {
		return &dataset.Error{Role: "undo list", Path: list, Err: err}
	}
	out.print("taken back: %s", count(done, "file"))
	return out.emit("undo", struct {
		Done int `json:"done"`
	}{done})
}
