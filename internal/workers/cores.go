package workers

import (
	"runtime"
	"sync/atomic"
)

var spare atomic.Int64

// Cores returns how many cores the program uses: GOMAXPROCS, which follows a container's quota, without what Spare added.
func Cores() int { return runtime.GOMAXPROCS(0) - int(spare.Load()) }

// Spare adds n to GOMAXPROCS, for a program that answers while calls of C compute. Each such call keeps a place of GOMAXPROCS until Go
// looks, up to 10 ms later. Where calls have all places, nobody sees meanwhile that a request has come.
func Spare(n int) {
	spare.Add(int64(n))
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + n)
}
