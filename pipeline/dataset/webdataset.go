package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/regular"
)

// webdataset reads samples as the WebDataset library lays them out in .tar shards: files of one sample have one path up to
// the first dot of their name, the key.
//
// The class of the images of a sample is the text of key.cls, or the field "class" or "label" of key.json, or the text of
// key.txt, whichever is first there. A folder at the top that is named as a split is one, and so is the word of a
// split in the names of all shards. Images of a sample that names no class are left out, and noted.
var webdataset = named.Row[Format]{
	Brief: "samples in .tar shards: key.jpg, and its class in key.cls, key.json or key.txt",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readSamples, tree: true}, named.Options(raw, &struct{}{})
	},
}

// sampleLabels are the extensions of files that name the class of a sample, the first choice first.
var sampleLabels = []string{".cls", ".json", ".txt"}

// maxSampleLabel is the largest such file that is read, in bytes.
const maxSampleLabel = 1 << 20

// sampleKey returns the key of the sample that a file is of.
func sampleKey(name string) string {
	dir, base := path.Split(name)
	key, _, _ := strings.Cut(base, ".")
	return dir + key
}

// labelled reports whether a file beside an image names its class.
func (s *shards) labelled() bool {
	for name := range s.entries {
		if isImage(name) && slices.ContainsFunc(sampleLabels, func(ext string) bool { return s.entries[sampleKey(name)+ext] != nil }) {
			return true
		}
	}
	return false
}

func readSamples(s *source, d *Dataset) error {
	w := newWalker(s.root)
	if err := w.everywhere("."); err != nil {
		return &Error{"data", s.path, err}
	}
	images := len(w.found)
	known, from := map[string]string{}, map[string]int{}
	classed := w.found[:0]
	for _, f := range w.found {
		key := sampleKey(f.path)
		class, ok := known[key]
		if !ok {
			var err error
			var ext string
			if class, ext, err = sampleClass(s.root, key); err != nil {
				return &Error{"data", s.path, err}
			}
			if known[key] = class; class != "" {
				from[ext]++
			}
		}
		if class == "" {
			continue
		}
		top, _, _ := strings.Cut(f.path, "/")
		f.class, f.split = class, splitOf(top)
		classed = append(classed, f)
	}
	w.found = classed
	w.noteSamples(d, images, from)
	if len(classed) == 0 {
		return &Error{"data", s.path, fmt.Errorf("no image has a class: want a file KEY%s beside KEY.jpg", strings.Join(sampleLabels, ", KEY"))}
	}
	if err := w.fill(d); err != nil {
		return &Error{"data", s.path, err}
	}
	return nil
}

// noteSamples says where classes are from, and what was left out.
func (w *walker) noteSamples(d *Dataset, images int, from map[string]int) {
	for _, ext := range sampleLabels {
		if from[ext] > 0 {
			delete(w.others, ext)
			d.note("the class of %s is that of a file %s beside it", plural(from[ext], "sample"), ext)
		}
	}
	w.notes(d)
	if left := images - len(w.found); left > 0 {
		d.note("left out %s without a class", plural(left, "image"))
	}
}

// sampleClass returns the class of a sample and the extension of the file that names it, "" where none does.
func sampleClass(root fs.FS, key string) (class, ext string, err error) {
	for _, ext := range sampleLabels {
		text, err := readLabel(root, key+ext)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			class, err = labelOf(ext, text)
		}
		if err != nil {
			return "", ext, fmt.Errorf("file %q: %w", key+ext, regular.Reason(err))
		}
		return class, ext, nil
	}
	return "", "", nil
}

func readLabel(root fs.FS, name string) ([]byte, error) {
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() // read only
	text, err := io.ReadAll(io.LimitReader(file, maxSampleLabel+1))
	if err == nil && len(text) > maxSampleLabel {
		err = fmt.Errorf("it has more than %d bytes", maxSampleLabel)
	}
	return text, err
}

// labelOf returns the class that the text of a file names.
func labelOf(ext string, text []byte) (string, error) {
	if ext == ".json" {
		return labelOfJSON(text)
	}
	class := string(bytes.TrimSpace(text))
	switch {
	case class == "":
		return "", errors.New("it is empty, want the class")
	case bytes.IndexFunc(text, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\r\n\t", r) || r == '\ufffd' }) >= 0:
		return "", errors.New("it is not text, want the class")
	case strings.ContainsAny(class, "\r\n"):
		return "", errors.New("it has several lines, want the class in one")
	}
	return class, nil
}

func labelOfJSON(text []byte) (string, error) {
	var fields struct{ Class, Label any }
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&fields); err != nil {
		return "", err
	}
	for _, value := range []any{fields.Class, fields.Label} {
		switch v := value.(type) {
		case string:
			if v = strings.TrimSpace(v); v != "" {
				return v, nil
			}
		case json.Number:
			return v.String(), nil
		}
	}
	return "", errors.New(`no field "class" or "label" with a text or a number`)
}
