package dataset

import (
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/regular"
)

// recognise chooses the format and, for a list, finds its columns.
func (s *source) recognise(o Options) (string, Format, error) {
	if s.file == nil {
		return s.recogniseTree(o)
	}
	var err error
	if s.list, err = newList(o.Data, s.file); err != nil {
		return "", Format{}, err
	}
	names := []string{o.Format}
	if o.Format == "" {
		names = listFormats(o.ImagesOnly)
	}
	var misfit error // of the format that comes closest
	var wanted []role
	closest := -1
	for _, name := range names {
		format, err := Table.New(&named.Choice{Name: name})
		if err != nil {
			return "", Format{}, err
		}
		if format.roles == nil || format.plain && !o.ImagesOnly && o.Format == "" {
			continue
		}
		if s.columns, err = s.list.find(format.roles, o.Columns); err == nil {
			return name, format, nil
		}
		if n := s.list.likeness(format.roles, o.Columns); n > closest {
			closest, misfit, wanted = n, err, format.roles
		}
	}
	if misfit == nil {
		misfit = &OptionsError{fmt.Sprintf(
			"format %q is for folders and archives; data %q is a list", o.Format, o.Data)}
	}
	return "", Format{}, s.list.advise(misfit, wanted)
}

// listFormats returns the names of all formats, first what a list is taken for in doubt.
func listFormats(imagesOnly bool) []string {
	first := "pairs"
	if imagesOnly {
		first = "images"
	}
	return slices.Insert(slices.DeleteFunc(Table.Names(), func(name string) bool {
		return name == first
	}), 0, first)
}

// openBeside opens the lists for validation and test, whose images are where those of the
// data are.
func (s *source) openBeside(p place, o Options, name string, f Format) error {
	for _, b := range []struct {
		path  string
		split Split
	}{{o.Val, Val}, {o.Test, Test}} {
		if b.path == "" {
			continue
		}
		if !f.beside {
			return &OptionsError{fmt.Sprintf("a list for %s, %q, is named beside data %q of format %q; "+
				"only lists have one beside them", b.split.purpose(), b.path, o.Data, name)}
		}
		if err := s.openOther(p, o, b.path, b.split, f.roles); err != nil {
			return err
		}
	}
	return nil
}

// openOther opens a list all of whose rows are in a split.
func (s *source) openOther(p place, o Options, path string, split Split, roles []role) error {
	opened, err := p.open(path)
	if err != nil {
		return &Error{"data", path, regular.Reason(err)}
	}
	s.closeBeside = append(s.closeBeside, opened.close)
	switch {
	case opened.file == nil:
		return &Error{"data", path, fmt.Errorf("no list, as the data for %s must be", split.purpose())}
	case o.Images == "" && p.dir(path) != p.dir(o.Data):
		return &OptionsError{fmt.Sprintf("lists %q and %q are in different folders: name the one that "+
			"their paths are relative to with --images", o.Data, path)}
	}
	l, err := newList(path, opened.file)
	if err != nil {
		return err
	}
	columns, err := l.find(roles, o.Columns)
	if err != nil {
		return l.advise(err, roles)
	}
	if _, ok := columns["split"]; ok {
		return l.refuse("a column split in a list that is for %s as a whole", split.purpose())
	}
	s.beside = append(s.beside, columned{l, columns, split})
	return nil
}
