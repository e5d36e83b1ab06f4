package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tfpair/tfpair/internal/regular"
)

// The bounds of a walk are far above what people make by hand. Links to folders can lead
// to more folders than a machine can read.
const (
	maxDepth   = 64        // folders inside each other
	maxFolders = 1_000_000 // folders in all
	maxLinked  = 100_000   // links to folders that are followed in all
	maxNested  = 8         // links on the way to one folder
)

// walker collects images and counts what it leaves out.
type walker struct {
	root     fs.FS
	oneClass bool           // one class is enough
	left     int            // folders that may still be read
	links    int            // to folders, that were followed
	nested   map[string]int // links on the way to a folder, by its path; absent: none
	found    []found
	seen     map[string]listing // by path of the folder
	others   map[string]int     // files by extension that are no images
	machine  map[string]int     // hidden and machine-made names by kind
	nowhere  []string           // links that lead nowhere
	special  []string           // names that cannot be read or lead back, pipes and devices, with what they are
	outside  []string           // images without a class
	alike    []string           // pairs of folders whose names differ in how accents are written
}

// found is one image.
type found struct {
	path, class string
	split       Split
	size        int64
}

// listing is what a folder holds that a person put there.
type listing struct {
	folders, images []string
	sizes           []int64 // of images
}

func newWalker(root fs.FS) *walker {
	return &walker{root: root, left: maxFolders, nested: map[string]int{}, seen: map[string]listing{}, others: map[string]int{},
		machine: map[string]int{}}
}

// walk collects the images in dir as those of class, and those in folders below it as those
// of class/folder. Images of class "" are outside.
func (w *walker) walk(dir, class string, split Split) error {
	l, err := w.list(dir)
	if err != nil {
		return err
	}
	for i, p := range within(dir, l.images) {
		if class == "" {
			w.outside = append(w.outside, p)
		} else {
			w.found = append(w.found, found{p, class, split, l.sizes[i]})
		}
	}
	for _, f := range l.folders {
		if err := w.walk(path.Join(dir, f), path.Join(class, norm.NFC.String(f)), split); err != nil {
			return err
		}
	}
	return nil
}

// within returns the paths of names in dir, which has the form of path.Clean. They lie in one string: a million small ones take more
// memory, and each is looked at whenever garbage is collected.
func within(dir string, names []string) []string {
	if dir == "." {
		return names
	}
	var all strings.Builder
	for _, n := range names {
		for _, part := range []string{dir, "/", n} {
			all.WriteString(part)
		}
	}
	rest, paths := all.String(), make([]string, len(names))
	for i, n := range names {
		length := len(dir) + 1 + len(n)
		paths[i], rest = rest[:length], rest[length:]
	}
	return paths
}

// list reads a folder once, and counts what is neither folder nor image.
func (w *walker) list(dir string) (listing, error) {
	if l, ok := w.seen[dir]; ok {
		return l, nil
	}
	if w.left--; w.left < 0 {
		return listing{}, fmt.Errorf("folder %q: more than %d folders; is a folder linked to again and again?",
			dir, maxFolders)
	}
	if strings.Count(dir, "/") >= maxDepth {
		return listing{}, fmt.Errorf("folder %q: more than %d folders inside each other", dir, maxDepth)
	}
	entries, err := fs.ReadDir(w.root, dir)
	if err != nil {
		return listing{}, fmt.Errorf("folder %q: %w", dir, regular.Reason(err))
	}
	var l listing
	for _, e := range entries {
		if err := w.add(&l, dir, e); err != nil {
			return listing{}, err
		}
	}
	w.compare(dir, l.folders)
	w.seen[dir] = l
	return l, nil
}

// compare keeps the folders in dir that are the same name to a reader and not to a machine.
func (w *walker) compare(dir string, folders []string) {
	first := map[string]string{}
	for _, f := range folders {
		key := norm.NFC.String(f)
		if before, ok := first[key]; ok {
			w.alike = append(w.alike, fmt.Sprintf("%+q and %+q", path.Join(dir, before), path.Join(dir, f)))
		}
		first[key] = f
	}
}

func (w *walker) add(l *listing, dir string, e fs.DirEntry) error {
	name := e.Name()
	if machineMade(name) {
		w.machine[machineKind(name)]++
		return nil
	}
	extension := strings.ToLower(path.Ext(name))
	if e.Type().IsRegular() && !isImage(name) {
		w.others[extension]++
		return nil
	}
	file := path.Join(dir, name)
	if !utf8.ValidString(name) {
		w.leaveOut(file, "a name that is not UTF-8")
		return nil
	}
	info, err := e.Info()
	switch {
	case err != nil:
	case e.Type()&fs.ModeSymlink != 0:
		var left string
		if info, left, err = w.behind(dir, file); left != "" {
			w.leaveOut(file, left)
			return nil
		}
	case info.IsDir() && w.nested[dir] > 0:
		if w.nested[file] = w.nested[dir]; w.isRoot(info) {
			w.leaveOut(file, "the data itself, which a link led out of")
			return nil
		}
	}
	switch {
	case err != nil:
		return fmt.Errorf("file %q: %w", file, regular.Reason(err))
	case info.IsDir():
		l.folders = append(l.folders, name)
	case !info.Mode().IsRegular():
		w.leaveOut(file, regular.Kind(info.Mode()))
	case isImage(name):
		l.images, l.sizes = append(l.images, name), append(l.sizes, info.Size())
	default:
		w.others[extension]++
	}
	return nil
}

// leaveOut notes a name behind which no picture is looked for, and what it is.
func (w *walker) leaveOut(name, kind string) {
	w.special = append(w.special, fmt.Sprintf("%q (%s)", name, kind))
}

