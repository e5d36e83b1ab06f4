//go:build tensorflow && cgo

package session

import (
	"bytes"
	"testing"
)

// TestOpaque compares with a plain loop, for rows of all lengths about that of a register, and looks behind the end.
func TestOpaque(t *testing.T) {
	for n := range 40 {
		rgb, want := make([]uint8, 3*n), make([]uint8, 4*n, 4*n+16)
		for i := range n {
			for c := range 3 {
				rgb[3*i+c] = uint8(37*i + 101*c + 5)
				want[4*i+c] = rgb[3*i+c]
			}
			want[4*i+3] = 255
		}
		behind := bytes.Repeat([]uint8{7}, 16)
		got := append(make([]uint8, 4*n), behind...)
		opaque(got[:4*n], rgb)
		if want = append(want, behind...); !bytes.Equal(got, want) {
			t.Errorf("%d pixels %v become %v, want %v", n, rgb, got, want)
		}
	}
}
