package augment

import (
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"
)

// BenchmarkApply measures images per second and core of each preset, in time of the
// processor: what else the machine does matters less to it.
func BenchmarkApply(b *testing.B) {
	for _, name := range []string{"glyph", "light", "strong"} {
		for _, size := range []int{28, 42, 64} {
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				a, pixels := augmenter(b, name, 1), picture(size, 1)
				into := slices.Clone(pixels)
				b.ReportAllocs()
				start := processor(b)
				for i := 0; b.Loop(); i++ {
					copy(into, pixels)
					a.Apply(into, size, Draw{Epoch: i})
				}
				b.ReportMetric(float64(b.N)/(processor(b)-start).Seconds(), "images/core-s")
			})
		}
	}
}

// processor returns the time that the process has had.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
