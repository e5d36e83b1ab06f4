// Package regular opens files of which the reader expects an end: path → its kind and size are
// looked at → opened, or refused. To open a pipe waits for a writer, and some devices never end.
package regular

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Open opens the regular file at path for reading, and returns its size in bytes. A folder, a
// pipe, a socket or a device is not opened, and neither is a file of more than most bytes. The
// error is an *fs.PathError.
func Open(path string, most int64) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return refuse(path, err)
	}
	return open(path, info, most, func() (*os.File, error) { return os.OpenFile(path, reading, 0) })
}

// OpenIn is Open of a file that lies in a folder, by its path in there. Neither the path nor a
// link may lead out of the folder.
func OpenIn(folder, name string, most int64) (*os.File, int64, error) {
	path := filepath.Join(folder, name)
	if !filepath.IsLocal(name) {
		return refuse(path, errors.New("it leads out of its folder"))
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return refuse(path, err)
	}
	defer func() { _ = root.Close() }() // read only
	info, err := root.Stat(name)
	if err != nil {
		return refuse(path, err)
	}
	return open(path, info, most, func() (*os.File, error) { return root.OpenFile(name, reading, 0) })
}

// reading does not wait, should a pipe have taken the place of the file that was looked at.
const reading = os.O_RDONLY | syscall.O_NONBLOCK

// open opens what info is about, and looks again at what was opened.
func open(path string, info fs.FileInfo, most int64, file func() (*os.File, error)) (*os.File, int64, error) {
	if err := check(info, most); err != nil {
		return refuse(path, err)
	}
	f, err := file()
	if err != nil {
		return refuse(path, err)
	}
	if info, err = f.Stat(); err == nil {
		err = check(info, most)
	}
	if err != nil {
		_ = f.Close() // read only
		return refuse(path, err)
	}
	return f, info.Size(), nil
}

// refuse returns err as an error about path, which it names once.
func refuse(path string, err error) (*os.File, int64, error) {
	return nil, 0, &fs.PathError{Op: "open", Path: path, Err: Reason(err)}
}

// Reason returns err without the operation and the path that it names, for a message that names the
// path anyway.
func Reason(err error) error {
	var of *fs.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

// SHA256 returns the checksum of what r holds, in hexadecimal, and its length in bytes. The error is
// that of r.
func SHA256(r io.Reader) (sum string, size int64, err error) {
	h := sha256.New()
	size, err = io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), size, err
}

func check(info fs.FileInfo, most int64) error {
	if err := Check(info.Mode()); err != nil {
		return err
	}
	if info.Size() > most {
		return tooLarge(most)
	}
	return nil
}

func tooLarge(most int64) error { return fmt.Errorf("larger than %d bytes", most) }

// ReadFile returns the bytes of the regular file at path. The error is that of Open.
func ReadFile(path string, most int64) ([]byte, error) {
	f, size, err := Open(path, most)
	return read(f, size, most, err)
}

// ReadFileIn is ReadFile of a file that OpenIn opens.
func ReadFileIn(folder, name string, most int64) ([]byte, error) {
	f, size, err := OpenIn(folder, name, most)
	return read(f, size, most, err)
}

// read reads a file that should have so many bytes. It may have grown, or lie where sizes mean nothing.
func read(f *os.File, size, most int64, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only
	data := make([]byte, size, size+1)
	n, err := io.ReadFull(f, data)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return data[:n], nil
	}
	if err != nil {
		return nil, err
	}
	rest, err := io.ReadAll(io.LimitReader(f, most-size+1))
	if err == nil && int64(len(rest)) > most-size {
		err = &fs.PathError{Op: "read", Path: f.Name(), Err: tooLarge(most)}
	}
	return append(data, rest...), err
}

// Check returns an error that names the kind of what is no regular file.
func Check(mode fs.FileMode) error {
	switch {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return errors.New("it is a folder, want a file")
	}
	return fmt.Errorf("it is %s, want a file", Kind(mode))
}

// Kind names what is neither a file nor a folder, such as "a named pipe".
func Kind(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode&fs.ModeSymlink != 0:
		return "a link"
	}
	return "no regular file"
}
