package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/tfpair/tfpair/internal/named"
)

// Options say where the data is and how to read it.
type Options struct {
	Data    string       // path of a folder, a .zip or a list file (CSV, TSV)
	Images  string       // folder or .zip that a list's paths are relative to; "" the list's folder
	Format  string       // row of Table; "" recognises it
	Columns Columns      // of a list; nil where they have the format's own names
	Val     string       // another list, of photos for validation; "": none
	Splits  SplitFolders // of class folders; nil: their names say; not read for ImagesOnly
	// Nothing but images is wanted: no class or tuple is asked for, and Data may be one image.
	ImagesOnly bool
	FS         fs.FS // where Data and Images are looked up; nil: the operating system's files
}

// Format reads one way of laying out images and what is known about them.
type Format struct {
	roles  []role                            // columns of a list; nil: reads none
	tree   bool                              // reads folders and archives
	val    bool                              // reads Options.Val beside its list
	splits bool                              // reads Options.Splits
	plain  bool                              // knows nothing of its images; recognised for Options.ImagesOnly
	read   func(s *source, d *Dataset) error // fills Images, Classes, tuples and Notes of d
}

// Table lists every format. A new format is a new file here and a new row. One that
// reads lists is recognised by the columns it needs.
var Table = named.Table[Format]{Kind: "format", Rows: map[string]named.Row[Format]{
	"folders":     folders,
	"image-label": imageLabel,
	"images":      images,
	"pairs":       pairs,
	"runs":        runs,
	"triplets":    triplets,
}}

// OptionsError says that Options contradict each other or the data.
type OptionsError struct{ Reason string }

func (e *OptionsError) Error() string { return e.Reason }

// Open reads the data's names, sizes and list, and none of its pixels. Errors are
// *Error, *ListError, *OptionsError or *named.UnknownError. The Dataset must be
// closed.
func Open(o Options) (*Dataset, error) {
	if o.Data == "" {
		return nil, &OptionsError{"no data is named: want a folder, a .zip or a list"}
	}
	p := place{o.FS}
	s := &source{path: o.Data, rootPath: o.Data}
	defer s.done()
	opened, err := p.open(o.Data)
	if err != nil {
		return nil, &Error{"data", o.Data, reason(err)}
	}
	if o.ImagesOnly && opened.file != nil && extensions[strings.ToLower(path.Ext(o.Data))] {
		return p.single(o.Data, opened)
	}
	s.opened = opened
	name, format, err := s.recognise(o)
	if err != nil {
		return nil, err
	}
	if err := s.findImages(p, o.Images); err != nil {
		return nil, err
	}
	if o.Val != "" {
		if !format.val {
			return nil, &OptionsError{fmt.Sprintf("a list for validation, %q, is named beside data %q of "+
				"format %q; only lists of photos and label images have one", o.Val, o.Data, name)}
		}
		if err := s.openVal(p, o, format.roles); err != nil {
			return nil, err
		}
	}
	if o.Splits != nil && !format.splits && !o.ImagesOnly {
		return nil, &OptionsError{fmt.Sprintf("splits are named for data %q of format %q; only class folders "+
			"have them at the top", o.Data, name)}
	}
	s.splits = o.Splits
	d := &Dataset{Name: p.base(o.Data), Format: name, Root: s.root}
	if err := format.read(s, d); err != nil {
		return nil, err
	}
	d.close, s.close = s.close, nil
	return d, nil
}

// source is what a format reads.
type source struct {
	opened
	path      string         // of the data, as the user wrote it
	rootPath  string         // of the images
	list      *list          // nil for a folder or an archive
	columns   map[string]int // of the list, by role
	val       *list          // of Options.Val, nil where that is ""
	inVal     map[string]int // columns of val, by role
	closeList func() error   // nil until the images are found
	closeVal  func() error
	splits    SplitFolders // Options.Splits
}

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
			closest, misfit = n, err
		}
	}
	if misfit == nil {
		misfit = &OptionsError{fmt.Sprintf(
			"format %q is for folders and archives; data %q is a list", o.Format, o.Data)}
	}
	return "", Format{}, misfit
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

func (s *source) recogniseTree(o Options) (string, Format, error) {
	name := o.Format
	if name == "" && o.ImagesOnly {
		name = "images"
	} else if name == "" {
		name = "folders"
		if found, err := runFolders(s.root); err == nil && len(found) > 0 {
			name = "runs"
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

// openVal opens the list for validation, whose images are where those of the other are.
func (s *source) openVal(p place, o Options, roles []role) error {
	opened, err := p.open(o.Val)
	if err != nil {
		return &Error{"data", o.Val, reason(err)}
	}
	s.closeVal = opened.close
	switch {
	case opened.file == nil:
		return &Error{"data", o.Val, errors.New("no list, as the data for validation must be")}
	case o.Images == "" && p.dir(o.Val) != p.dir(o.Data):
		return &OptionsError{fmt.Sprintf("lists %q and %q are in different folders: name the one that "+
			"their paths are relative to with --images", o.Data, o.Val)}
	}
	if s.val, err = newList(o.Val, opened.file); err != nil {
		return err
	}
	if s.inVal, err = s.val.find(roles, o.Columns); err != nil {
		return err
	}
	if _, ok := s.inVal["split"]; ok {
		return s.val.refuse("a column split in a list that is for validation as a whole")
	}
	return nil
}

// findImages sets the root of a list's images.
func (s *source) findImages(p place, images string) error {
	if s.list == nil {
		return nil
	}
	role := "images"
	if images == "" {
		role, images = "data", p.dir(s.path)
	}
	opened, err := p.open(images)
	if err != nil {
		return &Error{role, images, reason(err)}
	}
	if opened.file != nil {
		_ = opened.close() // nothing was written
		return &Error{role, images, errors.New("neither a folder nor a .zip")}
	}
	s.closeList, s.close = s.close, opened.close
	s.root, s.rootPath = opened.root, images
	return nil
}

// done releases what no Dataset has taken over.
func (s *source) done() {
	for _, c := range []func() error{s.close, s.closeList, s.closeVal} {
		if c != nil {
			_ = c() // nothing was written
		}
	}
}

// place is where paths are looked up.
type place struct{ fsys fs.FS } // nil: the operating system's files

// opened is what a path leads to: a root of images or a list.
type opened struct {
	root  fs.FS         // nil for a list
	file  *bufio.Reader // nil for a root
	size  int64         // of the file
	close func() error
}

// open returns the root of images, or the list, that a path leads to.
func (p place) open(name string) (opened, error) {
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
		o.root, err = p.sub(name)
		return o, errors.Join(err, o.close())
	}
	o.file = bufio.NewReaderSize(file, 64<<10)
	start, _ := o.file.Peek(4) // the error comes again with the first line
	if !isArchive(name, start) {
		return o, nil
	}
	o.file = nil
	if o.root, err = openArchive(file); err != nil {
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
		return fmt.Errorf("this is %s; want a folder, a .zip or a list, so write what it gives to a file first",
			kindOf(info.Mode()))
	}
	return nil
}

func (p place) stat(name string) (fs.FileInfo, error) {
	if p.fsys != nil {
		return fs.Stat(p.fsys, name)
	}
	return os.Stat(name)
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

func (p place) base(name string) string {
	if p.fsys != nil {
		return path.Base(name)
	}
	if absolute, err := filepath.Abs(name); err == nil { // "." has no name of its own
		name = absolute
	}
	return filepath.Base(name)
}

// reason strips the operation and the path from an error whose message names the path anyway.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
