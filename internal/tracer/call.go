//go:build linux && amd64

package tracer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Class is a kind of call that fails for the same reasons.
type Class string

// The classes.
const (
	Open     Class = "open"     // a file or folder, made or not
	Write    Class = "write"    // to a file, and copies into one
	Sync     Class = "sync"     // a file or folder brought to the disk
	Rename   Class = "rename"   // and links
	Truncate Class = "truncate" // and space that is reserved
	Map      Class = "map"      // a file into memory
	Make     Class = "make"     // a folder
	Remove   Class = "remove"   // a name
	Mode     Class = "mode"     // the rights of a file
)

// Call is one system call before it happens.
type Call struct {
	Class Class
	Name  string // of the call, such as "renameat2"
	Path  string // absolute; of the file that a descriptor stands for
	To    string // of renames and links: the new name
	Flags int    // of open; of maps: 1 for one that writes to the file
	Data  []byte // of writes, where the command's Data asks for it
	At    int64  // where Data goes in the file; of truncate: the new size
}

// Changes reports whether the call can change what is on the disk.
func (c Call) Changes() bool {
	switch c.Class {
	case Open:
		return c.Flags&(unix.O_CREAT|unix.O_TRUNC) != 0
	case Map:
		return c.Flags != 0
	}
	return true
}

func (c Call) String() string {
	if c.To != "" {
		return fmt.Sprintf("%s %s → %s", c.Name, c.Path, c.To)
	}
	return c.Name + " " + c.Path
}

// argument says what the arguments of a call are. Numbers are those of arguments, from 0; -1 is none.
type argument struct {
	class Class
	name  string
	dir   int // descriptor of the folder that path starts at; -1: the working folder
	path  int
	toDir int
	to    int
	fd    int // descriptor of the file
	flags int
	bytes int // data; its length is the argument behind it
	at    int // offset or size
}

// byPath, byFD and the rest describe the arguments of calls of one kind.
func byPath(class Class, name string, dir, path int) argument {
	return argument{class, name, dir, path, -1, -1, -1, -1, -1, -1}
}

func byFD(class Class, name string) argument {
	return argument{class, name, -1, -1, -1, -1, 0, -1, -1, -1}
}

func moving(name string, dir, path, toDir, to int) argument {
	return argument{Rename, name, dir, path, toDir, to, -1, -1, -1, -1}
}

func (a argument) with(flags, bytes, at int) argument {
	a.flags, a.bytes, a.at = flags, bytes, at
	return a
}

func (a argument) onFD(fd int) argument { a.fd = fd; return a }

// calls are the calls that are looked at, by number.
var calls = map[uint64]argument{
	unix.SYS_OPEN:            byPath(Open, "open", -1, 0).with(1, -1, -1),
	unix.SYS_OPENAT:          byPath(Open, "openat", 0, 1).with(2, -1, -1),
	unix.SYS_CREAT:           byPath(Open, "creat", -1, 0),
	unix.SYS_WRITE:           byFD(Write, "write").with(-1, 1, -1),
	unix.SYS_PWRITE64:        byFD(Write, "pwrite64").with(-1, 1, 3),
	unix.SYS_WRITEV:          byFD(Write, "writev").with(-1, 1, -1),
	unix.SYS_PWRITEV:         byFD(Write, "pwritev").with(-1, 1, 3),
	unix.SYS_PWRITEV2:        byFD(Write, "pwritev2"),
	unix.SYS_COPY_FILE_RANGE: byFD(Write, "copy_file_range").onFD(2),
	unix.SYS_SENDFILE:        byFD(Write, "sendfile"),
	unix.SYS_FSYNC:           byFD(Sync, "fsync"),
	unix.SYS_FDATASYNC:       byFD(Sync, "fdatasync"),
	unix.SYS_SYNC_FILE_RANGE: byFD(Sync, "sync_file_range"),
	unix.SYS_RENAME:          moving("rename", -1, 0, -1, 1),
	unix.SYS_RENAMEAT:        moving("renameat", 0, 1, 2, 3),
	unix.SYS_RENAMEAT2:       moving("renameat2", 0, 1, 2, 3),
	unix.SYS_LINK:            moving("link", -1, 0, -1, 1),
	unix.SYS_LINKAT:          moving("linkat", 0, 1, 2, 3),
	unix.SYS_SYMLINK:         byPath(Rename, "symlink", -1, 1),
	unix.SYS_SYMLINKAT:       byPath(Rename, "symlinkat", 1, 2),
	unix.SYS_TRUNCATE:        byPath(Truncate, "truncate", -1, 0).with(-1, -1, 1),
	unix.SYS_FTRUNCATE:       byFD(Truncate, "ftruncate").with(-1, -1, 1),
	unix.SYS_FALLOCATE:       byFD(Truncate, "fallocate"),
	unix.SYS_MMAP:            byFD(Map, "mmap").onFD(4),
	unix.SYS_MKDIR:           byPath(Make, "mkdir", -1, 0),
	unix.SYS_MKDIRAT:         byPath(Make, "mkdirat", 0, 1),
	unix.SYS_UNLINK:          byPath(Remove, "unlink", -1, 0),
	unix.SYS_UNLINKAT:        byPath(Remove, "unlinkat", 0, 1),
	unix.SYS_RMDIR:           byPath(Remove, "rmdir", -1, 0),
	unix.SYS_CHMOD:           byPath(Mode, "chmod", -1, 0),
	unix.SYS_FCHMOD:          byFD(Mode, "fchmod"),
	unix.SYS_FCHMODAT:        byPath(Mode, "fchmodat", 0, 1),
}

