package dataset

import (
	"errors"
	"fmt"
)

// columned is a list whose columns are known.
type columned struct {
	*list
	columns map[string]int // by role
	all     Split          // of all rows, Unsplit where their column says
}

// spot is a row of one of the lists that are read together.
type spot struct {
	list uint8 // that of the data is 0
	line int
}

// lists returns the lists that are read, that of the data first.
func (s *source) lists() []columned {
	return append([]columned{{list: s.list, columns: s.columns}}, s.beside...)
}

// each calls add for each row of each list, and collects the errors of add. The error is that
// of a list that cannot be read on, or that has no rows, which hold what noun says.
func (s *source) each(noun string, add func(row []string) error) error {
	for i, l := range s.lists() {
		s.reading = l
		if err := l.each(func(row []string) error {
			s.from = spot{uint8(i), l.line}
			return add(row)
		}); err != nil {
			return err
		}
		if l.bad.Good+l.bad.Bad == 0 {
			return &Error{"data", l.path, errors.New("a header and no " + noun + " below it")}
		}
	}
	return nil
}

// field returns what the row that is being read says of a role, "" where no column does.
func (s *source) field(row []string, role string) string {
	if at, ok := s.reading.columns[role]; ok {
		return row[at]
	}
	return ""
}

// split returns the split of the row that is being read: that of its list, or what its column
// says; "" where there is none.
func (s *source) split(row []string) (Split, error) {
	at, ok := s.reading.columns["split"]
	if all := s.reading.all; all != Unsplit || !ok {
		return all, nil
	}
	split := splitOf(row[at])
	if split == Unsplit {
		return Unsplit, faulty("want train, val or test", "split is %q", row[at])
	}
	return split, nil
}

// refute collects what is wrong with a row that seemed good by itself.
func (s *source) refute(at spot, err error) { s.lists()[at.list].refute(at.line, err) }

// names returns the paths of the lists.
func (s *source) names() (names listNames) {
	for _, l := range s.lists() {
		names = append(names, l.path)
	}
	return names
}

// listNames are the paths of the lists that were read together.
type listNames []string

// of says where a row is to someone who looks at another.
func (n listNames) of(at, from spot) string {
	if at.list == from.list {
		return fmt.Sprintf("line %d", at.line)
	}
	return fmt.Sprintf("%s:%d", n[at.list], at.line)
}

// readAll returns what was wrong with the rows of the lists, and where their images may be.
func (s *source) readAll(images *imageSet) error {
	var errs []error
	for _, l := range s.lists() {
		if len(images.images) == 0 {
			l.bad.Hint = s.nowhere()
		}
		errs = append(errs, l.err())
	}
	return errors.Join(errs...)
}

// nowhere is the hint where no image of a list is found.
func (s *source) nowhere() string {
	if s.imagesNamed {
		return fmt.Sprintf("none of the listed images is in %q, which --images names: name another folder or .zip, "+
			"or write paths relative to this one", s.rootPath)
	}
	return fmt.Sprintf("none of the listed images is in %q: "+
		"name the folder or .zip that holds them with --images", s.rootPath)
}

// readNotes says how the lists were read.
func (s *source) readNotes(d *Dataset, images *imageSet) {
	for _, l := range s.lists() {
		if l.title > 0 {
			d.note("%s: line %d is a title, and left out", l.path, l.title)
		}
		for _, note := range l.rows.Notes() {
			d.note("%s: %s", l.path, note)
		}
	}
	images.notes(d)
}

// noteUnused says which columns no role reads.
func (s *source) noteUnused(d *Dataset) {
	for _, l := range s.lists() {
		if names := l.unused(l.columns); len(names) > 0 {
			d.note("%s: left out %s: %s", l.path, plural(len(names), "column"), few(names))
		}
	}
}
