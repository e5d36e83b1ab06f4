package cli

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/pipeline/copies"
)

// duplicatesOptions are the options of tfpair duplicates.
type duplicatesOptions struct {
	photos   string // folder, archive or list
	against  string // another; "": within photos
	prints   printsOptions
	level    string // of copies
	keep     string // of a group: a keeping
	careful  bool   // level is the one for acts, and nobody asked for it
	workers  int
	list     string       // file of all pictures of groups; "": none is written
	page     string       // file to look through; "": none is written
	sheet    sheetOptions // its overwrite is that of list and page, too
	moveTo   string       // folder
	link     bool
	apply    bool
	chosen   string       // file of groups to act on, as --out or the page wrote it; "": those that are found
	undoList string       // file; "": by what is done
	undo     string       // file of a list; "": nothing is taken back
	model    modelOptions // compares embeddings, too; no folder: hashes alone
	machine  machineOptions
	output   outputOptions
}

func newDuplicatesCommand(streams IO) *cli.Command {
	var o duplicatesOptions
	c := &cli.Command{
		Name:      "duplicates",
		Usage:     "find pictures that are there more than once, in a folder or between two",
		ArgsUsage: "PHOTOS [flags]",
		Description: `PHOTOS is a folder or an archive of pictures, or a list with a column "image". Nothing
is trained, and TensorFlow is not needed. The surest groups come first. Of each group,
the best picture is named first: the sharpest, then the largest. Which one is the
original is a guess: look before you move.

  same     the same file, the same pixels, or re-encoded, resized, grey or
           slightly recoloured
  alike    looks the same: cropped by up to a tenth, framed or written on, too,
           or another shot of the same moment

At both levels, about one of a million pairs of different photos is taken for a copy;
shots of one session are more alike than that. Most drawings, and pictures on plain
ground, have no hash: of them, only the same file and the same pixels are found.

--model compares embeddings of a run or an exported model, too: two pictures each of
which is the nearest of the other, as near as altered copies are. It finds stronger
edits and other shots of one thing, and it errs more often.

--move-to and --link say what they would do. With --apply they do it, and write a list
by which --undo takes all of it back. To choose yourself what stays: look through the
page of --page, save the list there, and give it as --groups.

` + examplesHead + `  tfpair duplicates demo/pictures
  tfpair duplicates demo/pictures --page duplicates.html
  tfpair duplicates demo/pictures/test --against demo/pictures/train
  tfpair duplicates demo/pictures --move-to away`,
		Action: func(c *cli.Context) error {
			if c.Args().Len() > 1 {
				return usagef("duplicates takes one folder, got %q; name a second one with --against", c.Args().Get(1))
			}
			o.photos = c.Args().First()
			if o.acts() && !c.IsSet("copies") && o.chosen == "" {
				o.level, o.careful = string(copies.Same), true
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
		&cli.StringFlag{Name: "move-to", Destination: &o.moveTo,
			Usage: "move all but the best of each group to this `FOLDER`, at the same paths below it"},
		&cli.BoolFlag{Name: "link", Destination: &o.link,
			Usage: "make copies of one file hard links to it: the space is free, the names stay"},
		&cli.StringFlag{Name: "keep", Destination: &o.keep, Value: string(keepBest),
			Usage: "`WHICH` picture of a group comes first and stays: best (the sharpest, then the largest), oldest (by the time of the file) or first (by path)"},
		&cli.StringFlag{Name: "groups", Destination: &o.chosen,
			Usage: "`FILE`.csv of groups to move or link, as --out or the page wrote it: without those that are to stay, and with true as best of what each is to keep"},
		&cli.BoolFlag{Name: "apply", Destination: &o.apply, Usage: "do what --move-to or --link says"},
		&cli.StringFlag{Name: "undo-list", Destination: &o.undoList, DefaultText: "undo.csv in the folder of --move-to, or duplicates-undo.csv",
			Usage: "`FILE` of what was done; a list that --apply wrote goes on"},
		&cli.StringFlag{Name: "undo", Destination: &o.undo, Usage: "take back what the list in `FILE` says, and do nothing else"},
		workersFlag(&o.workers))
	o.sheet.addFlags(c, "`FILE`.png of the most doubtful groups, a row each")
	o.prints.addFlags(c)
	o.model.addFlags(c)
	o.machine.addFlags(c)
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
	case checkLevel(o.level) != nil:
		return checkLevel(o.level)
	case o.workers < 0:
		return usagef("--workers must be 0 or more, got %d", o.workers)
	case o.model.folder != "" && level == copies.Same:
		return usagef("--model %s finds what only looks the same: it needs --copies alike, also with --move-to and --link", o.model.folder)
	case o.moveTo != "" && o.link:
		return usagef("--move-to and --link: want one of them")
	case o.apply && !o.acts():
		return usagef("--apply does what --move-to or --link says; give one of them")
	case o.chosen != "" && !o.acts():
		return usagef("--groups says what --move-to or --link is about; give one of them")
	case o.chosen != "" && o.keep != string(keepBest):
		return usagef("--groups says which picture each group keeps; leave out --keep")
	case o.chosen != "" && (o.model.folder != "" || o.list != "" || o.page != "" || o.sheet.path != ""):
		return usagef("--groups names the groups; --model, --out, --page and --sheet look for them")
	case o.acts() && o.against != "":
		return usagef("--move-to and --link are for copies within one folder; --against %s compares two", o.against)
	case o.page != "" && !slices.Contains([]string{".html", ".htm"}, strings.ToLower(filepath.Ext(o.page))):
		return usagef("--page %s must end in .html", o.page)
	case o.list != "" && o.format() == "":
		return usagef("--out %s must end in .csv or .jsonl", o.list)
	}
	if err := cmp.Or(keeping(o.keep).validate(), o.sheet.validate(), o.model.trust.validate(), o.machine.validate()); err != nil {
		return err
	}
	if info, err := os.Stat(o.moveTo); o.moveTo != "" && err == nil && !info.IsDir() {
		return usagef("--move-to %s is %s; want a folder, or a name that is free", o.moveTo, regular.Kind(info.Mode()))
	}
	if info, err := os.Lstat(o.undoFile()); o.apply && err == nil && !info.Mode().IsRegular() {
		return usagef("--undo-list %s is %s; want a file that --apply wrote, or a name that is free", o.undoFile(), regular.Kind(info.Mode()))
	}
	for _, f := range []given{{"--out", o.list}, {"--page", o.page}} {
		if f.value == "" {
			continue
		}
		if err := cmp.Or(hasFolder(f.flag, f.value), aside.Unused(f.value, o.sheet.overwrite)); err != nil {
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
	var more []copies.Pair
	var model *resembling
	if o.model.folder != "" {
		if more, model, err = o.resemble(ctx, out, g); err != nil {
			return err
		}
	}
	var groups []copies.Group
	if o.chosen == "" {
		groups = g.groups(copies.Level(o.level), o, more)
	} else if groups, err = g.chosen(out, o.chosen); err != nil {
		return err
	}
	rows := g.rows(groups)
	r := duplicatesFound{Photos: o.photos, Against: o.against, Groups: len(groups), Kinds: map[string]int{}, Out: o.list, Page: o.page, Model: model}
	r.unreadable = map[string]int{}
	for i := range g.prints {
		if !g.again[i] {
			r.Images++
		}
		if g.prints[i].Fault != "" {
			r.Unreadable++
			r.unreadable[map[bool]string{true: o.photos, false: o.against}[i < g.own]]++
		}
	}
	if o.careful {
		r.Left = copiesIn(g.groups(copies.Alike, o, nil)) - copiesIn(groups)
	}
	for _, row := range rows {
		if !row.Best {
			r.Copies++
			r.Bytes += row.Bytes
			if row.Kind != "" {
				r.Kinds[string(row.Kind)]++
			}
		}
	}
	r.Sheet = o.sheet.path
	if err := allOrNone(o.sheet.overwrite,
		toWrite{o.list, func() error { return o.write(rows) }},
		toWrite{o.page, func() error { return stopped(ctx, writeDuplicatesPage(ctx, o.page, g, rows, r)) }},
		toWrite{r.Sheet, func() error { return writeDuplicatesSheet(r.Sheet, g, rows) }}); err != nil {
		return err
	}
	if err := showDuplicates(out, rows); err != nil {
		return err
	}
	if err := o.act(ctx, out, g, groups, &r); err != nil {
		return err
	}
	return o.summary(out, r)
}

// summary says what was found.
func (o duplicatesOptions) summary(out output, r duplicatesFound) error {
	if r.Copies == 0 {
		out.print("no copies among %s", count(r.Images, "picture"))
	} else {
		var words []string
		for _, k := range copies.Kinds {
			if n := r.Kinds[string(k)]; n > 0 {
				words = append(words, commas(n)+" "+copyWords[k])
			}
		}
		out.print("%s in %s among %s, %s: %s", count(r.Copies, "copy"), count(r.Groups, "group"), count(r.Images, "picture"),
			megabytes(r.Bytes), strings.Join(words, ", "))
	}
	if m := r.Model; m != nil {
		out.print("by the model %s at a distance of %.4g or less: as near as %.0f %% of %s made for this", count(m.Pairs, "pair"), m.Threshold,
			100*modelFinds, count(m.Altered, "altered copy"))
	}
	for _, place := range nonEmpty(o.photos, o.against) {
		if n := r.unreadable[place]; n > 0 {
			out.print("%s cannot be read; see: %s", count(n, "file"), commandLine{"tfpair", "check", "--data", place})
		}
	}
	if r.Left > 0 {
		out.print("%s more only look the same and stay; to see them: %s", count(r.Left, "copy"), o.again("page", freeName("duplicates", ".html")))
	}
	if o.list != "" {
		out.print("wrote %s", o.list)
	}
	if o.sheet.path != "" {
		out.print("wrote %s", o.sheet.path)
	}
	if o.page != "" {
		out.print("wrote %s: open it in a browser", o.page)
	} else if r.Copies > 0 && !o.acts() {
		out.say("next: %s", o.again("page", freeName("duplicates", ".html")))
	}
	return out.emit("summary", r)
}

// again returns the command that looks for the same copies, with one more flag.
func (o duplicatesOptions) again(flag, value string) commandLine {
	level := o.copies()
	if o.careful {
		level = ""
	}
	keep := o.keep
	if keep == string(keepBest) {
		keep = ""
	}
	return commandLine{"tfpair", "duplicates", argument(o.photos)}.with(given{"against", o.against}, given{"copies", level},
		given{"model", o.model.folder}, given{"keep", keep}, given{flag, value})
}

// argument returns a path such that it is not taken for a flag.
func argument(path string) string {
	if strings.HasPrefix(path, "-") {
		return "./" + path
	}
	return path
}

// copiesIn counts the pictures of groups beside the best.
func copiesIn(groups []copies.Group) (n int) {
	for _, g := range groups {
		n += len(g) - 1
	}
	return n
}
