package inference

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/phash"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// SeenError says that nothing is left to measure, because the training has seen all of it.
type SeenError struct {
	Data   string
	Split  dataset.Split
	Images int
}

func (e *SeenError) Error() string {
	return fmt.Sprintf("%s, %s: all %d images were trained on or chose the threshold, so that nothing is left to measure",
		e.Data, e.Split, e.Images)
}

// allSeen returns a *SeenError where the training has seen every file of a part that is to be measured: before any of
// them is decoded. It looks up to the first that was not seen, and leaves files that cannot be read to who decodes them.
func (m *Model) allSeen(ctx context.Context, data *dataset.Dataset, part dataset.Part, r Reading) error {
	if m.Seen == nil || r.MeasureSeen || len(part.Images) == 0 {
		return nil
	}
	files := map[string]bool{}
	for _, i := range part.Images {
		if err := ctx.Err(); err != nil {
			return err
		}
		sum, err := data.SHA256(i)
		if _, known := m.seenFile(sum); err != nil || !known {
			return nil //nolint:nilerr // whoever reads the image says what is wrong with it
		}
		files[sum] = true
	}
	return &SeenError{Data: data.Name, Split: part.Split, Images: len(files)}
}

// seenFile returns the image of the training whose file has a SHA-256 sum, in hexadecimal.
func (m *Model) seenFile(sum string) (image seen.Image, ok bool) {
	var id phash.Identity
	if _, err := hex.Decode(id.SHA256[:], []byte(sum)); err != nil {
		return image, false
	}
	return m.Seen.Find(id)
}

// exposure returns what the training has seen of images that are to be measured, which store
// has read, and which of them are to be left out. The error is a *SeenError.
func (m *Model) exposure(store *pipeline.Store, data *dataset.Dataset, split dataset.Split, images []int32, r Reading) (
	*evaluate.Exposure, map[int32]bool, error) {
	e := &evaluate.Exposure{Known: m.Seen != nil && !m.Manifest.Pretrained.Continued(), Images: len(images), Measured: r.MeasureSeen}
	if m.Seen == nil {
		return e, nil, nil
	}
	e.OtherHashes = m.Seen.List().Unhashed()
	leaveOut := map[int32]bool{}
	for _, i := range images {
		id, ok := store.Identity(i)
		if !ok {
			return nil, nil, fmt.Errorf("image %q was read without its identity", data.Images[i].Path)
		}
		if !id.Hashed {
			e.Drawings++
		}
		if _, ok := m.Seen.Find(id); ok {
			e.Seen++
			leaveOut[i] = true
		} else if of, ok := m.Seen.Copy(id); ok {
			e.Copies = append(e.Copies, evaluate.Copy{Path: data.Images[i].Path, Of: of.Path, Role: string(of.Role)})
		}
	}
	switch {
	case r.MeasureSeen:
		return e, nil, nil
	case len(images) > 0 && e.Seen == len(images):
		return nil, nil, &SeenError{Data: data.Name, Split: split, Images: len(images)}
	}
	return e, leaveOut, nil
}

// searched counts the images that are searched in, and those of them that the training has seen.
func (m *Model) searched(e *evaluate.Exposure, store *pipeline.Store, images []int32) {
	e.Gallery += len(images)
	if m.Seen == nil {
		return
	}
	for _, i := range images {
		if id, ok := store.Identity(i); ok {
			if _, ok := m.Seen.Find(id); ok {
				e.GallerySeen++
			}
		}
	}
}

// once returns a part with each content once, and how many images, photos or pairs were left out.
// Label images of photos are labels; store has read all of them.
func once(store *pipeline.Store, part dataset.Part, labels []int32) (dataset.Part, int) {
	return part.Once(store.Firsts(slices.Concat(part.Images, labels)))
}

// repeated says in e how many images or pairs of a part of a kind repeat content.
func repeated(e *evaluate.Exposure, kind dataset.Kind, again int) {
	if kind.Lists() {
		e.RepeatedPairs = again
	} else {
		e.Repeats = again
	}
}

// unshared returns the images of a gallery that are the same file as none of the queries, which
// store has read, and how many others there are.
func unshared(gallery evaluate.Source, store *pipeline.Store, queries []int32) (images []int32, shared int) {
	asked := store.Contents(queries)
	for _, i := range gallery.Part.Images {
		if id, ok := gallery.Store.Identity(i); ok && asked[id.SHA256] {
			shared++
			continue
		}
		images = append(images, i)
	}
	return images, shared
}

// keepCopies takes out of e the copies that are not measured: their pairs were left out with another
// image.
func keepCopies(e *evaluate.Exposure, data *dataset.Dataset, measured []int32) {
	there := map[string]bool{}
	for _, i := range measured {
		there[data.Images[i].Path] = true
	}
	e.Copies = slices.DeleteFunc(e.Copies, func(c evaluate.Copy) bool { return !there[c.Path] })
}

// explain says of what cannot be measured how many images were left out before.
func explain(err error, e *evaluate.Exposure) error {
	if n := e.GalleryShared; n > 0 {
		err = fmt.Errorf("without %s to search in, each the same file as one that is measured: %w", plural.Count(n, "image"), err)
	}
	if n := e.LeftOut(); n > 0 {
		err = fmt.Errorf("%d of %d images were trained on or chose the threshold and are left out; of the others: %w",
			n, e.Images, err)
	}
	if n := e.Repeats; n > 0 {
		err = fmt.Errorf("without %s, each the same file as an earlier one: %w", plural.Count(n, "image"), err)
	}
	if n := e.RepeatedPairs; n > 0 {
		err = fmt.Errorf("without %s, each of the same two files as an earlier one, or of one file: %w", plural.Count(n, "pair"), err)
	}
	return err
}

// withChosen returns what m has seen, and images of data, which store has read, that choose a threshold;
// nil where m does not tell. With aliases no path is told.
func (m *Model) withChosen(store *pipeline.Store, data *dataset.Dataset, images []int32) (seen.List, error) {
	if m.Seen == nil {
		return nil, nil
	}
	list := slices.Clone(m.Seen.List())
	for n, i := range images {
		id, ok := store.Identity(i)
		if !ok {
			return nil, fmt.Errorf("image %q was read without its identity", data.Images[i].Path)
		}
		if _, known := m.Seen.Find(id); known {
			continue
		}
		path := data.Images[i].Path
		if m.Manifest.Aliased {
			path = fmt.Sprintf("calibrated-%04d", n+1)
		}
		list = append(list, seen.Image{Path: path, Role: seen.Val, Identity: id})
	}
	list.Sort()
	return list, nil
}
