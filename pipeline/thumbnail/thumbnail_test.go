package thumbnail

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"testing"
)

// TestOf: proportions are kept, small pictures keep their size, and colours survive.
func TestOf(t *testing.T) {
	for _, c := range []struct{ width, height, wantWidth, wantHeight int }{
		{960, 480, 96, 48}, {100, 1000, 9, 96}, {20, 30, 20, 30}, {3000, 1, 96, 1},
	} {
		img := image.NewNRGBA(image.Rect(0, 0, c.width, c.height))
		for i := range img.Pix {
			img.Pix[i] = []uint8{200, 100, 50, 255}[i%4]
		}
		file, err := Of(img)
		if err != nil {
			t.Fatal(err)
		}
		got, err := jpeg.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if b := got.Bounds(); b.Dx() != c.wantWidth || b.Dy() != c.wantHeight {
			t.Errorf("%d x %d gives %v, want %d x %d", c.width, c.height, b, c.wantWidth, c.wantHeight)
		}
		if p := color.NRGBAModel.Convert(got.At(0, 0)).(color.NRGBA); p.R < 195 || p.R > 205 || p.B < 45 || p.B > 55 {
			t.Errorf("colour %v, want about 200, 100, 50", p)
		}
	}
}

func TestReduce(t *testing.T) {
	for _, c := range []struct{ width, height, want int }{{191, 100, 1}, {383, 383, 1}, {384, 10, 2}, {100, 768, 4}, {4000, 3000, 8}} {
		if got := Reduce(c.width, c.height); got != c.want {
			t.Errorf("Reduce(%d, %d) = %d, want %d", c.width, c.height, got, c.want)
		}
	}
}
