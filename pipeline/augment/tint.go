package augment

// rgb is a colour, each channel in [0,255] unless a tint has led out of it.
type rgb [3]float32

// tint maps colours: out[i] = m[i][0]·r + m[i][1]·g + m[i][2]·b + m[i][3]. Composed
// tints are clamped once, at the end, so none loses what a later one would bring back.
type tint [3][4]float32

var unchanged = tint{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}

// luma weighs the channels to a grey: ITU-R BT.601.
var luma = rgb{0.299, 0.587, 0.114}

func (c rgb) grey() float32 { return luma[0]*c[0] + luma[1]*c[1] + luma[2]*c[2] }

// after returns the tint that does u first and then t.
func (t tint) after(u tint) tint {
	var v tint
	for i := range v {
		for j := range v[i] {
			v[i][j] = t[i][0]*u[0][j] + t[i][1]*u[1][j] + t[i][2]*u[2][j]
		}
		v[i][3] += t[i][3]
	}
	return v
}

// of returns what becomes of c, not clamped.
func (t tint) of(c rgb) (out rgb) {
	for i := range out {
		out[i] = t[i][0]*c[0] + t[i][1]*c[1] + t[i][2]*c[2] + t[i][3]
	}
	return out
}

// apply changes pixels [S,S,3].
func (t tint) apply(pixels []uint8) {
	for i := 0; i+2 < len(pixels); i += 3 {
		p := pixels[i : i+3 : i+3]
		r, g, b := float32(p[0]), float32(p[1]), float32(p[2])
		p[0] = clamp(t[0][0]*r + t[0][1]*g + t[0][2]*b + t[0][3])
		p[1] = clamp(t[1][0]*r + t[1][1]*g + t[1][2]*b + t[1][3])
		p[2] = clamp(t[2][0]*r + t[2][1]*g + t[2][2]*b + t[2][3])
	}
}

// clamp rounds x, within ±2³⁰, to the nearest of 0 to 255.
func clamp(x float32) uint8 { return uint8(min(max(int32(x+0.5), 0), 255)) }

// towards returns the tint that keeps share s of a colour and takes the rest from
// its grey: 1 keeps, 0 is grey, above 1 leads away from it.
func towards(s float32) tint {
	var t tint
	for i := range t {
		for j := range luma {
			t[i][j] = (1 - s) * luma[j]
		}
		t[i][i] += s
	}
	return t
}
