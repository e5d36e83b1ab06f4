package main

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/disintegration/imaging"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// copyWays are ways of making a copy of a photo.
var copyWays = []struct {
	name string
	make func(photo []byte, k int, rng *rand.Rand, to string) error
}{
	{"exact", func(photo []byte, _ int, _ *rand.Rand, to string) error { return os.WriteFile(to, photo, 0o644) }},
	{"re-encoded", reencoded},
	{"cropped", croppedByTenth},
}

// reencoded writes the k-th of twelve: four qualities of JPEG at each of three sizes.
func reencoded(photo []byte, k int, _ *rand.Rand, to string) error {
	qualities, scales := []int{30, 50, 70, 90}, []float64{1, 0.75, 0.5}
	img, err := decodedPhoto(photo)
	if err != nil {
		return err
	}
	scale := scales[k/len(qualities)%len(scales)]
	size := img.Bounds().Size()
	small := imaging.Resize(img, int(float64(size.X)*scale), int(float64(size.Y)*scale), imaging.Lanczos)
	return writeJPEG(to, small, qualities[k%len(qualities)])
}

// croppedByTenth cuts a tenth of the width and a tenth of the height off, at a place that is drawn.
func croppedByTenth(photo []byte, _ int, rng *rand.Rand, to string) error {
	img, err := decodedPhoto(photo)
	if err != nil {
		return err
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	x, y := rng.IntN(w/10+1), rng.IntN(h/10+1)
	return writeJPEG(to, imaging.Crop(img, image.Rect(x, y, x+w-w/10, y+h-h/10)), 85)
}

// plantedCopy is a copy that was put among the photos.
type plantedCopy struct {
	of  string // path of the photo
	way string // of copyWays
}

// planting is photos of groceries, in a folder for each split and class.
type planting struct {
	folder      string
	train, test []plantedPhoto
	classes     []string
}

// plantedPhoto is a photo of a class.
type plantedPhoto struct{ path, class string }

// plantable copies photos of train and of test to a new folder.
func plantable(o options, folder string) (p planting, err error) {
	p = planting{folder: folder}
	for _, s := range []struct {
		split string
		most  int
		to    *[]plantedPhoto
	}{{"train", leakTrain, &p.train}, {"test", leakTest, &p.test}} {
		photos, err := readPhotos(o.grocery(), "image_label_"+s.split+".csv")
		if err != nil {
			return p, err
		}
		for _, photo := range dataset.Evenly(photos.list(), s.most) {
			file, err := os.ReadFile(filepath.Join(o.grocery(), photo[1]))
			if err != nil {
				return p, err
			}
			at := plantedPhoto{s.split + "/" + photo[0] + "/" + strings.ReplaceAll(photo[1], "/", "_"), photo[0]}
			if err := p.write(at.path, func(to string) error { return os.WriteFile(to, file, 0o644) }); err != nil {
				return p, err
			}
			*s.to = append(*s.to, at)
		}
	}
	for _, photo := range p.train {
		if n := len(p.classes); n == 0 || p.classes[n-1] != photo.class {
			p.classes = append(p.classes, photo.class)
		}
	}
	return p, nil
}

// write has a file written below the folder.
func (p planting) write(path string, write func(to string) error) error {
	to := filepath.Join(p.folder, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return write(to)
}

// plant puts copies of photos of train into test, in the ways in turn, and same files and re-encoded ones of
// others into another class of train. It returns them by path, and counts the ways of those in test.
func (p planting) plant(ways map[string]int) (map[string]plantedCopy, error) {
	rng := rand.New(rand.NewPCG(0, 0))
	planted := map[string]plantedCopy{}
	for k, of := range dataset.Evenly(p.train, leakPlanted+leakConflicts) {
		way, folder := copyWays[k%len(copyWays)], "test/"+of.class
		if k >= leakPlanted {
			way, folder = copyWays[k%2], "train/"+p.another(of.class, rng)
		} else {
			ways[way.name]++
		}
		photo, err := os.ReadFile(filepath.Join(p.folder, of.path))
		if err != nil {
			return nil, err
		}
		path := fmt.Sprintf("%s/planted-%03d.jpg", folder, k)
		if err := p.write(path, func(to string) error { return way.make(photo, k/len(copyWays), rng, to) }); err != nil {
			return nil, err
		}
		planted[path] = plantedCopy{of.path, way.name}
	}
	return planted, nil
}

// another draws a class that is not this one.
func (p planting) another(class string, rng *rand.Rand) string {
	for {
		if c := p.classes[rng.IntN(len(p.classes))]; c != class {
			return c
		}
	}
}

func decodedPhoto(file []byte) (image.Image, error) {
	return jpeg.Decode(bytes.NewReader(file))
}
