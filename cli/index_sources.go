package cli

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/runner/inference"
)

// source is the data as an index remembers it. The ids of its images begin with prefix.
func (o dataOptions) source(prefix string) index.Source {
	return index.Source{Data: o.path, Val: o.val, Test: o.test, Images: o.layout.images, Format: o.layout.format,
		Columns: o.layout.columns, Splits: o.splits, Prefix: prefix}
}

// from is o with the data of a source.
func (o dataOptions) from(s index.Source) dataOptions {
	o.path, o.val, o.test, o.splits = s.Data, s.Val, s.Test, s.Splits
	o.layout = layoutOptions{images: s.Images, format: s.Format, columns: s.Columns}
	return o
}

// alone refuses flags that say how --data is laid out where there is none: an index remembers those of its own.
func (o dataOptions) alone() error {
	for _, f := range []given{{"val", o.val}, {"test", o.test}, {"images", o.layout.images}, {"format", o.layout.format},
		{"columns", o.layout.columns}, {"splits", o.splits}} {
		if f.value != "" {
			return usagef("--%s %s says how --data is laid out: give --data, too, or leave out --%s", f.flag, f.value, f.flag)
		}
	}
	return nil
}

// sources are where the images of an index come from.
type sources struct {
	index.Sources
	path   string         // of the index
	there  []index.Source // that a command looks at: their data is at hand
	gone   []index.Source // whose data is not
	others []index.Source // whose data is, and that the command does not look at
}

// sourcesOf returns what the index at path remembers.
func sourcesOf(path string) (sources, error) {
	all, err := index.ReadSources(path)
	of := sources{Sources: all, path: path}
	for _, s := range all.List {
		if _, err := os.Stat(s.Data); errors.Is(err, os.ErrNotExist) {
			of.gone = append(of.gone, s)
		} else {
			of.there = append(of.there, s)
		}
	}
	return of, err
}

// only leaves s to look at one source alone: the one that is remembered of the same data and prefix, or else that.
func (s sources) only(one index.Source) sources {
	for _, of := range s.List {
		if here := one; sameFile(of.Data, here.Data) {
			if here.Data = of.Data; of.Same(here) {
				one = of
				break
			}
		}
	}
	s.others = slices.DeleteFunc(s.there, func(of index.Source) bool { return of == one })
	s.gone = slices.DeleteFunc(s.gone, func(of index.Source) bool { return of == one }) // who opens it says that it is not there
	s.there = []index.Source{one}
	return s
}

// sameFile reports whether two paths lead to one file or folder.
func sameFile(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return true
	}
	here, err := os.Stat(a)
	if err != nil {
		return false
	}
	there, err := os.Stat(b)
	return err == nil && os.SameFile(here, there)
}

// under returns those of s whose ids begin with prefix; all for "".
func (s sources) under(prefix string) (sources, error) {
	if prefix == "" {
		return s, nil
	}
	others := func(of index.Source) bool { return of.Prefix != prefix }
	s.others = slices.DeleteFunc(slices.Clone(s.there), func(of index.Source) bool { return !others(of) })
	s.there, s.gone = slices.DeleteFunc(s.there, others), slices.DeleteFunc(s.gone, others)
	if len(s.there)+len(s.gone) == 0 {
		return s, usagef("index %s does not say where images under %s come from: give --data", s.path, prefix)
	}
	return s, nil
}

// awayError says that none of the data that an index remembers is at hand.
type awayError struct {
	index string
	data  index.Source // the first
}

func (e *awayError) Error() string {
	return fmt.Sprintf("index %q: its images came from %q, which is not there", e.index, e.data.Data)
}

// leftError says that a command has left alone data that is not at hand, and its images.
type leftError struct {
	index string
	data  []index.Source
	links []string // in other data, which lead nowhere
}

func (e *leftError) Error() string {
	words := slices.Clone(e.links)
	for _, s := range e.data {
		words = append(words, s.Data)
	}
	return fmt.Sprintf("%s not there: images from there stay as they are", strings.Join(words, ", "))
}

// unknownDataError says that an index does not remember data under a prefix.
type unknownDataError struct {
	index, data, prefix string
	known               []index.Source
}

func (e *unknownDataError) Error() string {
	text := fmt.Sprintf("index %q does not say that images came from %q", e.index, e.data)
	if e.prefix != "" {
		text += fmt.Sprintf(" under %s", e.prefix)
	}
	for i, s := range e.known {
		if i == 0 {
			text += "; they came from: "
		} else {
			text += ", "
		}
		text += s.Data
		if s.Prefix != "" {
			text += " (" + s.Prefix + ")"
		}
	}
	return text
}

// some refuses an index that remembers no data that is at hand.
func (s sources) some() error {
	switch {
	case len(s.there) > 0:
		return nil
	case len(s.gone) > 0:
		return &awayError{s.path, s.gone[0]}
	}
	return usagef("index %s does not say where its images are: give --data", s.path)
}

// collections opens the data of sources.
func (o dataOptions) collections(list []index.Source) (all []*inference.Collection, err error) {
	for _, s := range list {
		c, err := o.from(s).collection()
		if err != nil {
			closeAll(all)
			return nil, err
		}
		c.Prefix, c.Source = s.Prefix, s.Number
		all = append(all, c)
	}
	return all, nil
}

func closeAll(list []*inference.Collection) {
	for _, c := range list {
		c.Close() // read only
	}
}

// ids adds to known the ids of the images of sources.
func (o dataOptions) ids(list []index.Source, known map[string]bool) error {
	all, err := o.collections(list)
	if err != nil {
		return err
	}
	defer closeAll(all)
	for _, c := range all {
		maps.Copy(known, idsOf(c))
	}
	return nil
}

// idsOf returns the ids of the images of a collection.
func idsOf(c *inference.Collection) map[string]bool {
	ids := make(map[string]bool, len(c.Images))
	for _, image := range c.Images {
		ids[c.Prefix+c.Data.Images[image].Path] = true
	}
	return ids
}

// latest leaves each id to the last of the collections that has it, and returns all ids.
func latest(list []*inference.Collection) map[string]bool {
	known := map[string]bool{}
	for _, c := range slices.Backward(list) {
		own := make([]int32, 0, len(c.Images))
		for _, image := range c.Images {
			id := c.Prefix + c.Data.Images[image].Path
			if !known[id] {
				own = append(own, image)
			}
			known[id] = true
		}
		c.Images = own
	}
	return known
}

// idPrefix is what ids begin with of images that are given a --prefix.
func idPrefix(name string) string {
	if name == "" {
		return ""
	}
	return strings.TrimSuffix(name, "/") + "/"
}

// sources returns the data that the images are in: --data, which the index is to remember, or what it remembers.
func (o growOptions) sources() (sources, error) {
	all, err := sourcesOf(o.index)
	if o.data.path != "" { // who opens the index says what is wrong with it
		return all.only(o.data.source(idPrefix(o.prefix))), nil
	}
	if err == nil {
		all, err = all.under(idPrefix(o.prefix))
	}
	return all, cmp.Or(err, all.some())
}
