package dataset

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/tfpair/tfpair/internal/forest"
)

// ParseGroupBy reads the regular expression whose one pair of parentheses takes the name of
// an image's group out of its path: "_(burst[0-9]+)_" or "^([^/]+/session[0-9]+)". The
// error is an *OptionsError.
func ParseGroupBy(text string) (*regexp.Regexp, error) {
	const example = `; such as '/(session[0-9]+)_' for cat/session12_0007.jpg`
	by, err := regexp.Compile(text)
	switch {
	case err != nil:
		return nil, &OptionsError{fmt.Sprintf("group-by %q: %v%s", text, err, example)}
	case by.NumSubexp() != 1:
		return nil, &OptionsError{fmt.Sprintf("group-by %q has %s of parentheses, want 1 around the name of the "+
			"group%s", text, plural(by.NumSubexp(), "pair"), example)}
	}
	return by, nil
}

// groupBy gives each image the group that its path names. Label images have none.
func (d *Dataset) groupBy(by *regexp.Regexp) error {
	labels := d.LabelImageSet()
	names := map[int32]string{}
	photos := 0
	for i, image := range d.Images {
		if labels[int32(i)] {
			continue
		}
		photos++
		if m := by.FindStringSubmatch(image.Path); m != nil && m[1] != "" {
			names[int32(i)] = m[1]
		}
	}
	if len(names) == 0 {
		return &OptionsError{fmt.Sprintf("group-by %q is in the path of no image; the first is %q", by, d.Images[0].Path)}
	}
	if alone := photos - len(names); alone > 0 {
		d.note("%s in the path of which group-by finds no group: each is a group of its own", plural(alone, "image"))
	}
	d.GroupBy = by.String()
	return d.SetGroups("group-by", names)
}

// SetGroups puts images into groups, by name, and notes how many there are. Images that names
// lacks are groups of their own. The error, an *OptionsError, says that the data has groups
// already, besides those of by.
func (d *Dataset) SetGroups(by string, names map[int32]string) error {
	if d.Groups != nil {
		return &OptionsError{by + " is given, and the list has a column group; leave out one of them"}
	}
	d.setGroups(names)
	d.noteGroups()
	return nil
}

// setGroups sets the groups of the images that names holds. Others are of their own.
func (d *Dataset) setGroups(names map[int32]string) {
	d.Groups = slices.Compact(slices.Sorted(maps.Values(names)))
	d.GroupOf = make([]int32, len(d.Images))
	for i := range d.GroupOf {
		d.GroupOf[i] = -1
		if name, ok := names[int32(i)]; ok {
			at, _ := slices.BinarySearch(d.Groups, name)
			d.GroupOf[i] = int32(at)
		}
	}
}

// noteGroups says how many groups there are, and which the data's own splits part.
func (d *Dataset) noteGroups() {
	in, images := make([]Split, len(d.Groups)), 0
	var parted []string
	for i, g := range d.GroupOf {
		if g < 0 {
			continue
		}
		images++
		split := d.Images[i].Split
		switch {
		case in[g] == Unsplit:
			in[g] = split
		case split != Unsplit && in[g] != split && !slices.Contains(parted, d.Groups[g]):
			parted = append(parted, d.Groups[g])
		}
	}
	d.note("%s of %s; a group stays within one split", plural(len(d.Groups), "group"), plural(images, "image"))
	if len(parted) > 0 {
		d.note("%s in more than one split of the data: scores flatter: %s", plural(len(parted), "group"), quoted(parted))
	}
}

// JoinGroups joins, in sets of images, the images of each group.
func (d *Dataset) JoinGroups(sets forest.Forest) forest.Forest {
	first := make([]int32, len(d.Groups))
	for i := range first {
		first[i] = -1
	}
	for i, g := range d.GroupOf {
		switch {
		case g < 0:
		case first[g] < 0:
			first[g] = int32(i)
		default:
			sets.Join(first[g], int32(i))
		}
	}
	return sets
}

// groupNames collects the groups that rows of a list name.
type groupNames struct {
	of     map[int32]int32 // image → index of names, a group of its set
	number map[string]int32
	names  []string
	joined [][2]int32 // groups that share an image
}

// add puts images into a group. An image in two groups makes them one.
func (g *groupNames) add(name string, images ...int32) {
	if name == "" {
		return
	}
	if g.of == nil {
		g.of, g.number = map[int32]int32{}, map[string]int32{}
	}
	n, ok := g.number[name]
	if !ok {
		n = int32(len(g.names))
		g.number[name], g.names = n, append(g.names, name)
	}
	for _, i := range images {
		if before, ok := g.of[i]; ok && before != n {
			g.joined = append(g.joined, [2]int32{before, n})
		} else if !ok {
			g.of[i] = n
		}
	}
}

// fill sets the groups of d. Number is that in d of each image.
func (g *groupNames) fill(d *Dataset, number func(image int32) int32) {
	if len(g.names) == 0 {
		return
	}
	sets := forest.New(len(g.names))
	for _, j := range g.joined {
		sets.Join(j[0], j[1])
	}
	least := map[int32]string{} // name of a set: the first in order
	for n, name := range g.names {
		root := sets.Root(int32(n))
		if before, ok := least[root]; !ok || name < before {
			least[root] = name
		}
	}
	names := map[int32]string{}
	for image, n := range g.of {
		names[number(image)] = least[sets.Root(n)]
	}
	d.setGroups(names)
	if lost := len(g.names) - len(least); lost > 0 {
		d.note("%s joined to others by images that are in both", plural(lost, "group"))
	}
}

// addTime keeps when an image was taken. Of several rows the last counts.
func (s *imageSet) addTime(text string, image int32) {
	if text == "" {
		return
	}
	if s.times == nil {
		s.times = map[int32]string{}
	}
	s.times[image] = text
}

// fillTimes sets the times of d. Number is that in d of each image.
func (s *imageSet) fillTimes(d *Dataset, number []int32) {
	if s.times == nil {
		return
	}
	d.Times = make([]string, len(d.Images))
	for image, text := range s.times {
		d.Times[number[image]] = text
	}
}
