package sample

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// Sets draws the pictures of each story of docs/examples, by its name. What Set returns is
// files by their paths.
var sets = map[string]func() (map[string][]byte, error){
	"products":   products,
	"duplicates": duplicates,
	"drawings":   drawings,
	"few-photos": fewPhotos,
	"service":    service,
}

// Set returns the files of the story of a name, by path. Each call draws the same files.
func Set(name string) (map[string][]byte, error) {
	draw, ok := sets[name]
	if !ok {
		return nil, fmt.Errorf("sample: no set of pictures %q (known: %s)", name,
			strings.Join(slices.Sorted(maps.Keys(sets)), ", "))
	}
	files, err := draw()
	if err != nil {
		return nil, fmt.Errorf("sample: set %s: %w", name, err)
	}
	return files, nil
}

// service draws few pictures of the figures of the demo.
func service() (map[string][]byte, error) { return Files(Options{Seed: 5, Train: 40, Test: 5}) }

// source is the random source of one picture of a set.
func source(set, class, picture int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(set), uint64(class)<<32|uint64(picture)))
}

// asPNG encodes a picture without loss.
func asPNG(img image.Image) ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}

// asJPEG encodes a picture at a quality of 1 to 100.
func asJPEG(img image.Image, quality int) ([]byte, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality})
	return b.Bytes(), err
}
