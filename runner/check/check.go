// Package check looks at pictures before anything is learnt from them:
//
//	dataset + copies.Read → Of → Report: what is there, what is wrong, and what to do about it
//
// It needs no network and no TensorFlow.
package check

import (
	"cmp"
	"slices"

	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// Report is what pictures are and what is wrong with them.
type Report struct {
	Images     int          `json:"images"`
	Bytes      int64        `json:"bytes"`
	Formats    []Count      `json:"formats"` // of files, the most first
	Modes      []Count      `json:"modes"`   // how colours are stored, the most first
	Turned     int          `json:"turned"`  // pictures that EXIF or the like turns
	Sizes      *Sizes       `json:"sizes,omitempty"`
	Unreadable []Unreadable `json:"unreadable"` // by what is wrong, the most first
	Classes    *Classes     `json:"classes,omitempty"`
	Pairs      *Pairs       `json:"pairs,omitempty"`
	Copies     []Copies     `json:"copies"`         // by kind
	Leaks      []Link       `json:"leaks"`          // pictures of validation and test with a copy in another split
	Conflicts  []Link       `json:"contradictions"` // copies of one picture that are said to be different
	Findings   []Finding    `json:"findings"`       // what to mend, the worst first
}

// Count is how often something is there.
type Count struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Sizes are those of pictures, as they are shown, in pixels.
type Sizes struct {
	Least  [2]int `json:"least"`  // width and height of the picture with the fewest pixels
	Median [2]int `json:"median"` // of the picture in the middle
	Most   [2]int `json:"most"`
}

// Unreadable is files that are no picture, for one reason.
type Unreadable struct {
	Reason string `json:"reason"` // of the first
	First  string `json:"first"`  // its path
	Count  int    `json:"count"`
}

// Classes are sizes of classes.
type Classes struct {
	Count   int      `json:"count"`
	Least   int      `json:"least"`   // pictures of the smallest
	Median  int      `json:"median"`  // of the one in the middle
	Most    int      `json:"most"`    // of the largest
	Singles []string `json:"singles"` // classes of one picture, which gives no same pair
}

// Copies are pictures that are there again.
type Copies struct {
	Kind  copies.Kind `json:"kind"`
	Count int         `json:"count"` // beside the best of each group
	Path  string      `json:"path"`  // of the first
	Of    string      `json:"of"`    // what it is a copy of
}

// Link is two pictures that are copies where they should not be.
type Link struct {
	Kind     copies.Kind   `json:"kind"`
	Distance int           `json:"distance"` // of the hashes in bits, 0 for the same file or pixels
	Path     string        `json:"path"`
	Split    dataset.Split `json:"split,omitempty"`
	Class    string        `json:"class,omitempty"`
	Of       string        `json:"of"`
	OfSplit  dataset.Split `json:"of_split,omitempty"`
	OfClass  string        `json:"of_class,omitempty"`
	Line     int           `json:"line,omitempty"` // of the list that calls them different
}

// Kind names a kind of Finding; what --fail-on takes.
type Kind string

// The kinds of findings.
const (
	Leaks          Kind = "leaks"
	Contradictions Kind = "contradictions"
	NotReadable    Kind = "unreadable"
	Inverted       Kind = "inverted"
	Duplicates     Kind = "duplicates"
	Resembling     Kind = "resembling"
	Singles        Kind = "singles"
	FewPictures    Kind = "few"
)

// Kinds are the kinds of findings, the worst first.
var Kinds = []Kind{Inverted, Contradictions, Leaks, NotReadable, Duplicates, Resembling, Singles, FewPictures}

// Finding is one thing that is wrong.
type Finding struct {
	Kind  Kind   `json:"kind"`
	Count int    `json:"count"`
	Text  string `json:"text"` // what is wrong, a sentence
	Mend  string `json:"mend"` // what to do, "" where the text says
}

// Measure says how far apart two images are.
type Measure struct {
	By       string // for Likeness
	Knows    func(image int32) bool
	Distance func(a, b int32) float32 // of two images that it knows
}

// Of reports on the images of d, of which prints [image] were read and groups were found by copies.Find at a level. Listed
// pairs are compared by a measure; nil: by the colours of the prints.
func Of(d *dataset.Dataset, prints []copies.Print, groups []copies.Group, level copies.Level, by *Measure) (*Report, error) {
	r := &Report{Images: len(d.Images), Unreadable: []Unreadable{}, Copies: []Copies{}, Leaks: []Link{}, Conflicts: []Link{}}
	r.files(prints)
	r.classes(d)
	r.groups(standing(d, prints, level, itself), groups)
	if err := r.pairs(d, prints, by); err != nil {
		return nil, err
	}
	r.judge(d)
	return r, nil
}

// files counts what the headers say.
func (r *Report) files(prints []copies.Print) {
	formats, modes, faults := map[string]int{}, map[string]int{}, map[string]*Unreadable{}
	var sizes [][2]int
	for i := range prints {
		p := &prints[i]
		r.Bytes += p.Stamp.Size
		if p.Fault != "" {
			u := faults[class(p.Fault)]
			if u == nil {
				u = &Unreadable{Reason: p.Fault, First: p.Path}
				faults[class(p.Fault)] = u
			}
			u.Count++
			continue
		}
		formats[p.Facts.Format]++
		modes[p.Facts.Mode]++
		if p.Facts.Orientation > 1 {
			r.Turned++
		}
		sizes = append(sizes, [2]int{int(p.Width), int(p.Height)})
	}
	r.Formats, r.Modes = counted(formats), counted(modes)
	for _, u := range faults {
		r.Unreadable = append(r.Unreadable, *u)
	}
	slices.SortFunc(r.Unreadable, func(a, b Unreadable) int {
		return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.First, b.First))
	})
	if n := len(sizes); n > 0 {
		slices.SortFunc(sizes, func(a, b [2]int) int {
			return cmp.Or(cmp.Compare(a[0]*a[1], b[0]*b[1]), cmp.Compare(a[0], b[0]))
		})
		r.Sizes = &Sizes{sizes[0], sizes[n/2], sizes[n-1]}
	}
}

