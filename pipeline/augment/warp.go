package augment

import "math"

// matrix maps places: (x, y) → (a·x + b·y + c, d·x + e·y + f), in pixels from the
// image's centre, x to the right and y down.
type matrix struct{ a, b, c, d, e, f float64 }

var still = matrix{a: 1, e: 1}

// after returns the map that does n first and then m.
func (m matrix) after(n matrix) matrix {
	return matrix{
		m.a*n.a + m.b*n.d, m.a*n.b + m.b*n.e, m.a*n.c + m.b*n.f + m.c,
		m.d*n.a + m.e*n.d, m.d*n.b + m.e*n.e, m.d*n.c + m.e*n.f + m.f,
	}
}

// inverse returns the map back. The options of all steps keep determinants above 0
// or, with a flip, below.
func (m matrix) inverse() matrix {
	det := m.a*m.e - m.b*m.d
	n := matrix{a: m.e / det, b: -m.b / det, d: -m.d / det, e: m.a / det}
	n.c = -(n.a*m.c + n.b*m.f)
	n.f = -(n.d*m.c + n.e*m.f)
	return n
}

// rotation turns clockwise.
func rotation(degrees float64) matrix {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return matrix{a: cos, b: -sin, d: sin, e: cos}
}

func translation(x, y float64) matrix { return matrix{a: 1, c: x, e: 1, f: y} }

func scaling(x, y float64) matrix { return matrix{a: x, e: y} }

const (
	weightBits = 11 // of a pixel's share in a bilinear mean, as OpenCV's resize has it
	one        = 1 << weightBits
	half       = 1 << (2*weightBits - 1) // rounds a product of two weights
)

// sample sets dst [S,S,3] to src [S,S,3] read where back says, by bilinear
// interpolation; a map of pixels onto pixels is exact. There is no antialiasing.
func sample(dst, src []uint8, size int, back matrix, b border) {
	centre := float64(size-1) / 2
	stride := 3 * size
	for y := range size {
		row := dst[stride*y:][:stride]
		v := float64(y) - centre
		u0, v0 := back.b*v+back.c+centre, back.e*v+back.f+centre
		for x := 0; x < size; x++ {
			u := float64(x) - centre
			sx, sy := back.a*u+u0, back.d*u+v0
			ix, iy := floor(sx), floor(sy)
			wx := int((sx-float64(ix))*one + 0.5)
			wy := int((sy-float64(iy))*one + 0.5)
			out := row[3*x:][:3]
			if ix < 0 || iy < 0 || ix+1 >= size || iy+1 >= size {
				across(out, src, size, ix, iy, wx, wy, b)
				continue
			}
			top := src[stride*iy+3*ix:][:6]
			low := src[stride*(iy+1)+3*ix:][:6]
			w00, w01, w10, w11 := (one-wx)*(one-wy), wx*(one-wy), (one-wx)*wy, wx*wy
			out[0] = mix(top[0], top[3], low[0], low[3], w00, w01, w10, w11)
			out[1] = mix(top[1], top[4], low[1], low[4], w00, w01, w10, w11)
			out[2] = mix(top[2], top[5], low[2], low[5], w00, w01, w10, w11)
		}
	}
}

// mix returns the mean of four values under weights that add up to one·one.
func mix(p00, p01, p10, p11 uint8, w00, w01, w10, w11 int) uint8 {
	sum := int(p00)*w00 + int(p01)*w01 + int(p10)*w10 + int(p11)*w11
	return uint8((sum + half) >> (2 * weightBits))
}

func floor(x float64) int {
	i := int(x)
	if float64(i) > x {
		i--
	}
	return i
}

// across is sample for one pixel between (ix,iy) and (ix+1,iy+1), some outside.
func across(out, src []uint8, size, ix, iy, wx, wy int, b border) {
	p00, p01 := b.at(src, size, ix, iy), b.at(src, size, ix+1, iy)
	p10, p11 := b.at(src, size, ix, iy+1), b.at(src, size, ix+1, iy+1)
	for k := range out {
		out[k] = mix(p00[k], p01[k], p10[k], p11[k],
			(one-wx)*(one-wy), wx*(one-wy), (one-wx)*wy, wx*wy)
	}
}
