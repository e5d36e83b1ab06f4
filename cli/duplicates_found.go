package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/jsonline"
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

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
	Images     int            `json:"images"` // looked at, of both; a file with two names is one
	Groups     int            `json:"groups"`
	Copies     int            `json:"copies"`     // beside the best of each group
	Bytes      int64          `json:"bytes"`      // of the copies
	Kinds      map[string]int `json:"kinds"`      // copies by kind
	Unreadable int            `json:"unreadable"` // files
	Out        string         `json:"out,omitempty"`
	Page       string         `json:"page,omitempty"`
	Planned    int            `json:"planned,omitempty"` // files that --move-to or --link is about
	Done       int            `json:"done,omitempty"`    // files moved or linked
	Left       int            `json:"left,omitempty"`    // pictures that look the same, and that the level leaves out
	UndoList   string         `json:"undo_list,omitempty"`
	Model      *resembling    `json:"model,omitempty"` // what --model added; nil without

	unreadable map[string]int // files by place
}

// gathered is pictures of one or two places.
type gathered struct {
	roots   []fs.FS            // [print] where its file is
	prints  []copies.Print     // paths as a person reads them: below the place, or with it before them
	own     int                // the first own are of PHOTOS
	inside  []string           // [print] path below its place
	linked  []bool             // [print] a link leads to its file
	again   []bool             // [print] its file is that of another print
	data    []*dataset.Dataset // of the places
	closers []func() error
}

func (g *gathered) close() {
	for _, c := range g.closers {
		_ = c() // read only
	}
}

// gather reads the pictures of PHOTOS and of --against.
func (o duplicatesOptions) gather(ctx context.Context, out output) (_ *gathered, err error) {
	g := &gathered{}
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	var real []string // [print] where its file is on the disk; "" in an archive
	for i, place := range nonEmpty(o.photos, o.against) {
		data, err := layoutOptions{}.openImages(place)
		if err != nil {
			return nil, err
		}
		g.closers = append(g.closers, data.Close)
		g.data = append(g.data, data)
		for _, note := range data.Notes {
			out.say("note       %s", note)
		}
		prints, err := o.prints.read(ctx, out, data, dataOptions{path: place}.images(), o.workers)
		if err != nil {
			return nil, err
		}
		find := finder(dataOptions{path: place}.images())
		for k := range prints {
			file, linked := find(prints[k].Path)
			real, g.linked = append(real, file), append(g.linked, linked)
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
	g.names(real)
	if o.against != "" && !slices.Contains(g.again[g.own:], false) {
		return nil, usagef("--against %s: all of its pictures are those of %s; name another folder, or look for copies within one: %s",
			o.against, o.photos, commandLine{"tfpair", "duplicates", o.photos})
	}
	return g, nil
}

// names finds the prints whose files have another name already: of two names, the one without links counts,
// then the first.
func (g *gathered) names(real []string) {
	g.again = make([]bool, len(real))
	named := map[string]bool{"": true}
	for _, linked := range []bool{false, true} {
		for i, file := range real {
			if g.linked[i] != linked {
				continue
			}
			g.again[i] = named[file] && file != ""
			named[file] = true
		}
	}
}

// finder returns what finds where a picture of a folder really is, "" in an archive, and whether links lead to it.
func finder(folder string) func(path string) (real string, linked bool) {
	root, err := filepath.Abs(folder)
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if err != nil {
		return func(string) (string, bool) { return "", false }
	}
	folders := map[string]string{}
	return func(path string) (string, bool) {
		plain := filepath.Join(root, filepath.FromSlash(path))
		of := filepath.Dir(plain)
		in, known := folders[of]
		if !known {
			in, _ = filepath.EvalSymlinks(of) // "" in an archive
			folders[of] = in
		}
		if in == "" {
			return "", false
		}
		real := filepath.Join(in, filepath.Base(plain))
		if info, err := os.Lstat(real); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			real, _ = filepath.EvalSymlinks(real) // "" where it dangles
		}
		return real, real != plain
	}
}

// groups finds groups, the surest first. Between two places those count that have pictures of both, and those of
// the second are the originals. Where something is done about copies, what links lead to is none.
func (g *gathered) groups(level copies.Level, o duplicatesOptions, more []copies.Pair) []copies.Group {
	found := g.files(copies.Find(g.prints, level, more...), o.acts())
	slices.SortStableFunc(found, func(a, b copies.Group) int {
		x, y := doubt(a), doubt(b)
		return x.Kind.Compare(x.Distance, y.Kind, y.Distance)
	})
	if o.against == "" {
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

// doubt returns the member of a group that is the least sure copy.
func doubt(g copies.Group) copies.Member {
	return slices.MaxFunc(g[1:], func(a, b copies.Member) int { return a.Kind.Compare(a.Distance, b.Kind, b.Distance) })
}

// files returns the groups without other names of one file, which is no copy, and without links where these do
// not count.
func (g *gathered) files(groups []copies.Group, withoutLinks bool) (rest []copies.Group) {
	out := func(m copies.Member) bool { return g.again[m.Print] || withoutLinks && g.linked[m.Print] }
	for _, group := range groups {
		first := slices.IndexFunc(group, func(m copies.Member) bool { return !out(m) })
		if first < 0 {
			continue
		}
		group = slices.DeleteFunc(g.led(group, first), out)
		if len(group) > 1 {
			rest = append(rest, group)
		}
	}
	return rest
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
			what = r.words()
		}
		out.print("  %-34s %5d×%-5d %s", what, r.Width, r.Height, r.Path)
	}
	if n := len(rows); n > 0 && rows[n-1].Group > shownGroups {
		out.print("and %s more, which --out FILE.csv, --page FILE.html and --json have", count(rows[n-1].Group-shownGroups, "group"))
	}
	if len(rows) > 0 {
		out.say("best is the sharpest picture of a group, then the largest; n/64 says how many of the 64 bits of two hashes differ")
	}
	return nil
}

// words says how a picture is the same, and how far it is from that.
func (r duplicateRow) words() string {
	if r.Distance == 0 {
		return copyWords[r.Kind]
	}
	return fmt.Sprintf("%s, %d/64", copyWords[r.Kind], r.Distance)
}

// copyWords say how two pictures are the same.
var copyWords = map[copies.Kind]string{copies.File: "same file", copies.Pixels: "same pixels",
	copies.Reencoded: "re-encoded or resized", copies.Edited: "looks the same", copies.Resembles: "the same to the model"}
