//go:build !amd64

package int8dot

// Fast reports whether Dots is much faster than a dot product of float32.
const Fast = false

func dots(query []int16, rows []int8, out []int32) { plain(query, rows, out) }
