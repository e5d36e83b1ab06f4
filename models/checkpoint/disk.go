package checkpoint

import (
	"errors"
	"os"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
)

// disk is the file operations that saving makes, so that a test can fail each.
type disk interface {
	MkdirAll(path string) error
	Mkdir(path string) error
	WriteFile(path string, data []byte) error // a new file, on the disk when it returns
	SyncDir(path string) error
	Rename(from, to string) error
	RemoveAll(path string) error
	ReadDir(path string) ([]string, error)
	ReadFile(dir, name string, most int64) ([]byte, error) // an error where the file is larger than most
}

// osDisk is the operating system's.
type osDisk struct{}

func (osDisk) MkdirAll(path string) error   { return aside.MkdirAll(path) }
func (osDisk) Mkdir(path string) error      { return os.Mkdir(path, 0o755) }
func (osDisk) Rename(from, to string) error { return os.Rename(from, to) }
func (osDisk) RemoveAll(path string) error  { return os.RemoveAll(path) }

func (osDisk) WriteFile(path string, data []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

func (osDisk) SyncDir(path string) error { return aside.Sync(path) }

func (osDisk) ReadDir(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, nil
}

func (osDisk) ReadFile(dir, name string, most int64) ([]byte, error) {
	return regular.ReadFileIn(dir, name, most)
}
