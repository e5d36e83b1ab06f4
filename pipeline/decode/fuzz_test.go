package decode

import "testing"

// FuzzDecode looks for panics and for pictures that Decode may not return.
func FuzzDecode(f *testing.F) {
	for _, data := range samples(f) {
		f.Add(data)
	}
	f.Add(file(f, "animated.webp"))
	f.Add(rawPNG(ihdr(50000, 50000, 8, 2, 0), chunk("IEND", nil)))
	l := Limits{MaxBytes: 1 << 20, MaxSide: 512, MaxMemory: 4 << 20} // small, to be fast
	f.Fuzz(func(t *testing.T, data []byte) {
		img, err := Decode(data, l)
		if err != nil {
			if img != nil {
				t.Error("a picture and an error")
			}
			return
		}
		checkForm(t, img)
		if img.Rect.Dx() > l.MaxSide || img.Rect.Dy() > l.MaxSide {
			t.Errorf("size %v, limit %d a side", img.Rect.Size(), l.MaxSide)
		}
	})
}
