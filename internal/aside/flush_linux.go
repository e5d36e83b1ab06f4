package aside

import (
	"os"
	"syscall"
	_ "unsafe" // for linkname
)

// Flush makes what was written to f survive a crash, as f.Sync does. But the goroutine gives up its place among the GOMAXPROCS that run before the disk works.
// In f.Sync it keeps the place until the runtime takes it away, which may take longer than the disk, and a core has nothing to do meanwhile.
func Flush(f *os.File) error {
	var number syscall.Errno
	connection, err := f.SyscallConn()
	if err == nil {
		err = connection.Control(func(fd uintptr) {
			for number = syscall.EINTR; number == syscall.EINTR; {
				number = fsync(fd)
			}
		})
	}
	switch {
	case err != nil: // f is closed, which Sync says in its own words
		return f.Sync()
	case number != 0:
		return &os.PathError{Op: "sync", Path: f.Name(), Err: number}
	}
	return nil
}

// fsync is fsync(2). Between the two calls of the runtime nothing may need more stack or another goroutine, so the call in between is a raw one.
//
//go:nosplit
//go:norace
func fsync(fd uintptr) syscall.Errno {
	entersyscallblock()
	_, _, number := syscall.RawSyscall(syscall.SYS_FSYNC, fd, 0, 0)
	exitsyscall()
	return number
}

// What the runtime does around its own calls that wait. It promises to keep these names and types for programs (go.dev/issue/67401).

//go:linkname entersyscallblock runtime.entersyscallblock
func entersyscallblock()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()