// decode reads a call from the registers of a stopped thread; ok is false where it is on
// nothing that has a path.
func decode(tid int, regs *unix.PtraceRegs, data bool) (call Call, ok bool) {
	a, ok := calls[regs.Orig_rax]
	if !ok {
		return Call{}, false
	}
	args := [6]uint64{regs.Rdi, regs.Rsi, regs.Rdx, regs.R10, regs.R8, regs.R9}
	call = Call{Class: a.class, Name: a.name}
	if a.fd >= 0 {
		call.Path = target(tid, int32(args[a.fd]))
	} else {
		call.Path = resolve(tid, args, a.dir, a.path)
	}
	if call.Path == "" {
		return Call{}, false
	}
	if a.to >= 0 {
		call.To = resolve(tid, args, a.toDir, a.to)
	}
	if a.flags >= 0 {
		call.Flags = int(int32(args[a.flags]))
	}
	switch {
	case a.name == "creat":
		call.Flags = unix.O_CREAT | unix.O_WRONLY | unix.O_TRUNC
	case a.class == Map && args[3]&unix.MAP_SHARED != 0 && args[2]&unix.PROT_WRITE != 0:
		call.Flags = 1
	}
	if a.at >= 0 {
		call.At = int64(args[a.at])
	}
	if data && a.name == "sendfile" {
		call.Data, call.At = sent(tid, args), position(tid, int32(args[a.fd]))
	}
	if data && a.bytes >= 0 {
		if strings.HasSuffix(a.name, "v") {
			call.Data = gather(tid, args[a.bytes], int(args[a.bytes+1]))
		} else {
			call.Data = memory(tid, args[a.bytes], int(args[a.bytes+1]))
		}
		if a.at < 0 {
			call.At = position(tid, int32(args[a.fd]))
		}
	}
	return call, true
}

// target is the path that a descriptor stands for, "" where it has none. What was removed
// meanwhile has none either.
func target(tid int, fd int32) string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", tid, fd))
	if err != nil || !filepath.IsAbs(path) || strings.HasSuffix(path, " (deleted)") {
		return ""
	}
	return path
}

// resolve makes the path of an argument absolute. Links in it are not followed.
func resolve(tid int, args [6]uint64, dir, path int) string {
	name := text(tid, args[path])
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	from := fmt.Sprintf("/proc/%d/cwd", tid)
	if dir >= 0 && int32(args[dir]) != unix.AT_FDCWD {
		from = fmt.Sprintf("/proc/%d/fd/%d", tid, int32(args[dir]))
	}
	folder, err := os.Readlink(from)
	if err != nil {
		return ""
	}
	return filepath.Join(folder, name)
}

// text reads a path from the memory of a thread.
func text(tid int, address uint64) string {
	var name []byte
	for len(name) < unix.PathMax {
		// To the end of the page: the next one may not be there.
		part := memory(tid, address+uint64(len(name)), 4096-int((address+uint64(len(name)))%4096))
		end := bytes.IndexByte(part, 0)
		if end >= 0 {
			return string(append(name, part[:end]...))
		}
		if len(part) == 0 {
			return ""
		}
		name = append(name, part...)
	}
	return ""
}

// memory reads bytes of a thread; it returns nil where they cannot be read.
func memory(tid int, address uint64, length int) []byte {
	if length == 0 {
		return []byte{}
	}
	data := make([]byte, length)
	local := []unix.Iovec{{Base: &data[0], Len: uint64(length)}}
	remote := []unix.RemoteIovec{{Base: uintptr(address), Len: length}}
	n, err := unix.ProcessVMReadv(tid, local, remote, 0)
	if err != nil {
		return nil
	}
	return data[:n]
}

// gather reads the bytes that a vector of n buffers points at.
func gather(tid int, address uint64, n int) []byte {
	const entry = 16 // bytes: an address and a length
	vector := memory(tid, address, n*entry)
	var data []byte
	for ; len(vector) >= entry; vector = vector[entry:] {
		data = append(data, memory(tid, binary.LittleEndian.Uint64(vector),
			int(binary.LittleEndian.Uint64(vector[8:])))...)
	}
	return data
}

// sent reads what sendfile copies: of the file of the second argument, from the offset that the third
// points at, or where the file is read next.
func sent(tid int, args [6]uint64) []byte {
	at := position(tid, int32(args[1]))
	if offset := memory(tid, args[2], 8); len(offset) == 8 {
		at = int64(binary.LittleEndian.Uint64(offset))
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/fd/%d", tid, int32(args[1])))
	if err != nil {
		return nil
	}
	defer f.Close() // read only
	data, err := io.ReadAll(io.NewSectionReader(f, at, int64(args[3])))
	if err != nil {
		return nil
	}
	return data
}

// position is where the next write to a descriptor goes.
func position(tid int, fd int32) int64 {
	info, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", tid, fd))
	var at int64
	var flags int
	if _, scanErr := fmt.Sscanf(string(info), "pos:\t%d\nflags:\t%o", &at, &flags); err != nil || scanErr != nil {
		return 0
	}
	if flags&unix.O_APPEND == 0 {
		return at
	}
	stat, err := os.Stat(fmt.Sprintf("/proc/%d/fd/%d", tid, fd))
	if err != nil {
		return 0
	}
	return stat.Size()
}
