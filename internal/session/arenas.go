//go:build tensorflow && cgo

package session

/*
#include <stdlib.h>
#if defined(__GLIBC__)
#include <malloc.h>
static void few_arenas(int n) { mallopt(M_ARENA_MAX, n); }
static void give_back(void) { malloc_trim(0); }
static void keep_freed(int largest, int kept) {
  mallopt(M_MMAP_THRESHOLD, largest);
  mallopt(M_TRIM_THRESHOLD, kept);
}
#else
static void few_arenas(int n) { (void)n; }
static void give_back(void) {}
static void keep_freed(int largest, int kept) { (void)largest; (void)kept; }
#endif
*/
import "C"

import (
	"os"

	"github.com/tfpair/tfpair/internal/workers"
)

// FewArenas has the C library share its heaps: one for each core, where it makes eight. Each thread that opens a session
// takes memory from a heap of its own, and what it frees stays there, so that a process which opens one session after the
// other grows. Call it before the first session. It does nothing where MALLOC_ARENA_MAX is set, or the library is not glibc.
func FewArenas() {
	if os.Getenv("MALLOC_ARENA_MAX") == "" {
		C.few_arenas(C.int(max(2, workers.Cores())))
	}
}

// giveBack has the C library return to the system the pages that are free in its heaps, in 5 to 15 ms. What a session frees lies
// scattered, and the next one takes memory beside it.
func giveBack() { C.give_back() }

const (
	largestKept = 32 << 20 // bytes: glibc takes no more
	mostKept    = 1 << 30
)

// KeepFreed has the C library keep what is freed, up to a gigabyte, in place of giving it back to the system: megabytes that
// the runtime takes and frees for each message would be cleared, page by page, for each. It does nothing where one of
// MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_ and GLIBC_TUNABLES is set, or the library is not glibc.
func KeepFreed() {
	for _, name := range []string{"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"} {
		if os.Getenv(name) != "" {
			return
		}
	}
	C.keep_freed(largestKept, mostKept)
}
