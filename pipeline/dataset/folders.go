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
	"unicode/utf8"

	"github.com/tfpair/tfpair/internal/named"
)

// folders takes the folder of a file for its class.
//
// The folders at the top are the splits train, val or validation, and test (any
// case) if train is among them or all of them have such names; others beside them
// are left out, and a note names them. Otherwise they are classes. A class is the
// whole path below the split: Fruit/Apple. A single folder around everything, as
// archives often have, counts for nothing. Left out, too, and noted: hidden files,
// files without an image's extension, and images outside class folders.
var folders = named.Row[Format]{
	Brief: "class = folder of the file; folders train, val and test at the top are splits",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readFolders, tree: true}, named.Options(raw, &struct{}{})
	},
}

// extensions are those of files that pipeline/decode can read, in lower case.
var extensions = map[string]bool{
	".jpg": true, ".jpeg": true, ".png": true, ".gif": true, ".webp": true, ".bmp": true,
}

func readFolders(s *source, d *Dataset) error {
	w := &walker{root: s.root, seen: map[string]listing{}, others: map[string]int{}}
	err := w.read(d)
	w.notes(d)
	if err == nil {
		err = w.fill(d)
	}
	if err != nil {
		return &Error{"data", s.path, err}
	}
	return nil
}

// walker collects images and counts what it leaves out.
type walker struct {
	root    fs.FS
	found   []found
	seen    map[string]listing // by path of the folder
	others  map[string]int     // files by extension that are no images
	hidden  int
	outside []string // images without a class
}

// found is one image.
type found struct {
	path, class string
	split       Split
	size        int64
}

// listing is what a folder holds and is not hidden.
type listing struct {
	folders, images []string
	sizes           []int64 // of images
}

func (w *walker) read(d *Dataset) error {
	top, err := w.unwrap()
	if err != nil {
		return err
	}
	l, err := w.list(top)
	if err != nil {
		return err
	}
	splits, ignored, err := splitFolders(l.folders)
	if err != nil {
		return err
	}
	if len(splits) == 0 {
		for _, f := range l.folders {
			if splitNames[strings.ToLower(f)] != "" {
				d.note(`folder %q is taken for a class: there is no "train" beside it`, f)
			}
		}
		return w.walk(top, top, "")
	}
	if len(ignored) > 0 {
		d.note("left out %s beside the splits: %s",
			plural(len(ignored), "folder"), quoted(ignored))
	}
	for _, image := range l.images {
		w.outside = append(w.outside, path.Join(top, image))
	}
	for _, f := range slices.Sorted(maps.Keys(splits)) {
		if err := w.walk(path.Join(top, f), path.Join(top, f), splits[f]); err != nil {
			return err
		}
	}
	return nil
}

// unwrap returns the folder where splits or classes begin: the root, or the one
// below folders that hold nothing but one folder of folders.
func (w *walker) unwrap() (string, error) {
	for top := "."; ; {
		l, err := w.list(top)
		if err != nil {
			return "", err
		}
		if len(l.folders) != 1 || len(l.images) > 0 ||
			splitNames[strings.ToLower(l.folders[0])] != "" {
			return top, nil
		}
		inner := path.Join(top, l.folders[0])
		below, err := w.list(inner)
		if err != nil {
			return "", err
		}
		if len(below.folders) == 0 || len(below.images) > 0 {
			return top, nil
		}
		top = inner
	}
}

// splitFolders returns the split of each folder that is one, and the other folders;
// no splits where the folders are classes.
func splitFolders(names []string) (splits map[string]Split, others []string, err error) {
	splits = map[string]Split{}
	from := map[Split]string{}
	for _, name := range names {
		split := splitNames[strings.ToLower(name)]
		if split == "" {
			others = append(others, name)
			continue
		}
		if from[split] != "" {
			return nil, nil, fmt.Errorf("folders %q and %q are the same split, %s; keep one",
				from[split], name, split)
		}
		from[split], splits[name] = name, split
	}
	if from[Train] == "" && len(others) > 0 {
		return nil, names, nil
	}
	return splits, others, nil
}

