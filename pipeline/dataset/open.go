package dataset

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"sync"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/regular"
)

// Options say where the data is and how to read it.
type Options struct {
	Data    string         // path of a folder, a .zip, a .tar, a folder of these, or a list file (CSV, TSV)
	Images  string         // folder or archive that a list's paths are relative to; "" the list's folder
	Format  string         // row of Table; "" recognises it
	Columns Columns        // of a list; nil where they have the format's own names
	Val     string         // another list, of rows for validation; "": none
	Test    string         // another list, of rows for test; "": none
	Splits  SplitFolders   // of class folders; nil: their names say; not read for ImagesOnly
	GroupBy *regexp.Regexp // takes the name of an image's group out of its path, see ParseGroupBy; nil: a column group, or none
	// Nothing but images is wanted: no class or tuple is asked for, and Data may be one image.
	ImagesOnly bool
	OneClass   bool  // class folders may be of one class alone; false: two are needed, as for training and measuring
	FS         fs.FS // where Data and Images are looked up; nil: the operating system's files
	Known      Known // tells checksums of files that were read before; nil: nothing does
}

// Known tells the SHA-256 of a file that has not changed since it was read, and false where it has or nobody knows.
type Known func(fsys fs.FS, path string) (sum [sha256.Size]byte, ok bool)

// Format reads one way of laying out images and what is known about them.
type Format struct {
	roles  []role                            // columns of a list; nil: reads none
	tree   bool                              // reads folders and archives
	beside bool                              // reads Options.Val and Options.Test beside its list
	splits bool                              // reads Options.Splits
	plain  bool                              // knows nothing of its images; recognised for Options.ImagesOnly
	read   func(s *source, d *Dataset) error // fills Images, Classes, tuples and Notes of d
}

// Table lists every format. A new format is a new file here and a new row. One that
// reads lists is recognised by the columns it needs.
var Table = named.Table[Format]{Kind: "format", Rows: map[string]named.Row[Format]{
	"cars":        cars,
	"cub":         cub,
	"folders":     folders,
	"image-label": imageLabel,
	"images":      images,
	"inshop":      inshop,
	"labels":      labelled,
	"lfw":         lfw,
	"pairs":       pairs,
	"runs":        runs,
	"sop":         sop,
	"triplets":    triplets,
	"webdataset":  webdataset,
}}

// OptionsError says that Options contradict each other or the data.
type OptionsError struct{ Reason string }

func (e *OptionsError) Error() string { return e.Reason }

// Open reads the data's names, sizes and list, and none of its pixels. Errors are
// *Error, *ListError, *OptionsError or *named.UnknownError. The Dataset must be
// closed.
func Open(o Options) (*Dataset, error) {
	d, _, err := open(o, false)
	if err == nil {
		d.known = o.Known
	}
	return d, err
}

// open is Open. Lenient leaves out bad rows of a list as long as there are good ones.
func open(o Options, lenient bool) (*Dataset, *source, error) {
	if o.Data == "" {
		return nil, nil, &OptionsError{"no data is named: want a folder, a .zip, a .tar or a list"}
	}
	p := place{o.FS}
	s := &source{path: o.Data, rootPath: o.Data}
	defer s.done()
	opened, err := p.open(o.Data)
	if err != nil {
		return nil, nil, &Error{"data", o.Data, regular.Reason(err)}
	}
	if o.ImagesOnly && opened.file != nil && isImage(o.Data) {
		d, err := p.single(o.Data, opened)
		return d, s, err
	}
	s.opened = opened
	name, format, err := s.recognise(o)
	if err != nil {
		return nil, nil, err
	}
	if s.list != nil {
		s.list.lenient = lenient
	}
	if err := s.findImages(p, o.Images); err != nil {
		return nil, nil, err
	}
	if err := s.openBeside(p, o, name, format); err != nil {
		return nil, nil, err
	}
	if o.Splits != nil && !format.splits && !o.ImagesOnly {
		return nil, nil, &OptionsError{fmt.Sprintf("splits are named for data %q of format %q; only class folders "+
			"have them at the top", o.Data, name)}
	}
	s.splits, s.oneClass = o.Splits, o.OneClass
	d := &Dataset{Name: p.base(o.Data), Format: name, Root: s.root}
	if err := format.read(s, d); err != nil {
		return nil, nil, err
	}
	if d.Groups != nil {
		d.noteGroups()
	}
	if o.GroupBy != nil {
		if err := d.groupBy(o.GroupBy); err != nil {
			return nil, nil, err
		}
	}
	d.close, s.close = s.close, nil
	return d, s, nil
}

// source is what a format reads.
type source struct {
	opened
	path        string         // of the data, as the user wrote it
	rootPath    string         // of the images
	list        *list          // nil for a folder or an archive
	columns     map[string]int // of the list, by role
	beside      []columned     // of Options.Val and Options.Test
	reading     columned       // the list that is being read
	from        spot           // the row that is being read
	closeList   func() error   // nil until the images are found
	closeBeside []func() error
	absolute    string       // rootPath from the top of the disk, with slashes; "" where it is no folder of the disk
	imagesNamed bool         // Options.Images is
	splits      SplitFolders // Options.Splits
	oneClass    bool         // Options.OneClass
}

