package cli

import (
	"os"
	"runtime/debug"
)

// What a training of many images keeps of each in Go's memory, in bytes: paths, classes, checksums and hashes. Docs/data.md has
// the whole, which bench rows measures.
const (
	keptOfImage = 300
	keptOfAll   = 16 << 20
)

// boundGarbage has the collector let at most some 32 MiB of garbage lie beside what is kept of the images. By itself it lets as
// much lie as is kept, so that a million images would take twice their memory. Most of what is kept holds no pointers, and is
// not looked at. GOGC, where it is set, is left alone.
func boundGarbage(images int) {
	const garbage = 32 << 20
	percent := 100 * garbage / (keptOfAll + keptOfImage*images)
	if percent >= 100 || os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(max(percent, 10))
	debug.FreeOSMemory() // names lay in memory several times while they were read
}
