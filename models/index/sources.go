package index

import (
	"slices"
	"strings"
)

// Source is where images of an index come from, in the words that the data was opened by. Paths are as
// they were given. The package keeps them for programs that open the data again.
type Source struct {
	Data    string `json:"data"` // folder, archive or list
	Val     string `json:"val,omitempty"`
	Test    string `json:"test,omitempty"`
	Images  string `json:"images,omitempty"` // that paths of a list start from
	Format  string `json:"format,omitempty"`
	Columns string `json:"columns,omitempty"`
	Splits  string `json:"splits,omitempty"`
	Prefix  string `json:"prefix,omitempty"` // of the ids: "june/"
}

// Sources are all that is known of where the images of an index come from.
type Sources struct {
	List []Source `json:"list"`          // an image of two of them is that of the later one
	All  bool     `json:"all,omitempty"` // since the index was built; false: an earlier version may have added others
}

// Owner returns the prefix of the source that an id belongs to, which is the longest. It is false where no
// source has one that fits.
func (s Sources) Owner(id string) (prefix string, ok bool) {
	for _, of := range s.List {
		if strings.HasPrefix(id, of.Prefix) && (!ok || len(of.Prefix) > len(prefix)) {
			prefix, ok = of.Prefix, true
		}
	}
	return prefix, ok
}

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

func (s *state) sources() (all Sources) {
	if s.Sources != nil {
		all = Sources{slices.Clone(s.Sources.List), s.Sources.All}
	}
	if s.Root != "" && !slices.ContainsFunc(all.List, func(of Source) bool { return of.Prefix == "" }) {
		all.List = slices.Insert(all.List, 0, Source{Data: s.Root})
	}
	return all
}

// Record keeps that images come from a source, the latest one, and forgets others. It writes nothing where that is known.
func (f *Folder) Record(s Source, others ...Source) error {
	f.changing.Lock()
	defer f.changing.Unlock()
	return f.exclusively(func() error {
		now, was := f.now, Sources{}
		if now.Sources != nil {
			was = *now.Sources
		}
		list := slices.DeleteFunc(slices.Clone(was.List), func(of Source) bool { return of == s || slices.Contains(others, of) })
		list = append(list, s)
		if slices.Equal(list, was.List) {
			return nil
		}
		now.Sources = &Sources{list, was.All}
		if err := now.write(f.path); err != nil {
			return f.refused(err)
		}
		return f.refused(f.load(now))
	})
}
