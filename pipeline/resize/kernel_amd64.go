package resize

import "golang.org/x/sys/cpu"

// fast reports whether there are kernels for this processor.
var fast = cpu.X86.HasAVX2

// acrossFast sets dst to the output pixels from number from on, up to one whose sum is close, and returns how many.
func acrossFast(dst, src []uint8, a *axis, from int) int {
	n := len(a.taps) - from
	_, _ = dst[4*n-1], src[len(src)-1]
	return acrossAVX2(&dst[0], &src[0], &a.first[from], &a.weights[from*a.reach], &a.off[from], a.reach, n)
}

// downFast sets dst to n pixels, atATime at once, up to where a sum is close, and returns how many: a multiple of atATime, and
// so perhaps more than n.
func downFast(dst, src []uint8, stride, n int, t *tap) int {
	bytes := 4 * (n + atATime - 1) / (4 * atATime) * (4 * atATime)
	_, _ = dst[bytes-1], src[(len(t.weights)-1)*stride+bytes-1]
	return downAVX2(&dst[0], &src[0], stride, &t.weights[0], len(t.weights), t.off, n)
}

// acrossAVX2 makes n pixels. Pixel i is the sum of weights[i·reach:][:reach], reach an even number, by those at src+first[i].
//
//go:noescape
func acrossAVX2(dst, src *uint8, first *int32, weights, off *uint32, reach, n int) int

// downAVX2 makes n pixels, four at once. Each is the sum of weights by pixels that are stride bytes apart.
//
//go:noescape
func downAVX2(dst, src *uint8, stride int, weights *uint32, taps int, off uint32, n int) int
