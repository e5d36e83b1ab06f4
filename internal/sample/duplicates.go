package sample

import (
	"fmt"
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

// duplicates draws a folder of a camera and one of a phone, in which some of the pictures
// are again: the same file, encoded again, smaller, cropped, and written on.
func duplicates() (map[string][]byte, error) {
	const pictures, size = 40, 192
	files := map[string][]byte{}
	for i := range pictures {
		img := blotches(source(4, 0, i), size, 9)
		grain(source(4, 1, i), img, 4)
		data, err := asJPEG(img, 92)
		if err != nil {
			return nil, err
		}
		files[fmt.Sprintf("photos/camera/%03d.jpg", i)] = data
		if i%4 != 0 {
			continue
		}
		if data, err = copied(img, i/4, data); err != nil {
			return nil, err
		}
		files[fmt.Sprintf("photos/phone/%03d.jpg", i)] = data
	}
	return files, nil
}

// copied returns a copy of a picture that was encoded as data; i says which kind.
func copied(img *image.RGBA, i int, data []byte) ([]byte, error) {
	side := img.Rect.Dx()
	switch i % 5 {
	case 0: // the same file
		return data, nil
	case 1:
		return asJPEG(img, 40)
	case 2:
		half := image.NewRGBA(image.Rect(0, 0, side/2, side/2))
		draw.CatmullRom.Scale(half, half.Rect, img, img.Rect, draw.Src, nil)
		return asJPEG(half, 85)
	case 3: // 5 % of each side
		return asJPEG(img.SubImage(img.Rect.Inset(side/20)), 85)
	default: // a caption below
		bar := image.Rect(0, side*9/10, side, side)
		draw.Draw(img, bar, image.NewUniform(color.RGBA{20, 20, 20, 255}), image.Point{}, draw.Src)
		return asJPEG(img, 85)
	}
}
