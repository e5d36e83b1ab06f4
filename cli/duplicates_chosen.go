package cli

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/rows"
)

// maxChosen bounds a list of groups, in bytes.
const maxChosen = 1 << 30

// chosen reads the groups of a list, as --out or the page wrote it and a person changed it: the picture
// that each keeps comes first. A group of which one picture is left is none.
func (g *gathered) chosen(out output, path string) ([]copies.Group, error) {
	groups, err := g.readChosen(out, path)
	if err != nil {
		return nil, &dataset.Error{Role: "list of groups", Path: path, Err: err}
	}
	for _, group := range groups {
		for k := range group[1:] {
			m := &group[k+1]
			if kind, distance, ok := copies.Compare(&g.prints[m.Of], &g.prints[m.Print]); ok {
				m.Kind, m.Distance = kind, distance
			}
		}
	}
	return groups, nil
}

func (g *gathered) readChosen(out output, path string) ([]copies.Group, error) {
	file, _, err := regular.Open(path, maxChosen)
	if err != nil {
		return nil, regular.Reason(err)
	}
	defer file.Close() // read only
	prints := map[string]int{}
	for i, path := range g.inside {
		if !g.again[i] && !g.linked[i] {
			prints[path] = i
		}
	}
	r := rows.NewReader(file, strings.EqualFold(filepath.Ext(path), ".tsv"))
	header, err := r.Next()
	if err != nil {
		return nil, fmt.Errorf("line of column names: %w", err)
	}
	at := map[string]int{}
	for _, column := range []string{"group", "path", "best"} {
		k := slices.IndexFunc(header.Fields, func(f string) bool { return strings.EqualFold(f, column) })
		if k < 0 {
			return nil, fmt.Errorf("line %d: no column %q; want group, path and best, as --out writes them", header.Line, column)
		}
		at[column] = k
	}
	at["sha256"] = slices.IndexFunc(header.Fields, func(f string) bool { return strings.EqualFold(f, "sha256") })
	list := chosenGroups{number: map[string]int{}, line: map[int]int{}, prints: prints}
	for {
		row, err := r.Next()
		if err == io.EOF {
			for _, note := range r.Notes() {
				out.say("note       %s: %s", path, note)
			}
			return list.done()
		} else if err != nil {
			return nil, err
		}
		field := func(column string) string {
			if k := at[column]; k >= 0 && k < len(row.Fields) {
				return row.Fields[k]
			}
			return ""
		}
		if err := cmp.Or(g.unchanged(prints, field("path"), field("sha256")), list.add(row.Line, field("group"), field("path"), field("best"))); err != nil {
			return nil, fmt.Errorf("line %d: %w", row.Line, err)
		}
	}
}

// unchanged returns an error where a picture is not the one that was listed: another file, or one that has changed.
func (g *gathered) unchanged(prints map[string]int, path, sum string) error {
	i, known := prints[path]
	if !known || sum == "" || strings.EqualFold(sum, hex.EncodeToString(g.prints[i].SHA256[:])) {
		return nil
	}
	return fmt.Errorf("%q is not the file that was listed, its SHA-256 differs; look again", path)
}

// chosenGroups are groups that are being read.
type chosenGroups struct {
	groups []copies.Group
	names  []string
	kept   []bool         // [group] its first is what it keeps
	number map[string]int // of a group, by its name
	line   map[int]int    // of a print
	prints map[string]int // by path
}

func (c *chosenGroups) add(line int, group, path, best string) error {
	i, known := c.prints[path]
	if !known {
		return fmt.Errorf("%q is no picture of the folder; paths are those that --out writes, and one with spaces around it or ends of lines cannot be chosen", path)
	}
	if before, there := c.line[i]; there {
		return fmt.Errorf("%q is in line %d already", path, before)
	}
	c.line[i] = line
	n, there := c.number[group]
	if !there {
		n = len(c.groups)
		c.number[group] = n
		c.groups, c.names, c.kept = append(c.groups, nil), append(c.names, group), append(c.kept, false)
	}
	m := copies.Member{Print: i, Of: i}
	switch strings.ToLower(best) {
	case "true", "1", "yes":
		if c.kept[n] {
			return fmt.Errorf("group %q keeps another picture already; want true as best of one of each group", group)
		}
		c.kept[n] = true
		c.groups[n] = append(copies.Group{m}, c.groups[n]...)
	case "false", "0", "no", "":
		c.groups[n] = append(c.groups[n], m)
	default:
		return fmt.Errorf("best is %q, want true or false", best)
	}
	return nil
}

// done returns the groups that have copies.
func (c *chosenGroups) done() (groups []copies.Group, err error) {
	for n, g := range c.groups {
		if len(g) < 2 {
			continue
		}
		if !c.kept[n] {
			return nil, fmt.Errorf("group %q keeps none of its pictures; write true as best of one of them", c.names[n])
		}
		for k := range g {
			g[k].Of = g[0].Print
		}
		groups = append(groups, g)
	}
	return groups, nil
}