// behind returns what a link in dir leads to, or why it is left out.
func (w *walker) behind(dir, link string) (info fs.FileInfo, left string, err error) {
	info, err = fs.Stat(w.root, link)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP):
		w.nowhere = append(w.nowhere, link)
		return nil, "a link that leads nowhere", nil
	case err != nil || !info.IsDir():
		return info, "", err
	}
	around, err := w.around(dir, info)
	if err == nil && around != "" {
		return nil, fmt.Sprintf("a link to %q, which it is in", around), nil
	}
	if err == nil {
		err = w.follow(dir, link)
	}
	return info, "", err
}

// follow counts a link in dir to a folder, and refuses those that lead to more folders than anybody
// has: through many other links, or too many in all.
func (w *walker) follow(dir, link string) error {
	w.nested[link] = w.nested[dir] + 1
	if w.nested[link] > maxNested {
		return fmt.Errorf("more than %d links to folders lead there, one inside the other", maxNested)
	}
	if w.links++; w.links > maxLinked {
		return fmt.Errorf("more than %d links to folders in all; is a folder linked to again and again?", maxLinked)
	}
	return nil
}

// around returns which folder target is: dir, one around it, or "" for neither.
func (w *walker) around(dir string, target fs.FileInfo) (string, error) {
	for {
		info, err := fs.Stat(w.root, dir)
		if err != nil || os.SameFile(info, target) {
			return dir, err
		}
		if dir == "." {
			return "", nil
		}
		dir = path.Dir(dir)
	}
}

// isRoot reports whether a folder is the data.
func (w *walker) isRoot(info fs.FileInfo) bool {
	root, err := fs.Stat(w.root, ".")
	return err == nil && os.SameFile(root, info)
}

// notes says what was left out.
func (w *walker) notes(d *Dataset) {
	d.Nowhere = append(d.Nowhere, w.nowhere...)
	if n := len(w.outside); n > 0 {
		d.note("left out %s outside class folders, first %q", plural(n, "image"), w.outside[0])
	}
	if n := len(w.alike); n > 0 {
		d.note("folders that differ only in how accents are written are one class: %s", few(w.alike))
	}
	if n := len(w.special); n > 0 {
		d.note("left out %s that cannot be read as a picture or folder: %s", plural(n, "name"), few(w.special))
	}
	if len(w.others) > 0 {
		n, kinds := 0, []string{}
		for _, extension := range slices.Sorted(maps.Keys(w.others)) {
			n += w.others[extension]
			if extension == "" {
				kinds = append(kinds, "none")
			} else {
				kinds = append(kinds, extension)
			}
		}
		d.note("left out %s without an image's extension: %s", plural(n, "file"), few(kinds))
	}
	if len(w.machine) > 0 {
		n, kinds := 0, []string{}
		for _, name := range slices.Sorted(maps.Keys(w.machine)) {
			n += w.machine[name]
			kinds = append(kinds, fmt.Sprintf("%q (%d)", name, w.machine[name]))
		}
		d.note("left out %s that programs made or a dot hides: %s", plural(n, "name"), few(kinds))
	}
}

// everywhere collects all images below dir.
func (w *walker) everywhere(dir string) error {
	l, err := w.list(dir)
	if err != nil {
		return err
	}
	for i, p := range within(dir, l.images) {
		w.found = append(w.found, found{path: p, size: l.sizes[i]})
	}
	for _, f := range l.folders {
		if err := w.everywhere(path.Join(dir, f)); err != nil {
			return err
		}
	}
	return nil
}

// ClassesError says that a folder or an archive holds fewer than two class folders with images.
type ClassesError struct {
	Reason   string
	Unsorted int // images outside class folders
}

func (e *ClassesError) Error() string { return e.Reason }

// fill sorts what was found into d.
func (w *walker) fill(d *Dataset) error {
	if len(w.found) == 0 {
		reason := strings.Join(append([]string{"no images in class folders"}, d.Notes...), "; ")
		if len(w.outside) > 0 {
			reason += "; the folder of an image is its class: make a folder of the images of each class in the data, " +
				"or, if the data is one class, name the folder above it"
		}
		return &ClassesError{reason, len(w.outside)}
	}
	slices.SortFunc(w.found, func(a, b found) int { return strings.Compare(a.path, b.path) })
	number := map[string]int32{}
	for _, f := range w.found {
		number[f.class] = 0
	}
	d.Classes = slices.Sorted(maps.Keys(number))
	if len(d.Classes) == 1 && !w.oneClass {
		return &ClassesError{fmt.Sprintf("one class, %q, with %s; want at least 2 class folders",
			d.Classes[0], plural(len(w.found), "image")), len(w.outside)}
	}
	for i, c := range d.Classes {
		number[c] = int32(i)
	}
	d.Images = make([]Image, len(w.found))
	learned := map[string]bool{}
	for i, f := range w.found {
		d.Images[i] = Image{Path: f.path, Class: number[f.class], Split: f.split, Size: f.size}
		if f.split == Train {
			learned[f.class] = true
		}
	}
	unseen := slices.DeleteFunc(slices.Clone(d.Classes), func(c string) bool { return learned[c] })
	if len(learned) > 0 && len(unseen) > 0 {
		d.note("%s of val or test not in train: %s", plural(len(unseen), "class"), quoted(unseen))
	}
	return nil
}

// quoted returns a few of the names, quoted.
func quoted(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return few(quoted)
}

// few joins the first eight and counts the rest.
func few(words []string) string {
	const most = 8
	if len(words) <= most {
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(words[:most], ", "), len(words)-most)
}
