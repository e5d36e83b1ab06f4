package dataset

import (
	"fmt"
	"path"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// folders takes the folder of a file for its class.
//
// The folders at the top are splits if Options.Splits or their names say so: train or
// Training; val, valid, validation or dev; test or testing; or a name like seg_train, which
// a note names. Others beside them are left out, and a note names them. Otherwise they are
// classes. A class is the whole path below the split: Fruit/Apple. Splits may be below
// classes: cat/train, cat/test. A single folder around everything, as archives often have,
// counts for nothing. Left out, too, and noted: hidden and machine-made names, files without
// an image's extension, and images outside class folders. Folders at the top that hold
// folders of the same names are an error: they may be splits or classes.
var folders = named.Row[Format]{
	Brief: "class = folder of the file; folders train, val and test at the top are splits",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readFolders, tree: true, splits: true}, named.Options(raw, &struct{}{})
	},
}

// formats are those that decode.Formats names, by extension in lower case.
var formats = map[string]string{
	".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".gif": "GIF", ".webp": "WebP", ".bmp": "BMP",
	".tif": "TIFF", ".tiff": "TIFF", ".heic": "HEIC", ".heif": "HEIC", ".avif": "AVIF",
}

// isImage reports whether name has the extension of a picture that this process can read.
func isImage(name string) bool {
	format, known := formats[strings.ToLower(path.Ext(name))]
	return known && decode.Reads(format)
}

func readFolders(s *source, d *Dataset) error {
	w := newWalker(s.root)
	w.oneClass = s.oneClass
	err := w.read(d, s.splits)
	w.notes(d)
	if err == nil {
		err = w.fill(d)
	}
	if err != nil {
		return &Error{"data", s.path, err}
	}
	return nil
}

// read collects the images of d by the splits that asked names, or that the folders' names
// say where it is nil.
func (w *walker) read(d *Dataset, asked SplitFolders) error {
	top, err := w.unwrap()
	if err != nil {
		return err
	}
	l, err := w.list(top)
	if err != nil {
		return err
	}
	t := tops{walker: w, dir: top, listing: l}
	splits, err := t.splits(d, asked)
	if err != nil {
		return err
	}
	if len(splits) > 0 {
		return t.readSplits(d, splits)
	}
	if asked == nil {
		below, err := t.belowClasses()
		if err != nil {
			return err
		}
		if below {
			d.note("the folders train, val and test inside class folders are splits")
			return t.readBelow()
		}
		if err := t.checkAlike(); err != nil {
			return err
		}
	}
	return w.walk(top, "", Unsplit)
}

// unwrap returns the folder where splits or classes begin: the root, or the one
// below folders that hold nothing but one folder of folders.
func (w *walker) unwrap() (string, error) {
	for top := "."; ; {
		l, err := w.list(top)
		if err != nil {
			return "", err
		}
		if len(l.folders) != 1 || len(l.images) > 0 || splitOf(l.folders[0]) != Unsplit {
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

// readSplits collects the images of the splits and notes what is beside them.
func (t tops) readSplits(d *Dataset, splits map[string]Split) error {
	var beside []string
	for _, f := range t.folders {
		if splits[f] == Unsplit {
			beside = append(beside, f)
		}
	}
	if len(beside) > 0 {
		d.note("left out %s beside the splits: %s", plural(len(beside), "folder"), quoted(beside))
	}
	for _, image := range t.images {
		t.outside = append(t.outside, path.Join(t.dir, image))
	}
	for _, f := range t.folders {
		if splits[f] == Unsplit {
			continue
		}
		dir, err := t.inside(f)
		if err != nil {
			return err
		}
		if err := t.walk(dir, "", splits[f]); err != nil {
			return err
		}
	}
	return nil
}

// readBelow collects the images of splits inside classes.
func (t tops) readBelow() error {
	for _, image := range t.images {
		t.outside = append(t.outside, path.Join(t.dir, image))
	}
	for _, class := range t.folders {
		l, err := t.list(path.Join(t.dir, class))
		if err != nil {
			return err
		}
		for _, f := range l.folders {
			if err := t.walk(path.Join(t.dir, class, f), norm.NFC.String(class), splitOf(f)); err != nil {
				return err
			}
		}
	}
	return nil
}

// errSameFolders asks what folders at the top are.
func errSameFolders(tops, below []string) error {
	return fmt.Errorf("the folders %s hold folders of the same names (%s): are they splits, or classes? "+
		"Say so with --splits train=%s,test=%s, or with --splits none", quoted(tops), quoted(below),
		tops[0], tops[1])
}
