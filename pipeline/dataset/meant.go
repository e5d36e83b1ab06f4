package dataset

import (
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// meant returns the file that a path means which is not there as it is written: in other capitals or accents,
// with %20 for a space, with another extension or without. It remembers what it did.
func (s *imageSet) meant(name, clean string) (string, bool) {
	if other, found := s.lookAlike(clean); found {
		s.otherwise = append(s.otherwise, name)
		return other, true
	}
	if inside, ok := s.withoutCut(clean, false); ok && s.exists(inside) {
		s.cuts++
		return inside, true
	}
	if plain, err := url.PathUnescape(clean); err == nil && plain != clean {
		if other, found := s.lookAlike(plain); found {
			s.escaped = append(s.escaped, name)
			return other, true
		}
	}
	if other, found := s.ofStem(clean); found {
		s.renamed = append(s.renamed, name)
		return other, true
	}
	return "", false
}

func (s *imageSet) exists(name string) bool {
	_, err := fs.Stat(s.root, name)
	return err == nil
}

// withoutURL returns the path of a file:// address, and other names as they are.
func withoutURL(name string) string {
	if len(name) < 7 || !strings.EqualFold(name[:7], "file://") {
		return name
	}
	at, err := url.Parse(name)
	if err != nil || at.Path == "" {
		return name
	}
	if len(at.Path) > 2 && at.Path[2] == ':' { // /C:/photos
		return at.Path[1:]
	}
	return at.Path
}

// withoutCut returns a clean path without what all paths of the list begin with that was written on another
// machine, or in the folder above. The first path of the list decides what that is, where it is not there as it is
// written and is there without: without the folders of an absolute path, or without the root's own name.
func (s *imageSet) withoutCut(clean string, absolute bool) (string, bool) {
	if s.cut == "" && len(s.known) == 0 {
		s.cut = s.cutOf(clean, absolute)
	}
	inside, ok := strings.CutPrefix(clean, s.cut)
	return inside, ok && s.cut != ""
}

// cutOf returns the shortest beginning of a path without which it is there, "" where there is none.
func (s *imageSet) cutOf(clean string, absolute bool) string {
	own := path.Base(s.rootPath)
	if s.absolute != "" {
		own = path.Base(s.absolute)
	}
	for i, c := range clean {
		if c != '/' || i == len(clean)-1 {
			continue
		}
		folder := path.Base(clean[:i])
		if (absolute || folder == own) && s.exists(clean[i+1:]) {
			return clean[:i+1]
		}
	}
	return ""
}

// ofStem returns the one image of a name in its folder, whatever its extension.
func (s *imageSet) ofStem(name string) (string, bool) {
	stem := func(name string) string {
		if isImage(name) {
			return strings.TrimSuffix(name, path.Ext(name))
		}
		return name
	}
	want, found := folded(stem(path.Base(name))), ""
	for _, alike := range s.names(path.Dir(name)) {
		for _, file := range alike {
			if !isImage(file) || folded(stem(file)) != want {
				continue
			}
			if found != "" {
				return "", false
			}
			found = path.Join(path.Dir(name), file)
		}
	}
	return found, found != ""
}

// lookAlike finds the one file whose path differs from name in how accents are written, or
// in capitals.
func (s *imageSet) lookAlike(name string) (string, bool) {
	dir := "."
	for element := range strings.SplitSeq(name, "/") {
		alike := s.names(dir)[folded(element)]
		if i := slices.Index(alike, element); i >= 0 {
			alike = alike[i : i+1]
		} else if accents := composedLike(alike, element); len(accents) == 1 {
			alike = accents
		}
		if len(alike) != 1 {
			return "", false
		}
		dir = path.Join(dir, alike[0])
	}
	return dir, true
}

// folded returns a name in one way of accents and capitals.
func folded(name string) string { return strings.ToLower(norm.NFC.String(name)) }

// composedLike returns the names that differ from one in accents alone.
func composedLike(names []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool {
		return norm.NFC.String(n) != norm.NFC.String(one)
	})
}

// names returns the names in a folder by their folded ones, none where it cannot be read.
func (s *imageSet) names(dir string) map[string][]string {
	if names, ok := s.folders[dir]; ok {
		return names
	}
	names := map[string][]string{}
	entries, _ := fs.ReadDir(s.root, dir) // the path is reported as missing
	for _, e := range entries {
		key := folded(e.Name())
		names[key] = append(names[key], e.Name())
	}
	s.folders[dir] = names
	return names
}
