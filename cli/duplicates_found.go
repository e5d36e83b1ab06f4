package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/jsonline"
	"github.com/tfpair/tfpair/internal/regular"
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
	SHA256   string      `json:"sha256"` // of the file

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
	Sheet      string         `json:"sheet,omitempty"`
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
	target  []bool             // [print] a link in the folder leads to its file
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
	g.again, g.target = make([]bool, len(real)), make([]bool, len(real))
	first := map[string]int{}
	for _, linked := range []bool{false, true} {
		for i, file := range real {
			if g.linked[i] != linked || file == "" {
				continue
			}
			before, named := first[file]
			if !named {
				first[file] = i
				continue
			}
			g.again[i] = true
			g.target[before] = g.target[before] || linked
		}
	}
}

// finder returns what finds where a picture of a folder really is, "" in an archive, and whether links lead to it.
// Hard links of one file are in one place.
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
		linked := real != plain
		if info, err := os.Stat(real); err == nil {
			if id := regular.Identity(info); id != "" {
				real = id
			}
		}
		return real, linked
	}
}

// groups finds groups, the surest first. Between two places those count that have pictures of both, and those of
// the second are the originals. Where something is done about copies, what links lead to is none.
func (g *gathered) groups(level copies.Level, o duplicatesOptions, more []copies.Pair) []copies.Group {
	found := g.files(copies.Find(g.prints, level, more...), o)
	slices.SortStableFunc(found, func(a, b copies.Group) int {
		x, y := doubt(a), doubt(b)
		return x.Kind.Compare(x.Distance, y.Kind, y.Distance)
	})
	if o.against == "" {
		return found
	}
	var groups []copies.Group
	for _, group := range found {
		at := slices.IndexFunc(group, func(m copies.Member) bool { return m.Print >= g.own })
		if at < 0 {
			continue
		}
		leader := group[at].Print
		others := func(m copies.Member) bool { return m.Print >= g.own && m.Print != leader }
		if group = g.only(group, leader, others); len(group) > 1 {
			groups = append(groups, group)
		}
	}
	return groups
}

// doubt returns the member of a group that is the least sure copy.
func doubt(g copies.Group) copies.Member {
	return slices.MaxFunc(g[1:], func(a, b copies.Member) int { return a.Kind.Compare(a.Distance, b.Kind, b.Distance) })
}

// files returns the groups without other names of one file, which is no copy, led by the picture that o keeps. Where
// something is done about copies, links do not count, and what they lead to stays.
func (g *gathered) files(groups []copies.Group, o duplicatesOptions) (rest []copies.Group) {
	for _, group := range groups {
		out := func(m copies.Member) bool { return g.again[m.Print] || o.acts() && g.linked[m.Print] }
		left := slices.DeleteFunc(slices.Clone(group), out)
		if len(left) < 2 {
			continue
		}
		leader := left[0].Print
		if k := keeping(o.keep); k != keepBest {
			leader = slices.MinFunc(left, func(a, b copies.Member) int { return k.compare(&g.prints[a.Print], &g.prints[b.Print]) }).Print
		}
		if at := slices.IndexFunc(left, func(m copies.Member) bool { return g.target[m.Print] }); o.acts() && at >= 0 {
			leader = left[at].Print
			out = func(m copies.Member) bool { return g.target[m.Print] && m.Print != leader }
		} else {
			out = func(copies.Member) bool { return false }
		}
		if left = g.only(left, leader, out); len(left) > 1 {
			rest = append(rest, left)
		}
	}
	return rest
}

// only returns the members of a group but those that are out, led by a print. Each says how it is the same as the
// leader, else as the closest of those that are left.
func (g *gathered) only(group copies.Group, leader int, out func(copies.Member) bool) copies.Group {
	left := copies.Group{{Print: leader, Of: leader}}
	for _, m := range group {
		if m.Print != leader && !out(m) {
			left = append(left, m)
		}
	}
	present := map[int]bool{}
	for _, m := range left {
		present[m.Print] = true
	}
	for k := range left[1:] {
		m := &left[k+1]
		if kind, distance, ok := copies.Compare(&g.prints[leader], &g.prints[m.Print]); ok {
			m.Of, m.Kind, m.Distance = leader, kind, distance
		} else if !present[m.Of] || m.Kind == "" {
			g.relate(m, left)
		}
	}
	return left
}

// relate finds what of a group is the closest to a member that the leader is not like.
func (g *gathered) relate(m *copies.Member, group copies.Group) {
	m.Of, m.Kind, m.Distance = group[0].Print, copies.Edited, 0 // by others that are left out
	found := false
	for _, other := range group {
		kind, distance, ok := copies.Compare(&g.prints[other.Print], &g.prints[m.Print])
		if ok && other.Print != m.Print && (!found || kind.Compare(distance, m.Kind, m.Distance) < 0) {
			m.Of, m.Kind, m.Distance, found = other.Print, kind, distance, true
		}
	}
}

func (g *gathered) rows(groups []copies.Group) (rows []duplicateRow) {
	for i, group := range groups {
		for k, m := range group {
			p := &g.prints[m.Print]
			row := duplicateRow{Group: i + 1, Path: p.Path, Best: k == 0, Width: int(p.Width), Height: int(p.Height),
				Bytes: p.Stamp.Size, SHA256: hex.EncodeToString(p.SHA256[:]), print: m.Print}
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
		errs := []error{w.Write([]string{"group", "path", "best", "kind", "distance", "of", "width", "height", "bytes", "sha256"})}
		for _, r := range rows {
			errs = append(errs, w.Write([]string{strconv.Itoa(r.Group), r.Path, strconv.FormatBool(r.Best), string(r.Kind),
				strconv.Itoa(r.Distance), r.Of, strconv.Itoa(r.Width), strconv.Itoa(r.Height), strconv.FormatInt(r.Bytes, 10), r.SHA256}))
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
	if r.Kind == "" {
		return "as you chose"
	}
	if r.Distance == 0 {
		return copyWords[r.Kind]
	}
	return fmt.Sprintf("%s, %d/64", copyWords[r.Kind], r.Distance)
}

// copyWords say how two pictures are the same.
var copyWords = map[copies.Kind]string{copies.File: "same file", copies.Pixels: "same pixels",
	copies.Reencoded: "re-encoded or resized", copies.Edited: "looks the same", copies.Resembles: "the same to the model"}
