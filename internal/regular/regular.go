// Package regular opens files of which the reader expects an end: path → its kind is looked
// at → opened, or refused. To open a pipe waits for a writer, and some devices never end.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Open opens the regular file at path for reading, and returns its size in bytes. A folder, a
// pipe, a socket or a device is not opened. The error is an *fs.PathError.
func Open(path string) (*os.File, int64, error) {
	refuse := func(err error) (*os.File, int64, error) {
		return nil, 0, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	info, err := os.Stat(path)
	var of *fs.PathError
	switch {
	case errors.As(err, &of):
		return refuse(of.Err)
	case err != nil:
		return refuse(err)
	}
	if err := Check(info.Mode()); err != nil {
		return refuse(err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// ReadFile returns the bytes of the regular file at path. A file of more than most bytes is
// an error, and so is what Open refuses.
func ReadFile(path string, most int64) ([]byte, error) {
	f, _, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // read only: nothing to lose
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		err = fmt.Errorf("larger than %d bytes", most)
	}
	return data, err
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
	}
	return "no regular file"
}
