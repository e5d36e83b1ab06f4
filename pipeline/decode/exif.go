package decode

import (
	"bytes"
	"image"
)

// exifPrefix stands before EXIF data in a JPEG, and in some other files.
const exifPrefix = "Exif\x00\x00"

// orientation returns the EXIF orientation in data, a TIFF structure that may be
// preceded by "Exif\0\0", or 1 where there is none or it is not in 1..8 (CIPA
// DC-008, Exif 2.32, section 4.6.2, tag 0x0112). Broken EXIF data is no reason to
// refuse a picture.
func orientation(data []byte) int {
	data = bytes.TrimPrefix(data, []byte(exifPrefix))
	const tag = 0x0112
	d, err := firstDirectory(data)
	for err == nil && len(d.fields) > 0 {
		if d.tag() != tag {
			d.next()
			continue
		}
		if v := d.number(d.value()); v >= 1 && v <= 8 { // the standard says SHORT, cameras write others, too
			return int(v)
		}
		break
	}
	return 1
}

// turn returns img as it is to be shown: stored with orientation o, 1..8. It
// returns img itself where o is 1.
func turn(img *image.NRGBA, o int) *image.NRGBA {
	if o <= 1 || o > 8 {
		return img
	}
	w, h, stride := img.Rect.Dx(), img.Rect.Dy(), img.Stride
	left, right := 0, 4*(w-1)           // first and last column
	top, bottom := 0, stride*(h-1)      // first and last row
	steps := [9]struct{ at, x, y int }{ // where shown (0,0) is stored, and a step in shown x and y
		2: {top + right, -4, stride},
		3: {bottom + right, -4, -stride},
		4: {bottom + left, 4, -stride},
		5: {top + left, stride, 4},
		6: {bottom + left, -stride, 4},
		7: {bottom + right, -stride, -4},
		8: {top + right, stride, -4},
	}
	s := steps[o]
	if o >= 5 {
		w, h = h, w
	}
	dst := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		row := dst.Pix[y*dst.Stride:][:4*w]
		from := s.at + y*s.y
		for x := 0; x < len(row); x += 4 {
			copy(row[x:x+4], img.Pix[from:from+4])
			from += s.x
		}
	}
	return dst
}
