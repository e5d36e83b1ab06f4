package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"
)

// shards are archives as one file system: what they hold, as if all were unpacked into one folder. Where each archive
// has the name of a split, as train-000000.tar, they are unpacked into folders train, val and test. Files are read where
// they lie, many at once.
type shards struct {
	entries map[string]entry         // by clean path; folders are left out
	folders map[string][]fs.DirEntry // by clean path, sorted by name
	in      map[string]string        // the archive that each file of entries is in; nil of a single one
}

// entry is a file in an archive; *zip.File is one.
type entry interface {
	FileInfo() fs.FileInfo
	Open() (io.ReadCloser, error)
}

// maxShards is how many archives are read as one: each is an open file.
const maxShards = 10_000

// shardNames returns the names of the archives in a folder that holds archives, and neither images nor folders; else nil.
func (p place) shardNames(folder string) []string {
	file, err := p.openFile(folder)
	if err != nil {
		return nil
	}
	defer file.Close() // read only
	list, ok := file.(fs.ReadDirFile)
	if !ok {
		return nil
	}
	var names []string
	for {
		entries, err := list.ReadDir(256) // a folder of a million images tells soon that it is none
		for _, e := range entries {
			switch name := e.Name(); {
			case machineMade(name):
			case e.IsDir() || isImage(name):
				return nil
			case IsArchive(name):
				names = append(names, name)
			}
		}
		if err != nil || len(entries) == 0 {
			slices.Sort(names)
			return names
		}
	}
}

// HoldsArchives reports whether a folder of the disk is read as the archives in it: what they hold lies in no folder of
// the disk, and cannot be moved there.
func HoldsArchives(folder string) bool { return len(place{}.shardNames(folder)) > 0 }

// IsArchive tells by a file's name whether it is an archive that Open reads.
func IsArchive(name string) bool {
	ext := path.Ext(name)
	return strings.EqualFold(ext, ".tar") || strings.EqualFold(ext, ".zip")
}

// shardSplit returns the split whose name is a word of an archive's; Unsplit for none.
func shardSplit(name string) Split {
	words := strings.FieldsFunc(strings.TrimSuffix(name, path.Ext(name)), func(r rune) bool { return !unicode.IsLetter(r) })
	for _, w := range words {
		if split := splitOf(w); split != Unsplit {
			return split
		}
	}
	return Unsplit
}

// openTar reads a .tar as the folder that it was made of.
func openTar(file fs.File) (*shards, error) {
	s := &shards{entries: map[string]entry{}}
	if err := s.add(file, "", ""); err != nil {
		return nil, err
	}
	return s, s.arrange()
}

// openShards reads the archives in a folder as one. Their files are closed by close, also where there is an error.
func (p place) openShards(folder string, names []string) (_ *shards, close func() error, err error) {
	var files []fs.File
	close = func() error {
		var errs []error
		for _, f := range files {
			errs = append(errs, f.Close())
		}
		return errors.Join(errs...)
	}
	if len(names) > maxShards {
		return nil, close, fmt.Errorf("%d archives in one folder; at most %d are read as one", len(names), maxShards)
	}
	all := !slices.ContainsFunc(names, func(n string) bool { return shardSplit(n) == Unsplit })
	s := &shards{entries: map[string]entry{}, in: map[string]string{}}
	for _, name := range names {
		file, err := p.regularFile(p.join(folder, name))
		if err != nil {
			return nil, close, fmt.Errorf("archive %q: %w", name, err)
		}
		files = append(files, file)
		top := ""
		if all {
			top = shardSplit(name).String()
		}
		if err := s.add(file, name, top); err != nil {
			return nil, close, fmt.Errorf("archive %q: %w", name, err)
		}
	}
	return s, close, s.arrange()
}

