//go:build linux && amd64

package tracer

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Offsets into struct seccomp_data, and what a filter answers; linux/seccomp.h.
const (
	numberAt = 0
	archAt   = 4
	fifthAt  = 16 + 4*8 // the lower half of the fifth argument

	allow = 0x7fff0000
	trace = 0x7ff00000
)

// install makes this thread, and what it becomes, stop at the calls of the table. Maps of no
// file pass: they are memory.
func install() error {
	program := []unix.SockFilter{
		load(archAt), equal(unix.AUDIT_ARCH_X86_64, 1, 0), answer(allow),
		load(numberAt),
		equal(unix.SYS_MMAP, 0, 3), load(fifthAt), equal(0xffffffff, 0, 1), answer(allow),
		load(numberAt), // the accumulator held the fifth argument
	}
	for number := range calls {
		program = append(program, equal(uint32(number), 0, 1), answer(trace))
	}
	program = append(program, answer(allow))
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	head := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&head)), 0, 0)
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

// equal skips yes instructions where the accumulator is value, and else no.
func equal(value uint32, yes, no uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: value, Jt: yes, Jf: no}
}

func answer(with uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: with}
}