// class returns what a fault has in common with others of its kind: its words without numbers and
// quoted bytes.
func class(fault string) string {
	kept := make([]rune, 0, len(fault))
	quoted := false
	for _, c := range fault {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted || c >= '0' && c <= '9':
		default:
			kept = append(kept, c)
		}
	}
	return string(kept)
}

func counted(of map[string]int) []Count {
	list := []Count{}
	for name, n := range of {
		list = append(list, Count{name, n})
	}
	slices.SortFunc(list, func(a, b Count) int { return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Name, b.Name)) })
	return list
}

// classes counts the pictures of classes that the data names.
func (r *Report) classes(d *dataset.Dataset) {
	if len(d.Classes) == 0 {
		return
	}
	of := make([]int, len(d.Classes))
	labels := d.LabelImageSet()
	for i, image := range d.Images {
		if image.Class >= 0 && !labels[int32(i)] {
			of[image.Class]++
		}
	}
	c := &Classes{Count: len(of), Singles: []string{}}
	for class, n := range of {
		if n == 1 {
			c.Singles = append(c.Singles, d.Classes[class])
		}
	}
	slices.Sort(of)
	c.Least, c.Median, c.Most = of[0], of[len(of)/2], of[len(of)-1]
	r.Classes = c
}

// groups tells what the groups of copies mean.
func (r *Report) groups(b bystanders, groups []copies.Group) {
	r.copies(b.prints, groups)
	for _, g := range groups {
		r.Leaks = append(r.Leaks, b.leaks(g)...)
		r.Conflicts = append(r.Conflicts, b.conflicts(g)...)
	}
}

// copies counts the members of groups by their kind.
func (r *Report) copies(prints []copies.Print, groups []copies.Group) {
	at := map[copies.Kind]int{}
	for _, kind := range copies.Kinds {
		at[kind] = len(at)
		r.Copies = append(r.Copies, Copies{Kind: kind})
	}
	for _, g := range groups {
		for _, m := range g[1:] {
			c := &r.Copies[at[m.Kind]]
			if c.Count++; c.Count == 1 {
				c.Path, c.Of = prints[m.Print].Path, prints[m.Of].Path
			}
		}
	}
}
