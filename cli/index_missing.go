package cli

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/runner/inference"
)

// movedTo returns the source whose data has moved to a place that has images of some ids: one of the same prefix that is not there,
// and of whose images half are in that place, or more. Of several it is the one with the most images there; nil: none has moved.
func (s sources) movedTo(prefix string, x *index.Index, here map[string]bool) *index.Source {
	all, found := map[index.Source]int{}, map[index.Source]int{}
	for row, item := range x.All() {
		owners, _ := s.Owners(item.ID, x.Source(row))
		for _, of := range owners {
			if all[of]++; here[item.ID] {
				found[of]++
			}
		}
	}
	var moved *index.Source
	for _, of := range s.gone {
		if of.Prefix == prefix && found[of] > 0 && 2*found[of] >= all[of] && (moved == nil || found[of] > found[*moved]) {
			moved = &of
		}
	}
	return moved
}

// linksOf returns the links of collections that lead nowhere now, by the ids of the images behind them.
func linksOf(list []index.Source, all []*inference.Collection) map[string]string {
	links := map[string]string{}
	for i, c := range all {
		for _, link := range c.Data.Nowhere {
			links[c.Prefix+link] = filepath.Join(list[i].Data, filepath.FromSlash(link))
		}
	}
	return links
}

// behind returns the link that the image of an id lies behind.
func behind(links map[string]string, id string) (link string, ok bool) {
	for at := id; len(links) > 0 && at != "." && at != "/"; at = path.Dir(at) {
		if link, ok = links[at]; ok {
			return link, true
		}
	}
	return "", false
}

// settle removes the images that are not in the data they came from, where that is wanted. Images stay that came from data that the
// command does not look at, from none, or from nobody knows where, and those that lie behind links. known are the ids of the data
// at hand.
func (o growOptions) settle(r *changedIndex, g growth, known map[string]bool, links map[string]string) (err error) {
	from := g.from
	from.Sources = g.folder.Sources() // as it is recorded now
	looked := func(of index.Source) bool { return slices.Contains(from.there, of) }
	var gone []string
	away := map[index.Source]bool{}
	x := g.folder.Index()
	for row, item := range x.All() {
		if known[item.ID] {
			continue
		}
		if link, ok := behind(links, item.ID); ok {
			if !slices.Contains(r.links, link) {
				r.links = append(r.links, link)
			}
			continue
		}
		owners, sure := from.Owners(item.ID, x.Source(row))
		others := slices.DeleteFunc(slices.Clone(owners), looked)
		for _, of := range others {
			away[of] = true
		}
		switch {
		case sure && len(owners) > 0 && len(others) == 0:
			gone = append(gone, item.ID)
		case sure && len(others) == len(owners): // from other data, or from none
		case strings.HasPrefix(item.ID, idPrefix(o.prefix)):
			r.Unknown = append(r.Unknown, item.ID)
		}
	}
	if o.data.path == "" {
		for _, of := range from.gone {
			if away[of] {
				r.Away = append(r.Away, of.Data)
				r.away = append(r.away, of)
			}
		}
	}
	r.Away = append(r.Away, r.links...)
	if !o.prune {
		r.Missing = gone
		return nil
	}
	if n := len(r.Unknown); n > 0 {
		g.out.say("note       %s not removed: the index does not say which data they came from; --json lists them, and tfpair index remove removes them by id",
			count(n, "image"))
	}
	r.Removed, err = g.folder.Remove(gone...)
	return err
}
