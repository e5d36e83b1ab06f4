package collective

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ownRoom is the file of a room, which has no name in the file system, and is gone with the last process that has it in its memory.
type ownRoom struct{ file int }

func (r ownRoom) close() { _ = unix.Close(r.file) } // nobody else waits for it

// makeRoom makes the room of this process. The others find it by the text, until it is closed.
func makeRoom() (ownRoom, string, error) {
	name := "tfpair-" + rand.Text()
	file, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return ownRoom{}, "", fmt.Errorf("make a file in memory: %w", err)
	}
	if err := unix.Ftruncate(file, roomBytes); err != nil {
		_ = unix.Close(file)
		return ownRoom{}, "", fmt.Errorf("make a file of %d bytes in memory: %w", roomBytes, err)
	}
	return ownRoom{file}, place{os.Getpid(), file, name}.String(), nil
}

// openRoom returns the room of a process of this machine, for good. A process that sees other processes than the one which wrote
// the text finds nothing there, or a file of another name, and does not open it.
func openRoom(text string) (room, error) {
	p, err := parsePlace(text)
	if err != nil {
		return room{}, err
	}
	path := fmt.Sprintf("/proc/%d/fd/%d", p.process, p.file)
	if to, err := os.Readlink(path); err != nil || to != "/memfd:"+p.name+" (deleted)" {
		return room{}, fmt.Errorf("%s is %q, want memory %s: %w", path, to, p.name, err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return room{}, err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || size != roomBytes { // of another version of this program
		_ = f.Close()
		return room{}, errors.Join(err, fmt.Errorf("%s has %d bytes of memory, want %d", path, size, roomBytes))
	}
	bytes, err := unix.Mmap(int(f.Fd()), 0, roomBytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	_ = f.Close() // the memory stays
	if err != nil {
		return room{}, fmt.Errorf("map %s: %w", path, err)
	}
	return roomIn(bytes), nil
}

// Operations of futex(2), among processes.
const (
	futexWait = 0
	futexWake = 1
)

// sleepFor is after how long a process that waits looks whether another is lost.
const sleepFor = 100 * time.Millisecond

// sleep waits until another process wakes those that wait for a word, unless it is no longer as it was, or for a while.
func sleep(word *atomic.Uint32, was uint32) {
	t := unix.NsecToTimespec(sleepFor.Nanoseconds())
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWait, uintptr(was), uintptr(unsafe.Pointer(&t)), 0, 0)
}

// wake wakes all processes that wait for a word.
func wake(word *atomic.Uint32) {
	const all = 1<<31 - 1
	_, _, _ = unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake, all, 0, 0, 0)
}
