package decode

import (
	"bytes"
	"image"
)

// plainScan describes a plain JPEG file: one frame of 8 bits, coded in sequence in one scan that ends with the
// file, grey or of three components of which only the first may be finer. Such files Go's decoder and libjpeg
// decode alike, and refuse alike, but for one thing: where the data of a scan end too soon, libjpeg fills
// what is missing with grey and says so nowhere. short tells that from the picture.
type plainScan struct {
	side     image.Point // of a unit (MCU) in pixels
	columns  int         // units in a row
	units    int         // in the picture
	interval int         // units between two restart markers; 0: there are none
}

// plain returns the description of f where it is plain, else nil. tail is the file from the data of its last scan on.
func (f *frame) plain(tail []byte) *plainScan {
	first := f.components[0]
	switch {
	case f.odd || f.progressive || f.precision != 8 || f.scans != 1 || f.inFirst != f.n || !f.tables || f.height == 0:
		return nil
	case f.n == 1:
		first.h, first.v = 1, 1 // factors of a single component mean nothing (T.81, section A.2.2)
	case f.n != 3 || first.h*first.v > 4 || first.h == 3 || first.v == 3:
		return nil
	default:
		for _, c := range f.components[1:f.n] {
			if c.h != 1 || c.v != 1 {
				return nil
			}
		}
	}
	p := &plainScan{side: image.Pt(8*int(first.h), 8*int(first.v)), interval: f.interval}
	p.columns = (f.width + p.side.X - 1) / p.side.X
	p.units = p.columns * ((f.height + p.side.Y - 1) / p.side.Y)
	if !p.restarts(tail) || padded(tail) {
		return nil
	}
	return p
}

// padded reports whether a scan ends with zeros: a camera's, which libjpeg warns of. A code that ends so is rare.
func padded(scan []byte) bool {
	end := bytes.LastIndex(scan, []byte{0xff, markerEOI})
	return end >= 3 && scan[end-1] == 0 && scan[end-2] == 0 && scan[end-3] != 0xff
}

// restarts reports whether the restart markers in the data of a scan are those that there must be.
func (p *plainScan) restarts(scan []byte) bool {
	want, got := 0, 0
	if p.interval > 0 {
		want = (p.units - 1) / p.interval
	}
	for {
		i := bytes.IndexByte(scan, 0xff)
		if i < 0 || i+1 >= len(scan) {
			return false
		}
		switch marker := scan[i+1]; {
		case marker == 0:
		case marker == markerRST0+byte(got%8) && got < want:
			got++
		default:
			return marker == markerEOI && got == want
		}
		scan = scan[i+2:]
	}
}

// short reports whether the data of the scan may have ended too soon: the last unit, or the last before a
// restart marker, is of the grey that stands for what is not there. img is the picture at 1/ratio of its size. A
// picture may be so by itself, too.
func (p *plainScan) short(img *image.NRGBA, ratio int) bool {
	interval := p.interval
	if interval == 0 {
		interval = p.units
	}
	for end := interval; ; end += interval {
		end = min(end, p.units)
		if p.missing(img, end-1, ratio) {
			return true
		}
		if end == p.units {
			return false
		}
	}
}

// missing reports whether a unit is nothing but grey.
func (p *plainScan) missing(img *image.NRGBA, unit, ratio int) bool {
	at := image.Pt(unit%p.columns*p.side.X/ratio, unit/p.columns*p.side.Y/ratio)
	r := image.Rectangle{Min: at, Max: at.Add(p.side.Div(ratio))}.Intersect(img.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := img.Pix[img.PixOffset(r.Min.X, y):img.PixOffset(r.Max.X, y)]
		for ; len(row) >= 4; row = row[4:] {
			if row[0] != 128 || row[1] != 128 || row[2] != 128 {
				return false
			}
		}
	}
	return true
}