func (s *source) recogniseTree(o Options) (string, Format, error) {
	name := o.Format
	if name == "" && o.ImagesOnly {
		name = "images"
	} else if name == "" {
		name = "folders"
		if found, err := runFolders(s.root); err == nil && len(found) > 0 {
			name = "runs"
		} else if known := publishedAt(s.root); known != "" {
			name = known
		} else if packed, ok := s.root.(*shards); ok && packed.labelled() {
			name = "webdataset"
		}
	}
	format, err := Table.New(&named.Choice{Name: name})
	switch {
	case err != nil:
		return "", Format{}, err
	case !format.tree:
		return "", Format{}, &OptionsError{fmt.Sprintf(
			"format %q is for lists; data %q is a folder or an archive", name, o.Data)}
	case o.Images != "":
		return "", Format{}, &OptionsError{fmt.Sprintf("images %q are named beside data %q, "+
			"which is no list but holds its own images", o.Images, o.Data)}
	case len(o.Columns) > 0:
		return "", Format{}, &OptionsError{fmt.Sprintf("columns are named, "+
			"but data %q is no list", o.Data)}
	}
	return name, format, nil
}

// findImages sets the root of a list's images.
func (s *source) findImages(p place, images string) error {
	if s.list == nil {
		return nil
	}
	role := "images"
	if s.imagesNamed = images != ""; !s.imagesNamed {
		role, images = "data", p.dir(s.path)
	}
	open := p.open
	if !s.imagesNamed { // archives beside a list are for those who name them
		open = p.openUnpacked
	}
	opened, err := open(images)
	if err != nil {
		return &Error{role, images, regular.Reason(err)}
	}
	if opened.file != nil {
		_ = opened.close() // nothing was written
		return &Error{role, images, errors.New("neither a folder nor an archive (.zip, .tar)")}
	}
	s.closeList, s.close = s.close, opened.close
	s.root, s.rootPath = opened.root, images
	switch opened.root.(type) {
	case *archive, *shards:
	default:
		s.absolute = p.absolute(images)
	}
	return nil
}

// done releases what no Dataset has taken over.
func (s *source) done() {
	for _, c := range append(s.closeBeside, s.close, s.closeList) {
		if c != nil {
			_ = c() // nothing was written
		}
	}
}

// place is where paths are looked up.
type place struct{ fsys fs.FS } // nil: the operating system's files

// opened is what a path leads to: a root of images or a list.
type opened struct {
	root   fs.FS         // nil for a list
	folder bool          // root is a folder of p, and no archive
	file   *bufio.Reader // nil for a root
	size   int64         // of the file
	close  func() error
}

// open returns the root of images, or the list, that a path leads to. A folder that holds archives is what is in them.
func (p place) open(name string) (opened, error) {
	o, err := p.openUnpacked(name)
	if err != nil || !o.folder {
		return o, err
	}
	names := p.shardNames(name)
	if len(names) == 0 {
		return o, nil
	}
	all, shut, err := p.openShards(name, names)
	if err != nil {
		return opened{}, errors.Join(err, shut(), o.close())
	}
	outer := o.close
	o.root, o.close = all, sync.OnceValue(func() error { return errors.Join(shut(), outer()) })
	return o, nil
}

// openUnpacked is open that looks into no archives in a folder.
func (p place) openUnpacked(name string) (opened, error) {
	if err := p.check(name); err != nil {
		return opened{}, err
	}
	file, err := p.openFile(name)
	if err != nil {
		return opened{}, err
	}
	o := opened{close: sync.OnceValue(file.Close)}
	info, err := file.Stat()
	if err != nil {
		return opened{}, errors.Join(err, o.close())
	}
	o.size = info.Size()
	if info.IsDir() {
		o.folder = true
		o.root, err = p.sub(name)
		return o, errors.Join(err, o.close())
	}
	o.file = bufio.NewReaderSize(file, 64<<10)
	start, _ := o.file.Peek(tarBlock) // the error comes again with the first line
	switch {
	case isArchive(name, start):
		o.root, err = openArchive(file)
	case isTar(name, start):
		o.root, err = openTar(file)
	default:
		return o, nil
	}
	if o.file = nil; err != nil {
		return opened{}, errors.Join(err, o.close())
	}
	return o, nil
}

// check refuses what is neither a file nor a folder: opening it could wait for ever.
func (p place) check(name string) error {
	info, err := p.stat(name)
	switch {
	case err != nil:
		return err
	case !info.IsDir() && !info.Mode().IsRegular():
		return fmt.Errorf("this is %s; want a folder, an archive (.zip, .tar) or a list, so write what it gives to a file first",
			regular.Kind(info.Mode()))
	}
	return nil
}

func (p place) stat(name string) (fs.FileInfo, error) {
	if p.fsys != nil {
		return fs.Stat(p.fsys, name)
	}
	return os.Stat(name)
}

// regularFile opens a file, and refuses all else.
func (p place) regularFile(name string) (fs.File, error) {
	info, err := p.stat(name)
	switch {
	case err != nil:
		return nil, regular.Reason(err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("this is %s, not a file", regular.Kind(info.Mode()))
	}
	return p.openFile(name)
}

func (p place) join(folder, name string) string {
	if p.fsys != nil {
		return path.Join(folder, name)
	}
	return filepath.Join(folder, name)
}

func (p place) openFile(name string) (fs.File, error) {
	if p.fsys != nil {
		return p.fsys.Open(name)
	}
	return os.Open(name)
}

func (p place) sub(name string) (fs.FS, error) {
	if p.fsys != nil {
		return fs.Sub(p.fsys, name)
	}
	return os.DirFS(name), nil
}

func (p place) dir(name string) string {
	if p.fsys != nil {
		return path.Dir(name)
	}
	return filepath.Dir(name)
}

// absolute returns a path of the disk from its top, with slashes, "" for other places.
func (p place) absolute(name string) string {
	absolute, err := filepath.Abs(name)
	if p.fsys != nil || err != nil {
		return ""
	}
	return filepath.ToSlash(absolute)
}

func (p place) base(name string) string {
	if p.fsys != nil {
		return path.Base(name)
	}
	if absolute, err := filepath.Abs(name); err == nil { // "." has no name of its own
		name = absolute
	}
	return filepath.Base(name)
}
