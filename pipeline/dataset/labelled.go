package dataset

import (
	"errors"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/named"
)

// labelled reads a list with a row for each image: its columns are image, class and, if there,
// split and group. A class is any text. It is what class folders say, for pictures that lie
// otherwise.
var labelled = named.Row[Format]{
	Brief: "CSV or TSV with columns image,class[,split][,group][,time]; what class folders say, as a list",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readLabelled, beside: true, roles: []role{{name: "image"}, {name: "class"},
			{name: "split", optional: true}, {name: "group", optional: true}, {name: "time", optional: true}}}, named.Options(raw, &struct{}{})
	},
}

// labelledRow is what the first row of an image says.
type labelledRow struct {
	class string
	split Split
	at    spot
}

func readLabelled(s *source, d *Dataset) error {
	set, of := newImageSet(s), map[int32]labelledRow{}
	repeats := 0
	if err := s.each("images", func(row []string) error {
		split, err := s.split(row)
		r := labelledRow{s.field(row, "class"), split, s.from}
		if r.class == "" {
			err = errors.Join(err, faulty("", "class is empty"))
		}
		if err != nil {
			return err
		}
		image, err := set.add(s.field(row, "image"))
		if err != nil {
			return err
		}
		before, again := of[image]
		switch path := set.images[image].Path; {
		case again && before.class != r.class:
			return faulty("", "image %q is of class %q here and of %q in %s", path, r.class, before.class,
				s.names().of(before.at, r.at))
		case again && before.split != r.split:
			return faulty("", "image %q is in %s here and in %s in %s", path, r.split.named(), before.split.named(),
				s.names().of(before.at, r.at))
		case again:
			repeats++
			return nil
		}
		of[image] = r
		set.groups.add(s.field(row, "group"), image)
		set.addTime(s.field(row, "time"), image)
		return nil
	}); err != nil {
		return err
	}
	if err := s.readAll(set); err != nil {
		return err
	}
	s.readNotes(d, set)
	fillLabelled(d, set, of)
	if repeats > 0 {
		d.note("%s repeat an image and are left out", plural(repeats, "row"))
	}
	return nil
}

// fillLabelled sorts the images and their classes into d.
func fillLabelled(d *Dataset, set *imageSet, of map[int32]labelledRow) {
	images, number := set.sorted()
	d.Images = images
	for _, r := range of {
		d.Classes = append(d.Classes, r.class)
	}
	slices.SortFunc(d.Classes, strings.Compare)
	d.Classes = slices.Compact(d.Classes)
	for image, r := range of {
		class, _ := slices.BinarySearch(d.Classes, r.class)
		i := &d.Images[number[image]]
		i.Class, i.Split = int32(class), r.split
	}
	set.groups.fill(d, func(i int32) int32 { return number[i] })
	set.fillTimes(d, number)
}
