package main

import (
	"slices"
	"sync/atomic"
	"time"
)

const (
	besideBatch = 256 // images of a run of the other model
	besideTurn  = 500 // single images of a turn
)

// neighbours are seconds of one image by one model, at the middle and at the slow end of each turn.
type neighbours struct {
	summary
	Alone50    []float64 `json:"alone_p50"`
	Alone99    []float64 `json:"alone_p99"`
	Batches50  []float64 `json:"batches_p50"` // while another model of the process runs batches
	Batches99  []float64 `json:"batches_p99"`
	Openings50 []float64 `json:"openings_p50"` // while other models are opened, run once, and closed
	Openings99 []float64 `json:"openings_p99"`
}

// beside runs single images alone, beside batches of a second session and beside sessions that are
// opened, in turns.
func (b *bench) beside(folder string) (n neighbours, err error) {
	other, err := openBare(folder)
	if err != nil {
		return n, err
	}
	many := b.noise(besideBatch)
	batches := func() error { return other.run(many) }
	openings := func() error {
		s, err := openBare(folder)
		if err != nil {
			return err
		}
		if err := s.run(many[:b.resizer.Bytes()]); err != nil {
			return err
		}
		return s.session.Close()
	}
	if err := batches(); err != nil { // compiled for this size
		return n, err
	}
	for range turns {
		for _, side := range []struct {
			work     func() error
			p50, p99 *[]float64
		}{{nil, &n.Alone50, &n.Alone99}, {batches, &n.Batches50, &n.Batches99}, {openings, &n.Openings50, &n.Openings99}} {
			p50, p99, err := b.singlesBeside(side.work)
			if err != nil {
				return n, err
			}
			*side.p50, *side.p99 = append(*side.p50, p50), append(*side.p99, p99)
		}
	}
	return n, other.session.Close()
}

// singlesBeside returns the seconds of single images while work, if there is any, goes on.
func (b *bench) singlesBeside(work func() error) (p50, p99 float64, err error) {
	var stop atomic.Bool
	done := make(chan error, 1)
	go func() {
		for work != nil && !stop.Load() {
			if err := work(); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	one, list := b.noise(1), []float64(nil)
	for range besideTurn {
		start := time.Now()
		if err = b.bare.run(one); err != nil {
			break
		}
		list = append(list, time.Since(start).Seconds())
	}
	stop.Store(true)
	if failed := <-done; err == nil {
		err = failed
	}
	if err != nil {
		return 0, 0, err
	}
	slices.Sort(list)
	return list[len(list)/2], list[len(list)*99/100], nil
}
