package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	decoder "github.com/tfpair/tfpair/pipeline/decode"
)

// decodings are the pictures that are decoded, and the size that they are brought to.
var decodings = []struct {
	name  string
	width int // of the pictures; a height of three quarters where they are large
	size  int
	files int
}{
	{"12 megapixels to 224", 4000, 224, 3},
	{"256 pixels to 64", 256, 64, 64},
	{"256 pixels to 256", 256, 256, 64},
}

// decodeSides are who takes part, beside tfpair.
var decodeSides = []string{"go", "pillow", "simplejpeg"}

// decoding has the same JPEG files decoded by tfpair with the runtime's decoder and with Go's, and by Pillow and simplejpeg.
func decoding(ctx context.Context, o options) error {
	kept, err := openResults(o, "decode")
	if err != nil {
		return err
	}
	interpreter, err := environment(ctx, o, "jpeg")
	if err != nil {
		return fmt.Errorf("install Pillow and simplejpeg: %w", err)
	}
	for _, d := range decodings {
		got, err := row(o, kept, d.name, func() (alternated, error) {
			return withFolder(func(folder string) (alternated, error) {
				if err := writePhotos(o, folder, d.width, d.files); err != nil {
					return alternated{}, err
				}
				size := strconv.Itoa(d.size)
				script := filepath.Join("peers", "jpeg_decode.py")
				return alternate(ctx, []peer{
					{"tfpair", []string{o.stepper, "decode", folder, size, "runtime"}},
					{"go", []string{o.stepper, "decode", folder, size, "go"}},
					{"pillow", []string{interpreter, script, folder, size, "pillow"}},
					{"simplejpeg", []string{interpreter, script, folder, size, "simplejpeg"}},
				})
			})
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(o.out, "%s: %.3f ms of processor time", d.name, 1000*spread(got.Processor["tfpair"]).Median)
		for _, side := range decodeSides {
			r := over(got.Processor, side, "tfpair")
			fmt.Fprintf(o.out, "; %.2f × %s (%.2f to %.2f)", r.Median, side, r.Low, r.High)
		}
		fmt.Fprintln(o.out)
		got.sayLoad(o)
	}
	return nil
}

// writePhotos writes JPEG files of photos of groceries into folder: as they are, or many of them side by side.
func writePhotos(o options, folder string, width, files int) error {
	photos, err := fs.Glob(os.DirFS(o.grocery()), "test/*/*/*/*.jpg")
	if err == nil && len(photos) < files {
		photos, err = fs.Glob(os.DirFS(o.grocery()), "test/*/*/*.jpg")
	}
	if err != nil {
		return err
	}
	next := 0
	photo := func() (*image.NRGBA, error) {
		if len(photos) == 0 {
			return nil, errors.New("no photo of groceries")
		}
		next++
		return decoder.Open(os.DirFS(o.grocery()), photos[next*37%len(photos)], decoder.Limits{})
	}
	for i := range files {
		height := width
		if width > 1000 {
			height = width * 3 / 4
		}
		img := image.NewNRGBA(image.Rect(0, 0, width, height))
		for y := 0; y < height; y += 256 {
			for x := 0; x < width; x += 256 {
				tile, err := photo()
				if err != nil {
					return err
				}
				draw.Draw(img, image.Rect(x, y, x+256, y+256), tile, image.Point{}, draw.Src)
			}
		}
		if err := writeJPEG(filepath.Join(folder, fmt.Sprintf("%03d.jpg", i)), img, 85); err != nil {
			return err
		}
	}
	return nil
}

func writeJPEG(path string, img image.Image, quality int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(jpeg.Encode(f, img, &jpeg.Options{Quality: quality}), f.Close())
}
