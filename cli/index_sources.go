package cli

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
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
	path        string         // of the index
	there, gone []index.Source // those whose data is at hand, and the others
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

// under returns those of s whose ids begin with prefix; all for "".
func (s sources) under(prefix string) (sources, error) {
	if prefix == "" {
		return s, nil
	}
	others := func(of index.Source) bool { return of.Prefix != prefix }
	s.there, s.gone = slices.DeleteFunc(s.there, others), slices.DeleteFunc(s.gone, others)
	if len(s.there)+len(s.gone) == 0 {
		return s, usagef("index %s does not say where images under %s come from: give --data", s.path, prefix)
	}
	return s, nil
}

// awayError says that none of the data that an index remembers is at hand.
type awayError struct{ index, data string }

func (e *awayError) Error() string {
	return fmt.Sprintf("index %q: its images came from %q, which is not there", e.index, e.data)
}

// leftError says that a command has left alone data that is not at hand, and its images.
type leftError struct{ data []string }

func (e *leftError) Error() string {
	return fmt.Sprintf("%s not there: images from there stay as they are", strings.Join(e.data, ", "))
}

// some refuses an index that remembers no data that is at hand.
func (s sources) some() error {
	switch {
	case len(s.there) > 0:
		return nil
	case len(s.gone) > 0:
		return &awayError{s.path, s.gone[0].Data}
	}
	return usagef("index %s does not say where its images are: give --data", s.path)
}

// away returns the sources that are gone and own images of x, by their prefixes.
func (s sources) away(x *index.Index) map[string]index.Source {
	away := map[string]index.Source{}
	if len(s.gone) == 0 {
		return away
	}
	owners := map[string]bool{}
	for _, item := range x.All() {
		if prefix, ok := s.Owner(item.ID); ok {
			owners[prefix] = true
		}
	}
	for _, of := range s.gone {
		if owners[of.Prefix] {
			away[of.Prefix] = of
		}
	}
	return away
}

// collections opens the data of sources.
func (o dataOptions) collections(list []index.Source) (all []*inference.Collection, err error) {
	for _, s := range list {
		c, err := o.from(s).collection()
		if err != nil {
			closeAll(all)
			return nil, err
		}
		c.Prefix = s.Prefix
		all = append(all, c)
	}
	return all, nil
}

func closeAll(list []*inference.Collection) {
	for _, c := range list {
		c.Close() // read only
	}
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

// sources returns the data that the images are in: --data, which the index is to remember, or what it remembers.
func (o growOptions) sources(g *growth, update bool) (sources, error) {
	prefix := ""
	if o.prefix != "" {
		prefix = strings.TrimSuffix(o.prefix, "/") + "/"
	}
	if o.data.path == "" {
		all, err := sourcesOf(o.index)
		if err == nil {
			all, err = all.under(prefix)
		}
		if err == nil && o.prune && !all.All {
			err = usagef("index %s may have images that an earlier version of tfpair added, and does not say of which data: give --data with --remove-missing", o.index)
		}
		return all, cmp.Or(err, all.some())
	}
	s := o.data.source(prefix)
	g.source = &s
	if update { // for data that has moved
		all, _ := sourcesOf(o.index) // who opens the index says what is wrong with it
		g.instead = slices.DeleteFunc(all.gone, func(of index.Source) bool { return of.Prefix != prefix })
	}
	return sources{path: o.index, there: []index.Source{s}}, nil
}

// settle removes what is gone, where that is wanted. Images stay whose data is away.
func (o growOptions) settle(r *changedIndex, g growth, from sources, gone []string) (err error) {
	away := from.away(g.folder.Index())
	for _, prefix := range slices.Sorted(maps.Keys(away)) {
		r.Away = append(r.Away, away[prefix].Data)
	}
	gone = slices.DeleteFunc(gone, func(id string) bool {
		prefix, owned := from.Owner(id)
		_, stays := away[prefix]
		return owned && stays
	})
	if !o.prune {
		r.Missing = gone
		return nil
	}
	r.Removed, err = g.folder.Remove(gone...)
	return err
}
