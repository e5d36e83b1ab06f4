//go:build unix

package heif

import (
	"context"

	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/sys/unix"
)

// mapped is memory of a sandbox that the system lends as it is touched and that goes back when the
// picture is done: the garbage collector would keep each size that it grew through.
type mapped struct{ all []byte }

// Reallocate implements experimental.LinearMemory.
func (m mapped) Reallocate(size uint64) []byte {
	if size > uint64(len(m.all)) {
		return nil
	}
	return m.all[:size]
}

// Free implements experimental.LinearMemory.
func (m mapped) Free() {
	if m.all != nil {
		_ = unix.Munmap(m.all) // nothing can be done about it
	}
}

// withMemory makes instances that are made under it use mapped memory.
func withMemory(ctx context.Context) context.Context {
	return experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(
		func(_, most uint64) experimental.LinearMemory {
			// Without memory all is nil, and the instance is refused as one that needs too much.
			all, _ := unix.Mmap(-1, 0, int(most), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
			return mapped{all}
		}))
}
