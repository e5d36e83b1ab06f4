//go:build unix && (amd64 || arm64 || riscv64 || loong64)

package index

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapping is memory that is the contents of a file. It goes when nothing refers to it.
type mapping struct{ data []byte }

// mapped returns the first n numbers of a file, without reading them.
func mapped(f *os.File, n int) ([]float32, *mapping, error) {
	if n == 0 {
		return nil, nil, nil
	}
	data, err := unix.Mmap(int(f.Fd()), 0, 4*n, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, nil, os.NewSyscallError("mmap", err)
	}
	m := &mapping{data}
	runtime.AddCleanup(m, func(data []byte) { _ = unix.Munmap(data) }, data)
	return unsafe.Slice((*float32)(unsafe.Pointer(&data[0])), n), m, nil // little-endian, as these processors are
}
