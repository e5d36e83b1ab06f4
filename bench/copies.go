package main

import (
	"bytes"
	"context"
	"fmt"
	"image/jpeg"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/disintegration/imaging"

	pictures "github.com/tfpair/tfpair/pipeline/decode"
)

// The kinds of copies of trained photos that are put among others.
const (
	exactCopy   = "exact"   // the same file
	encodedCopy = "encoded" // as JPEG of a quality from 50 to 95
	halfCopy    = "half"    // of half the size
	stranger    = "stranger"
)

// strangersPerCopy makes a fifth of the photos copies.
const strangersPerCopy = 4

// copySettings train next to nothing: what is measured is what is remembered.
var copySettings = []string{"input.size=16", "backbone={smallconv: {filters: [4, 4], dense: 8}}", "train.batch_size=8", "train.steps=1"}

// copiesSeen is what an evaluation says of photos, some of which are copies of trained ones.
type copiesSeen struct {
	Trained int            `json:"trained"`
	Made    map[string]int `json:"made"`     // by kind
	LeftOut int            `json:"left_out"` // the same file as one that was trained on
	Named   map[string]int `json:"named"`    // as copies, by kind
	Plain   int            `json:"plain"`    // on plain ground, of which exact copies alone are known
}

// trainedCopies measures which copies of trained photos an evaluation leaves out or names.
func trainedCopies(ctx context.Context, o options) error {
	r, err := openResults(o, "copies")
	if err != nil {
		return err
	}
	x, err := row(o, r, "copies/grocery", func() (copiesSeen, error) {
		return withFolder(func(folder string) (copiesSeen, error) { return copiesSeenOf(ctx, o, folder) })
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "%d photos trained on; left out %d of %d exact copies; named %d of %d encoded anew, %d of %d of half the size, %d of %d strangers\n",
		x.Trained, x.LeftOut, x.Made[exactCopy], x.Named[encodedCopy], x.Made[encodedCopy], x.Named[halfCopy], x.Made[halfCopy],
		x.Named[stranger], x.Made[stranger])
	return nil
}

func copiesSeenOf(ctx context.Context, o options, folder string) (x copiesSeen, err error) {
	train, asked, run := filepath.Join(folder, "train.zip"), filepath.Join(folder, "asked.zip"), filepath.Join(folder, "run")
	if err := byClass(train, o.grocery(), "image_label_train.csv"); err != nil {
		return x, err
	}
	if x, err = askedPhotos(asked, o.grocery()); err != nil {
		return x, err
	}
	if _, err := complete(ctx, "tfpair train", append(trainArguments(o, train, run, copySettings...), "--preset", "siamese"), &line{}); err != nil {
		return x, err
	}
	var report struct {
		Exposure struct {
			Seen, Drawings int
			Copies         []struct{ Path string }
		}
	}
	if _, err := complete(ctx, "tfpair evaluate", []string{o.tfpair, "evaluate", "--model", run, "--data", asked, "--json"}, &report); err != nil {
		return x, err
	}
	x.LeftOut, x.Plain, x.Named = report.Exposure.Seen, report.Exposure.Drawings, map[string]int{}
	for _, c := range report.Exposure.Copies {
		kind, _, _ := strings.Cut(path.Base(c.Path), "-")
		x.Named[kind]++
	}
	return x, nil
}

// askedPhotos writes an archive of photos of other days and shops, and of copies of trained photos.
func askedPhotos(archive, grocery string) (x copiesSeen, err error) {
	train, err := readPhotos(grocery, "image_label_train.csv")
	if err != nil {
		return x, err
	}
	test, err := readPhotos(grocery, "image_label_test.csv")
	if err != nil {
		return x, err
	}
	trained, strangers := train.list(), test.list()
	x = copiesSeen{Trained: len(trained), Made: map[string]int{stranger: len(strangers)}}
	err = zipped(archive, func(add func(name string, data []byte) error) error {
		for i, photo := range strangers {
			data, err := os.ReadFile(filepath.Join(grocery, photo[1]))
			if err != nil {
				return err
			}
			if err := add(fmt.Sprintf("%s/%s-%d.jpg", photo[0], stranger, i), data); err != nil {
				return err
			}
		}
		for i := range len(strangers) / strangersPerCopy {
			photo := trained[i*len(trained)*strangersPerCopy/len(strangers)]
			kind := []string{exactCopy, encodedCopy, halfCopy}[i%3]
			data, err := copyOf(filepath.Join(grocery, photo[1]), kind, 50+5*(i/3%10))
			if err != nil {
				return err
			}
			x.Made[kind]++
			if err := add(fmt.Sprintf("%s/%s-%d.jpg", photo[0], kind, i), data); err != nil {
				return err
			}
		}
		return nil
	})
	return x, err
}

// copyOf returns the file of a copy of a photo, which is encoded at a quality where it is encoded anew.
func copyOf(photo, kind string, quality int) ([]byte, error) {
	file, err := os.ReadFile(photo)
	if err != nil || kind == exactCopy {
		return file, err
	}
	img, err := pictures.Decode(file, pictures.DefaultLimits)
	if err != nil {
		return nil, err
	}
	if kind == halfCopy {
		img, quality = imaging.Resize(img, img.Rect.Dx()/2, img.Rect.Dy()/2, imaging.Lanczos), 90
	}
	var b bytes.Buffer
	err = jpeg.Encode(&b, img, &jpeg.Options{Quality: quality})
	return b.Bytes(), err
}

// list returns class and path of all photos, in an order.
func (c classPhotos) list() (list [][2]string) {
	for _, class := range c.classes(1) {
		for _, photo := range c[class] {
			list = append(list, [2]string{class, photo})
		}
	}
	return list
}
