package main

import (
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"os"

	"golang.org/x/image/draw"
)

const (
	widest  = 560 // pixels of a picture in a page
	highest = 380 // what is below is left out
	quality = 60  // of its JPEG
)

// smaller reads a sheet and returns its top as a page shows it.
func smaller(path string) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	img, err := png.Decode(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	b := img.Bounds()
	width := min(b.Dx(), widest)
	small := image.NewRGBA(image.Rect(0, 0, width, max(b.Dy()*width/b.Dx(), 1)))
	draw.CatmullRom.Scale(small, small.Rect, img, b, draw.Src, nil)
	return small.SubImage(image.Rect(0, 0, width, highest)), nil
}

// writeJPEG writes a picture of a page.
func writeJPEG(path string, img image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(jpeg.Encode(f, img, &jpeg.Options{Quality: quality}), f.Close())
}

// sameWidth returns an error unless the picture of a page is as wide as the sheet that a story
// has drawn is when it is made smaller. Its height says how many pictures a network gets wrong.
func sameWidth(page, sheet string) error {
	f, err := os.Open(page)
	if err != nil {
		return err
	}
	want, err := jpeg.DecodeConfig(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	got, err := smaller(sheet)
	if err != nil {
		return err
	}
	if width := got.Bounds().Dx(); width != want.Width {
		return fmt.Errorf("%s: the story draws a picture %d pixels wide, the page shows one of %d", page, width, want.Width)
	}
	return nil
}
