package cli

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

// TestRoomForGarbage: a service that holds little collects garbage seldom, and its memory has the limit that it says.
func TestRoomForGarbage(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64))
	defer func() { roomForGarbage = nil }()
	without := collections()
	boundHeap(1 << 30)
	if with := collections(); with > 2 || with >= without {
		t.Errorf("garbage is collected %d times with room for it and %d times without, want 2 at most", with, without)
	}
	if limit := debug.SetMemoryLimit(-1); limit < 1<<29 || limit > 2<<30 {
		t.Errorf("the limit of memory is %d MiB, want about 1 GiB", limit>>20)
	}
}

var garbage []byte

// collections returns how often garbage is collected while 64 MiB of it are made.
func collections() uint32 {
	runtime.GC() // what was made before
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 256 {
		garbage = make([]byte, 256<<10)
	}
	runtime.ReadMemStats(&after)
	return after.NumGC - before.NumGC
}
