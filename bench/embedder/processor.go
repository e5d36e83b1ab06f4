package main

import (
	"syscall"
	"time"
)

// processorSeconds is the processor time that this process has taken.
func processorSeconds() (float64, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds(), nil
}

// processing is the processor time of an image, in seconds, per turn.
type processing struct {
	summary
	Seconds []float64 `json:"seconds"`
}

// processor measures runs of n images.
func (b *bench) processor(n int) (p processing, err error) {
	pixels := b.noise(n)
	if err := b.bare.run(pixels); err != nil { // compiled for this size
		return p, err
	}
	for range turns {
		before, err := processorSeconds()
		if err != nil {
			return p, err
		}
		images := 0
		for start := time.Now(); time.Since(start) < turn; images += n {
			if err := b.bare.run(pixels); err != nil {
				return p, err
			}
		}
		after, err := processorSeconds()
		if err != nil {
			return p, err
		}
		p.Seconds = append(p.Seconds, (after-before)/float64(images))
	}
	return p, nil
}
