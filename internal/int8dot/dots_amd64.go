package int8dot

import "golang.org/x/sys/cpu"

// Fast reports whether Dots is much faster than a dot product of float32.
var Fast = cpu.X86.HasAVX2

func dots(query []int16, rows []int8, out []int32) {
	if !Fast {
		plain(query, rows, out)
		return
	}
	dotsAVX2(&query[0], &rows[0], &out[0], len(query), len(out))
}

// dotsAVX2 is Dots for d numbers, a multiple of 16, and n rows, at least one.
//
//go:noescape
func dotsAVX2(query *int16, rows *int8, out *int32, d, n int)
