package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// roomForGarbage is never written, so the system gives no memory for it. The collector takes it for memory that lives, and
// lets as much garbage lie before it collects. A service holds 10 MB and makes 0.4 MB of garbage for a small photo, so that
// it would collect within every twentieth request, which then takes longer.
var roomForGarbage []byte //nolint:unused // the collector looks at it

// boundHeap has the collector keep what lives now, the requests and their garbage within what is said at the
// start. While two versions of a model are open it works harder. GOMEMLIMIT, where it is set, is left alone.
func boundHeap(peak int64) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	roomForGarbage = make([]byte, 32<<20)
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	runs := peak / 16 // what TensorFlow takes for larger batches than those of the warm-up, and stacks
	debug.SetMemoryLimit(peak - runs + int64(m.HeapAlloc))
}

// inUse returns how many bytes of memory this process and those that it has started hold, 0 where that is not known.
func inUse() int64 {
	sum := resident("self")
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return sum
	}
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		_, after, _ := strings.Cut(string(text), ") ") // the name may hold blanks
		fields := strings.Fields(after)
		if err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(os.Getpid()) {
			sum += resident(filepath.Base(filepath.Dir(stat)))
		}
	}
	return sum
}

// resident returns how many bytes of memory a process of /proc holds, 0 where that is not known.
func resident(process string) int64 {
	text, err := os.ReadFile(filepath.Join("/proc", process, "statm"))
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}
