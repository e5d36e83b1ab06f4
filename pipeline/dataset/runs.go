package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/regular"
)

// labelsName is the file, in the folder of a run, that says what its test images are.
const labelsName = "class_labels.txt"

// Episode is one task of few-shot learning: each query is of one of the classes that
// the support shows.
type Episode struct {
	Support []int32 // indices of Dataset.Images
	Class   []int32 // class of each support image, from 0 in each episode
	Query   []int32 // indices of Dataset.Images
	Answer  []int32 // class of each query
}

// renumbered returns e with the new numbers of its images, and whether none is skipped.
func (e Episode) renumbered(number []int32, skip []bool) (Episode, bool) {
	e.Support, e.Query = slices.Clone(e.Support), slices.Clone(e.Query)
	for _, images := range [][]int32{e.Support, e.Query} {
		for i, image := range images {
			if skip[image] {
				return Episode{}, false
			}
			images[i] = number[image]
		}
	}
	return e, true
}

// runs takes each folder with a file class_labels.txt for an episode. A line names a
// test image and the training image of its class, both by their path in the data. The
// support is the training images in the order of their names.
var runs = named.Row[Format]{
	Brief: "one-shot runs: a folder each, whose class_labels.txt pairs test and training images",
	Paper: "Lake et al., Human-level concept learning through probabilistic program induction, " +
		"Science 350, 2015",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readRuns, tree: true}, named.Options(raw, &struct{}{})
	},
}

// runFolders returns the folders at the top that hold a run, sorted.
func runFolders(root fs.FS) ([]string, error) {
	entries, err := fs.ReadDir(root, ".")
	if err != nil {
		return nil, regular.Reason(err)
	}
	var folders []string
	for _, e := range entries {
		info, err := fs.Stat(root, path.Join(e.Name(), labelsName))
		if err == nil && info.Mode().IsRegular() {
			folders = append(folders, e.Name())
		}
	}
	return folders, nil
}

func readRuns(s *source, d *Dataset) error {
	folders, err := runFolders(s.root)
	if err == nil && len(folders) == 0 {
		err = errors.New("no folder holds a " + labelsName)
	}
	if err != nil {
		return &Error{"data", s.path, err}
	}
	r := &runReader{root: s.root, d: d, number: map[string]int32{}}
	for _, folder := range folders {
		if err := r.read(path.Join(folder, labelsName)); err != nil {
			return err
		}
	}
	return nil
}

// runReader collects the images of all runs.
type runReader struct {
	root   fs.FS
	d      *Dataset
	number map[string]int32 // of each image, by path
}

// read adds the episode that one file of labels describes. It names every bad line.
func (r *runReader) read(name string) error {
	file, err := r.root.Open(name)
	if err != nil {
		return &Error{"data", name, regular.Reason(err)}
	}
	defer file.Close()
	bad := ListError{Path: name}
	var e Episode
	lines := bufio.NewScanner(file)
	for line := 1; lines.Scan(); line++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if err := r.add(&e, fields); err != nil {
			bad.add(line, err)
		} else {
			bad.Good++
		}
	}
	if err := lines.Err(); err != nil {
		return &Error{"data", name, err}
	}
	if bad.Bad > 0 {
		return &bad
	}
	if err := r.finish(&e); err != nil {
		return &Error{"data", name, err}
	}
	r.d.Episodes = append(r.d.Episodes, e)
	return nil
}

// add reads one line; until finish, Answer holds training images, not classes.
func (r *runReader) add(e *Episode, fields []string) error {
	if len(fields) != 2 {
		return faulty("", "%s, want a test image and a training image", plural(len(fields), "word"))
	}
	query, err := r.image(fields[0])
	if err != nil {
		return err
	}
	answer, err := r.image(fields[1])
	if err != nil {
		return err
	}
	if slices.Contains(e.Query, query) {
		return faulty("", "test image %q is there twice", fields[0])
	}
	e.Query, e.Answer = append(e.Query, query), append(e.Answer, answer)
	return nil
}

// image returns the number of an image, which it adds to the data at first sight.
func (r *runReader) image(name string) (int32, error) {
	if n, ok := r.number[name]; ok {
		return n, nil
	}
	if !fs.ValidPath(name) {
		return 0, faulty("", "image %q does not lie in the data", name)
	}
	info, err := fs.Stat(r.root, name)
	if err != nil || !info.Mode().IsRegular() {
		return 0, faulty("", "image %q is not in the data", name)
	}
	n := int32(len(r.d.Images))
	r.number[name] = n
	r.d.Images = append(r.d.Images, Image{Path: name, Class: -1, Split: Test, Size: info.Size()})
	return n, nil
}

// finish makes the support of the training images that were named, and classes of them.
func (r *runReader) finish(e *Episode) error {
	e.Support = slices.Clone(e.Answer)
	slices.SortFunc(e.Support, func(a, b int32) int {
		return strings.Compare(r.d.Images[a].Path, r.d.Images[b].Path)
	})
	e.Support = slices.Compact(e.Support)
	if len(e.Support) < 2 {
		return fmt.Errorf("labels name %s, want at least 2 to choose from",
			plural(len(e.Support), "training image"))
	}
	for class, image := range e.Support {
		if slices.Contains(e.Query, image) {
			return fmt.Errorf("%q is a test image and a training image", r.d.Images[image].Path)
		}
		e.Class = append(e.Class, int32(class))
	}
	for i, image := range e.Answer {
		e.Answer[i] = int32(slices.Index(e.Support, image))
	}
	return nil
}
