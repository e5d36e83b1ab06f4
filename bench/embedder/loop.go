package main

import (
	"io"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

// looped is how often a loop counted.
type looped struct {
	summary
	Counted uint64 `json:"counted"`
}

// loop keeps each core busy until the input ends.
func loop() (l looped) {
	var ended atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		ended.Store(true)
	}()
	var all sync.WaitGroup
	var counted atomic.Uint64
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			n := uint64(0)
			for ; !ended.Load(); n++ {
			}
			counted.Add(n)
		})
	}
	all.Wait()
	l.Counted = counted.Load()
	return l
}
