package train

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// images returns what the training sees, each image with its role. An image in several parts
// has the most exposed role. Images of test are not opened.
func (l *loop) images(train, val dataset.Part, labels []int32) (seen.List, error) {
	var list seen.List
	known := map[int32]bool{}
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

// checkImages compares images with those that the run folder remembers, if it does. The error
// is an *ImagesError where they differ.
func (l *loop) checkImages(images seen.List) error {
	before, err := l.folder.Seen()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if d := seen.Compare(before, images); len(d) > 0 {
		return &ImagesError{Folder: l.folder.Path(), Images: len(before), Differences: d}
	}
	return nil
}