// walk collects the images below dir; their classes are relative to top.
func (w *walker) walk(dir, top string, split Split) error {
	l, err := w.list(dir)
	if err != nil {
		return err
	}
	class := strings.TrimPrefix(strings.TrimPrefix(dir, top), "/")
	for i, image := range l.images {
		if p := path.Join(dir, image); class == "" {
			w.outside = append(w.outside, p)
		} else {
			w.found = append(w.found, found{p, class, split, l.sizes[i]})
		}
	}
	for _, f := range l.folders {
		if err := w.walk(path.Join(dir, f), top, split); err != nil {
			return err
		}
	}
	return nil
}

// list reads a folder once, and counts what is neither folder nor image.
func (w *walker) list(dir string) (listing, error) {
	if l, ok := w.seen[dir]; ok {
		return l, nil
	}
	entries, err := fs.ReadDir(w.root, dir)
	if err != nil {
		return listing{}, fmt.Errorf("folder %q: %w", dir, reason(err))
	}
	var l listing
	for _, e := range entries {
		if err := w.add(&l, dir, e); err != nil {
			return listing{}, err
		}
	}
	w.seen[dir] = l
	return l, nil
}

func (w *walker) add(l *listing, dir string, e fs.DirEntry) error {
	name := e.Name()
	if strings.HasPrefix(name, ".") || name == "__MACOSX" { // what macOS adds to archives
		w.hidden++
		return nil
	}
	extension := strings.ToLower(path.Ext(name))
	if e.Type().IsRegular() && !extensions[extension] {
		w.others[extension]++
		return nil
	}
	file := path.Join(dir, name)
	if !utf8.ValidString(name) {
		return fmt.Errorf("file %q: name is not UTF-8", file)
	}
	info, err := e.Info()
	if err == nil && e.Type()&fs.ModeSymlink != 0 {
		if info, err = fs.Stat(w.root, file); err == nil && info.IsDir() {
			err = w.checkLoop(dir, info)
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && !extensions[extension]: // a link to nothing
		w.others[extension]++
	case err != nil:
		return fmt.Errorf("file %q: %w", file, reason(err))
	case info.IsDir():
		l.folders = append(l.folders, name)
	case info.Mode().IsRegular() && extensions[extension]:
		l.images, l.sizes = append(l.images, name), append(l.sizes, info.Size())
	default:
		w.others[extension]++
	}
	return nil
}

// checkLoop refuses a link from dir to itself or a folder around it.
func (w *walker) checkLoop(dir string, target fs.FileInfo) error {
	for {
		info, err := fs.Stat(w.root, dir)
		if err != nil {
			return err
		}
		if os.SameFile(info, target) {
			return fmt.Errorf("link to %q, a folder around it", dir)
		}
		if dir == "." {
			return nil
		}
		dir = path.Dir(dir)
	}
}

// fill sorts what was found into d.
func (w *walker) fill(d *Dataset) error {
	if len(w.found) == 0 {
		return errors.New(strings.Join(append([]string{"no images in class folders"}, d.Notes...), "; "))
	}
	slices.SortFunc(w.found, func(a, b found) int { return strings.Compare(a.path, b.path) })
	number := map[string]int32{}
	for _, f := range w.found {
		number[f.class] = 0
	}
	d.Classes = slices.Sorted(maps.Keys(number))
	if len(d.Classes) == 1 {
		return fmt.Errorf("one class, %q, with %s; want at least 2 class folders",
			d.Classes[0], plural(len(w.found), "image"))
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

// notes says what was left out.
func (w *walker) notes(d *Dataset) {
	if n := len(w.outside); n > 0 {
		d.note("left out %s outside class folders, first %q", plural(n, "image"), w.outside[0])
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
	if w.hidden > 0 {
		d.note("left out %s that begin with a dot or hold archive data of macOS",
			plural(w.hidden, "name"))
	}
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
