package index

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Source is where images of an index come from, in the words that the data was opened by. Paths are as
// they were given. The package keeps them for programs that open the data again.
type Source struct {
	Number  int    `json:"number,omitempty"` // by which entries name it, from 1 on; 0: entries of it name none
	Data    string `json:"data"`             // folder, archive or list
	Val     string `json:"val,omitempty"`
	Test    string `json:"test,omitempty"`
	Images  string `json:"images,omitempty"` // that paths of a list start from
	Format  string `json:"format,omitempty"`
	Columns string `json:"columns,omitempty"`
	Splits  string `json:"splits,omitempty"`
	Prefix  string `json:"prefix,omitempty"` // of the ids: "june/"
}

// Same reports whether s and other are the same data under the same prefix, whatever their numbers.
func (s Source) Same(other Source) bool {
	s.Number = other.Number
	return s == other
}

// Sources are all that is known of where the images of an index come from.
type Sources struct {
	List []Source `json:"list"`          // an image of two of them is that of the later one
	All  bool     `json:"all,omitempty"` // since the index was built; false: an earlier version may have added others
}

// Owners returns the sources that an entry can have come from, by its id and its Source: the one of that number. Without a number
// it came from one of those whose entries name none, and has the longest of their prefixes that fits; or, where the list is
// empty, from no data at all: a program has put it in. It is false where nobody knows.
func (s Sources) Owners(id string, number int) (list []Source, known bool) {
	for _, of := range s.List {
		if of.Number == number && (number > 0 || strings.HasPrefix(id, of.Prefix)) {
			list = append(list, of)
		}
	}
	if number > 0 {
		return list, len(list) > 0
	}
	longest := 0
	for _, of := range list {
		longest = max(longest, len(of.Prefix))
	}
	list = slices.DeleteFunc(list, func(of Source) bool { return len(of.Prefix) < longest })
	return list, s.All || !slices.ContainsFunc(s.List, unnumbered)
}

// unnumbered reports whether entries of s name no source.
func unnumbered(s Source) bool { return s.Number == 0 }

// Sources returns where the images come from. Of an index that an earlier version has built that is About.Root.
func (f *Folder) Sources() Sources {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now.sources()
}

// ReadSources is Folder.Sources of the index at path, a folder or a file. The error is an *Error.
func ReadSources(path string) (Sources, error) {
	if !isFolder(path) {
		about, _, err := ReadItems(path)
		return (&state{About: about}).sources(), err
	}
	s, err := readState(path)
	return s.sources(), (&Folder{path: path}).refused(err)
}

// ReadAbout returns what the vectors of the index at path are, a folder or a file; of a folder also where its other files are damaged.
// The error is an *Error.
func ReadAbout(path string) (About, error) {
	if !isFolder(path) {
		about, _, err := ReadItems(path)
		return about, err
	}
	s, err := readState(path)
	return s.About, (&Folder{path: path}).refused(err)
}

// Replaceable reports whether Build with overwrite writes to path: nothing is there, or an index, whatever has become of it.
func Replaceable(path string) bool {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) || Begins(path) {
		return true
	}
	entries, err := os.ReadDir(path)
	return err == nil && (len(entries) == 0 || lacksState(entries))
}

func (s *state) sources() (all Sources) {
	if s.Sources != nil {
		all = Sources{slices.Clone(s.Sources.List), s.Sources.All}
	}
	built := func(of Source) bool { return of.Number == 0 && of.Prefix == "" }
	if s.Root != "" && !all.All && !slices.ContainsFunc(all.List, built) {
		all.List = slices.Insert(all.List, 0, Source{Data: s.Root})
	}
	return all
}

// Record keeps that images come from a source, the latest one, and returns it with its number, which entries of it are to have. A
// source that the folder knows keeps its number. Another one gets a new number, or that of the source instead of which it is there,
// which is forgotten; nil: of none. It writes nothing where all that is known.
func (f *Folder) Record(s Source, instead *Source) (Source, error) {
	err := f.resource(func(was Sources) Sources {
		s.Number = f.unusedNumber(was.List)
		for _, of := range was.List {
			if of.Same(s) || instead != nil && of == *instead {
				s.Number = of.Number
			}
		}
		list := slices.DeleteFunc(slices.Clone(was.List), func(of Source) bool { return of.Same(s) || instead != nil && of == *instead })
		return Sources{append(list, s), was.All}
	})
	return s, err
}

// ReplaceSources has the folder remember other sources.
func (f *Folder) ReplaceSources(sources Sources) error {
	return f.resource(func(Sources) Sources { return sources })
}

// Forget forgets sources. Entries of them stay.
func (f *Folder) Forget(sources ...Source) error {
	return f.resource(func(was Sources) Sources {
		return Sources{slices.DeleteFunc(slices.Clone(was.List), func(of Source) bool { return slices.Contains(sources, of) }), was.All}
	})
}

// unusedNumber returns a number that no source of a list has, and no entry.
func (f *Folder) unusedNumber(list []Source) int {
	last := 0
	if len(list) > 0 {
		last = slices.MaxFunc(list, func(a, b Source) int { return cmp.Compare(a.Number, b.Number) }).Number
	}
	for _, p := range f.view.Load().parts {
		for _, of := range p.extras { // an earlier version may have dropped the list
			last = max(last, int(of.source))
		}
	}
	return last + 1
}

// resource has the folder remember other sources.
func (f *Folder) resource(change func(was Sources) Sources) error {
	f.changing.Lock()
	defer f.changing.Unlock()
	return f.exclusively(func() error {
		was := f.now.sources()
		to := change(was)
		if slices.Equal(to.List, was.List) && to.All == was.All {
			return nil
		}
		now := f.now
		now.Sources = &to
		if err := now.write(f.path); err != nil {
			return f.refused(err)
		}
		return f.refused(f.load(now))
	})
}
