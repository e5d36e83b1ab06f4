package dataset

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tfpair/tfpair/internal/regular"
)

// imageSet gives numbers to the images that a list names.
type imageSet struct {
	root      fs.FS
	rootPath  string
	absolute  string            // rootPath from the top of the disk, with slashes; "" where it is an archive
	named     bool              // Options.Images names the root
	known     map[string]listed // by path as it was written
	numbers   map[string]int32  // by clean path
	images    []Image
	folders   map[string]map[string][]string // by folder in which paths were looked for: its names by their folded ones
	backslash int                            // paths with backslashes
	groups    groupNames
	times     map[int32]string // of images, by number; nil where no row names one
	otherwise []string         // paths that write a file's name in another way
	escaped   []string         // paths with %20 and the like
	renamed   []string         // paths with another extension than the file, or without
	cut       string           // what paths begin with on another machine, or from another folder; "": nothing
	cuts      int              // paths without it
}

type listed struct {
	number int32
	err    error
}

func newImageSet(s *source) *imageSet {
	return &imageSet{root: s.root, rootPath: s.rootPath, absolute: s.absolute, named: s.imagesNamed,
		known: map[string]listed{}, numbers: map[string]int32{}, folders: map[string]map[string][]string{}}
}

// add returns the number of the image at a path.
func (s *imageSet) add(name string) (int32, error) {
	if k, ok := s.known[name]; ok {
		return k.number, k.err
	}
	number, err := s.find(name)
	s.known[name] = listed{number, err}
	return number, err
}

func (s *imageSet) find(name string) (int32, error) {
	clean, err := s.clean(name)
	if err != nil {
		return 0, err
	}
	info, err := fs.Stat(s.root, clean)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		other, found := s.meant(name, clean)
		if !found {
			return 0, faulty(s.elsewhere(), "image %s is not in %q", shown(name), s.rootPath)
		}
		clean = other
		info, err = fs.Stat(s.root, clean)
	}
	switch {
	case err != nil:
		return 0, faulty("", "image %s: %v", shown(name), regular.Reason(err))
	case info.IsDir():
		return 0, faulty("", "image %s is a folder", shown(name))
	case !info.Mode().IsRegular():
		return 0, faulty("", "image %s is %s, not a file", shown(name), regular.Kind(info.Mode()))
	}
	if n, ok := s.numbers[clean]; ok {
		return n, nil
	}
	n := int32(len(s.images))
	s.numbers[clean] = n
	s.images = append(s.images, Image{Path: clean, Class: -1, Size: info.Size()})
	return n, nil
}

// shown writes a path between quotes as it is in the list. Where a reader could not see what it
// holds, it is written as Go writes it.
func shown(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return r == '"' || !strconv.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return `"` + name + `"`
}

// elsewhere says what to do about images that are not there.
func (s *imageSet) elsewhere() string {
	if s.named {
		return "paths are relative to what --images names"
	}
	return "--images names another folder or .zip"
}

// clean returns a path as file systems of Go want it, relative to the root.
func (s *imageSet) clean(name string) (string, error) {
	if name == "" {
		return "", faulty("", "empty path")
	}
	name = withoutURL(name)
	slashed := name
	if strings.Contains(name, `\`) {
		if _, err := fs.Stat(s.root, path.Clean(name)); err == nil {
			return path.Clean(name), nil // a file's name may hold one
		}
		slashed = strings.ReplaceAll(name, `\`, "/")
		s.backslash++
	}
	drive := len(slashed) > 1 && slashed[1] == ':' && (slashed[0]|0x20 >= 'a' && slashed[0]|0x20 <= 'z')
	clean := path.Clean(slashed)
	if inside, ok := strings.CutPrefix(clean, strings.TrimSuffix(s.absolute, "/")+"/"); ok && s.absolute != "" {
		return inside, nil
	}
	absolute := strings.HasPrefix(slashed, "/") || drive
	switch {
	case absolute:
		if inside, ok := s.withoutCut(clean, true); ok {
			s.cuts++
			return inside, nil
		}
		mend := "name the folder that the paths begin with with --images, or write paths relative to it"
		if s.named {
			mend = "write paths relative to what --images names"
		}
		return "", faulty(mend, "path %s is absolute and does not lie in %q", shown(name), s.rootPath)
	case clean == ".." || strings.HasPrefix(clean, "../"):
		return "", faulty(s.elsewhere(), "path %s leads out of %q", shown(name), s.rootPath)
	}
	return clean, nil
}

// notes says how paths were read.
func (s *imageSet) notes(d *Dataset) {
	if s.backslash > 0 {
		d.note("paths with backslashes are read with slashes: those of %s", plural(s.backslash, "image"))
	}
	if s.cuts > 0 {
		d.note("paths are read without what they begin with, %+q: those of %s", s.cut, plural(s.cuts, "image"))
	}
	if n := len(s.escaped); n > 0 {
		d.note("paths with %%20 and the like are read without: %d, such as %+q", n, s.escaped[0])
	}
	if n := len(s.renamed); n > 0 {
		d.note("paths without a file's extension, or with another, are read as the one file of that name: %d, such as %+q", n, s.renamed[0])
	}
	if n := len(s.otherwise); n > 0 {
		d.note("paths whose accents or capitals differ from a file's are read as that file's: %d, such as %+q",
			n, s.otherwise[0])
	}
}

// sorted returns the images in the order of their paths, and the new number of each.
func (s *imageSet) sorted() (images []Image, number []int32) {
	order := make([]int32, len(s.images))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return strings.Compare(s.images[a].Path, s.images[b].Path)
	})
	number = make([]int32, len(order))
	for to, from := range order {
		images = append(images, s.images[from])
		number[from] = int32(to)
	}
	return images, number
}