// add adds the files of an archive, below a folder top.
func (s *shards) add(file fs.File, archive, top string) error {
	at, ok := file.(io.ReaderAt)
	if !ok {
		return errors.New("an archive must lie where files can be read at any place")
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	put := func(name string, e entry) error { return s.put(path.Join(top, name), archive, e) }
	if strings.EqualFold(path.Ext(archive), ".zip") {
		zipped, err := openArchive(file)
		if err != nil {
			return err
		}
		for name, e := range zipped.files {
			if err := put(name, e); err != nil {
				return err
			}
		}
		return nil
	}
	return readTar(at, info.Size(), put)
}

func (s *shards) put(name, archive string, e entry) error {
	if s.entries[name] != nil {
		if before := s.in[name]; before != archive {
			return fmt.Errorf("entry %q is in %q, too; give the files of all archives different names", name, before)
		}
		return fmt.Errorf("entry %q is there twice", name)
	}
	s.entries[name] = e
	if s.in != nil {
		s.in[name] = archive
	}
	return nil
}

// arrange makes the folders.
func (s *shards) arrange() error {
	s.in = nil // all are known
	s.folders = map[string][]fs.DirEntry{".": nil}
	for name, e := range s.entries {
		dir := path.Dir(name)
		if err := s.mkdir(dir); err != nil {
			return err
		}
		s.folders[dir] = append(s.folders[dir], fs.FileInfoToDirEntry(e.FileInfo()))
	}
	for _, list := range s.folders {
		slices.SortFunc(list, func(a, b fs.DirEntry) int { return cmp.Compare(a.Name(), b.Name()) })
	}
	return nil
}

func (s *shards) mkdir(dir string) error {
	if _, ok := s.folders[dir]; ok {
		return nil
	}
	if s.entries[dir] != nil {
		return fmt.Errorf("entry %q is a file and a folder", dir)
	}
	if len(s.folders) >= maxFolders {
		return fmt.Errorf("entry %q: more than %d folders", dir, maxFolders)
	}
	s.folders[dir] = nil
	parent := path.Dir(dir)
	if err := s.mkdir(parent); err != nil {
		return err
	}
	s.folders[parent] = append(s.folders[parent], fs.FileInfoToDirEntry(folderInfo(path.Base(dir))))
	return nil
}

// Stat is that of fs.StatFS.
func (s *shards) Stat(name string) (fs.FileInfo, error) {
	if e := s.entries[name]; e != nil {
		return e.FileInfo(), nil
	}
	if _, ok := s.folders[name]; ok {
		return folderInfo(path.Base(name)), nil
	}
	return nil, missing("stat", name)
}

// ReadDir is that of fs.ReadDirFS.
func (s *shards) ReadDir(name string) ([]fs.DirEntry, error) {
	list, ok := s.folders[name]
	if !ok {
		return nil, missing("readdir", name)
	}
	return slices.Clone(list), nil
}

// Open is that of fs.FS.
func (s *shards) Open(name string) (fs.File, error) {
	if e := s.entries[name]; e != nil {
		r, err := e.Open()
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
		return &shardFile{r, e.FileInfo()}, nil
	}
	if list, ok := s.folders[name]; ok {
		return &shardFolder{folderInfo(path.Base(name)), slices.Clone(list)}, nil
	}
	return nil, missing("open", name)
}

func missing(op, name string) error {
	err := fs.ErrNotExist
	if !fs.ValidPath(name) {
		err = fs.ErrInvalid
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// shardFile is an open file of an archive.
type shardFile struct {
	io.ReadCloser
	info fs.FileInfo
}

func (f *shardFile) Stat() (fs.FileInfo, error) { return f.info, nil }

// shardFolder is an open folder.
type shardFolder struct {
	folderInfo
	left []fs.DirEntry
}

func (f *shardFolder) Stat() (fs.FileInfo, error) { return f.folderInfo, nil }
func (f *shardFolder) Close() error               { return nil }

func (f *shardFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.Name(), Err: errors.New("is a folder")}
}

// ReadDir is that of fs.ReadDirFile.
func (f *shardFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(f.left) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(f.left) {
		n = len(f.left)
	}
	list := f.left[:n]
	f.left = f.left[n:]
	return list, nil
}

// folderInfo is what is known of a folder: its name.
type folderInfo string

// The methods are those of fs.FileInfo.

func (i folderInfo) Name() string     { return string(i) }
func (folderInfo) Size() int64        { return 0 }
func (folderInfo) Mode() fs.FileMode  { return fs.ModeDir | 0o555 }
func (folderInfo) ModTime() time.Time { return time.Time{} }
func (folderInfo) IsDir() bool        { return true }
func (folderInfo) Sys() any           { return nil }

func (i tarInfo) Name() string     { return i.name }
func (i tarInfo) Size() int64      { return i.size }
func (tarInfo) Mode() fs.FileMode  { return 0o444 }
func (tarInfo) ModTime() time.Time { return time.Time{} }
func (tarInfo) IsDir() bool        { return false }
func (tarInfo) Sys() any           { return nil }
