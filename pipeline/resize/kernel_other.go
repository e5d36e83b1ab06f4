//go:build !amd64

package resize

// fast reports whether there are kernels for this processor.
const fast = false

func acrossFast(_, _ []uint8, _ *axis, _ int) int { return 0 }

func downFast(_, _ []uint8, _, _ int, _ *tap) int { return 0 }
