package train

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// images returns what the training sees, each image with its role. An image in several parts
// has the most exposed role. Images of test are not opened.
func (l *loop) images(train, val dataset.Part, labels []int32) (seen.List, error) {
	list := make(seen.List, 0, len(train.Images)+len(val.Images)+len(labels))
	known := make([]bool, len(l.Data.Images))
	for _, part := range []struct {
		role   seen.Role
		images []int32
	}{{seen.Train, train.Images}, {seen.Val, val.Images}, {seen.Label, labels}} {
		for _, i := range part.images {
			if known[i] {
				continue
			}
			known[i] = true
			id, ok := l.store.Identity(i)
			if !ok {
				return nil, fmt.Errorf("image %q was read without its identity", l.Data.Images[i].Path)
			}
			list = append(list, seen.Image{Path: l.Data.Images[i].Path, Role: part.role, Identity: id})
		}
	}
	list.Sort()
	return list, nil
}

// withoutTrained returns validation without the images whose content is trained on, under
// whatever name: they would choose a threshold that is too good. It notes how many there were.
// Where too few images were left, validation stays as it is, and the note says what that means.
func (l *loop) withoutTrained(train, val dataset.Part) dataset.Part {
	held, trained := l.store.Contents(val.Images), map[[sha256.Size]byte]bool{} // validation is the smaller part
	in := make([]bool, len(l.Data.Images))
	for _, i := range train.Images {
		in[i] = true
		if id, ok := l.store.Identity(i); ok && held[id.SHA256] {
			trained[id.SHA256] = true
		}
	}
	same := map[int32]bool{}
	for _, i := range val.Images {
		if id, ok := l.store.Identity(i); ok && trained[id.SHA256] && !in[i] {
			same[i] = true
		}
	}
	if len(same) == 0 {
		return val
	}
	rest := val.Without(same)
	if len(rest.Images) == 0 || !evaluate.Measurable(l.Data, rest) {
		l.repeated = []string{fmt.Sprintf("%d of %d validation images are copies of training images, and the others are too few to measure: "+
			"the numbers of validation, and the threshold, are too good", len(same), len(val.Images))}
		return val
	}
	l.repeated = []string{fmt.Sprintf("%d of %d validation images are copies of training images and are left out of validation",
		len(same), len(val.Images))}
	return rest
}

// once returns validation with each content once, under whatever names: what is there twice is no
// more certain. It notes how much was left out. Where too little was left to measure, validation
// stays as it is.
func (l *loop) once(val dataset.Part, labels []int32) dataset.Part {
	once, again := val.Once(l.store.Firsts(slices.Concat(val.Images, labels)))
	if again == 0 || !evaluate.Measurable(l.Data, once) {
		return val
	}
	what := fmt.Sprintf("%s of validation, each the same file as an earlier one, are", plural.Count(again, "image"))
	if val.Kind().Lists() {
		what = fmt.Sprintf("%s of validation, each of the same two files as an earlier one or of one file, are", plural.Count(again, "pair"))
	}
	l.repeated = append(l.repeated, what+" left out")
	return once
}

// checkImages compares images with those that the run folder remembers, if it does, and with the
// sum of its checkpoint, "" where it has none. The error is an *ImagesError where they differ. Lost
// says that the folder has no list.
func (l *loop) checkImages(images seen.List, sum string) (lost bool, err error) {
	before, err := l.folder.Seen()
	if lost = errors.Is(err, fs.ErrNotExist); err != nil && !lost {
		return false, err
	}
	if d := seen.Compare(before, images); !lost && len(d) > 0 {
		return false, &ImagesError{Folder: l.folder.Path(), Images: len(before), Differences: d}
	}
	if sum != "" && sum != images.Sum() {
		return lost, &ImagesError{Folder: l.folder.Path(), Images: len(images)}
	}
	return lost, nil
}
