//go:build tensorflow && cgo

package session

/*
#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>
static void few_arenas(int n) { mallopt(M_ARENA_MAX, n); }
#else
static void few_arenas(int n) { (void)n; }
#endif
*/
import "C"

import (
	"os"
	"runtime"
)

// FewArenas has the C library share its heaps: one for each core, where it makes eight. Each thread that opens a session
// takes memory from a heap of its own, and what it frees stays there, so that a process which opens one session after the
// other grows. Call it before the first session. It does nothing where MALLOC_ARENA_MAX is set, or the library is not glibc.
func FewArenas() {
	if os.Getenv("MALLOC_ARENA_MAX") == "" {
		C.few_arenas(C.int(max(2, runtime.GOMAXPROCS(0))))
	}
}
