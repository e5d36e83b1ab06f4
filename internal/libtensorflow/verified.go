package libtensorflow

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
)

const (
	recordName = "VERIFIED.json"
	maxRecord  = 1 << 20 // bytes; a GPU build has about 100 files
)

// record says in which state the files of a runtime were when their checksums were right.
type record struct {
	Folder   string  `json:"folder"`
	Manifest string  `json:"manifest_sha256"`
	Files    []stamp `json:"files"`
}

// stamp is what changes when a file changes. Nothing but the system sets the change time.
type stamp struct {
	Path     string `json:"path"`
	Size     int64  `json:"size"`
	Inode    uint64 `json:"inode"`
	Modified int64  `json:"modified"` // nanoseconds since 1970
	Changed  int64  `json:"changed"`  // likewise
}

// VerifyOnce returns what Verify returns, and remembers where all checksums are right: the files
// are read again when one of them or the manifest has changed since. The record lies in the
// runtime folder, or in the user's cache where that cannot be written to. Where neither can, each
// call reads all files. The other error says that there is no manifest to verify by.
func VerifyOnce(dir string, getenv Getenv) (damaged []error, err error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	now, err := m.stamps(dir)
	if err != nil {
		return []error{err}, nil
	}
	for _, path := range recordPaths(dir, getenv) {
		if before, err := regular.ReadFile(path, maxRecord); err == nil && bytes.Equal(before, now) {
			return nil, nil
		}
	}
	return m.verify(dir, now, getenv), nil
}

// verify is Verify that remembers the state now of the files, or forgets what was remembered.
func (m *Manifest) verify(dir string, now []byte, getenv Getenv) []error {
	damaged := m.Verify(dir)
	for _, path := range recordPaths(dir, getenv) {
		if len(damaged) > 0 {
			_ = os.Remove(path) // the same bytes may have been right before: a disk can fail in silence
			continue
		}
		if os.MkdirAll(filepath.Dir(path), 0o755) == nil && aside.WriteFile(path, now) == nil {
			break
		}
	}
	return damaged
}

// stamps returns the record of the files as they are.
func (m *Manifest) stamps(dir string) ([]byte, error) {
	text, err := regular.ReadFile(filepath.Join(dir, manifestName), maxManifest)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	r := record{Folder: dir, Manifest: hex.EncodeToString(sum[:])}
	for _, f := range m.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Path))
		var s unix.Stat_t
		if err := unix.Stat(path, &s); err != nil {
			return nil, &os.PathError{Op: "stat", Path: path, Err: err}
		}
		r.Files = append(r.Files, stamp{Path: f.Path, Size: s.Size, Inode: s.Ino,
			Modified: s.Mtim.Nano(), Changed: s.Ctim.Nano()})
	}
	return json.Marshal(r)
}

// recordPaths are the places of a record, the first choice first.
func recordPaths(dir string, getenv Getenv) []string {
	paths := []string{filepath.Join(dir, recordName)}
	if cache, err := cacheFolder(getenv); err == nil {
		sum := sha256.Sum256([]byte(dir))
		paths = append(paths, filepath.Join(cache, "tfpair", "runtime",
			"verified-"+hex.EncodeToString(sum[:6])+".json"))
	}
	return paths
}
