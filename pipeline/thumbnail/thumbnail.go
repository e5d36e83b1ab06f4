// Package thumbnail makes pictures small enough to lie in an index:
//
//	picture → Of → JPEG file whose longer side is at most Side pixels
package thumbnail

import (
	"bytes"
	"image"
	"image/jpeg"

	"github.com/disintegration/imaging"
)

// Side is the longer side of a thumbnail in pixels, at most: that of a picture in a sheet.
const Side = 96

// quality is that of the JPEG file: about 3 KB a picture.
const quality = 80

// Of returns img, a JPEG file, at its own proportions. A smaller picture keeps its size.
func Of(img image.Image) ([]byte, error) {
	var file bytes.Buffer
	small := imaging.Fit(img, Side, Side, imaging.Box)
	if err := jpeg.Encode(&file, small, &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	return file.Bytes(), nil
}

// Reduce returns how many times smaller a picture of so many pixels may be decoded for a thumbnail: 1,
// 2, 4 or 8. What comes out is at least twice as large as a thumbnail.
func Reduce(width, height int) int {
	ratio := 1
	for ratio < 8 && max(width, height)/(2*ratio) >= 2*Side {
		ratio *= 2
	}
	return ratio
}
