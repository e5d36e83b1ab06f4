// Package run is the folder of a training run:
//
//	RUN/{spec.yaml, seen, aliases.csv, lock, events.jsonl, tensorboard/events…, checkpoints/step-…, best, cache/features, folds/…, members/…, search/…, suspects.csv, suspects.png}
//
// In folds/K is the run folder of the training that holds out fold K, in members/K that of network K of an ensemble.
// In search is what was tried on validation before the run got its spec.
//
// It appears with its spec by one rename. One process at a time may train into it,
// which Lock ensures; reading needs no lock and no right to write. Files are read as long as they
// lie in the folder: a link that leads out of it is refused.
package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/models/seen"
)

const (
	specName        = "spec.yaml"
	lockName        = "lock"
	eventsName      = "events.jsonl"
	checkpointsName = "checkpoints"
	bestName        = "best"
	boardName       = "tensorboard"
	cacheName       = "cache"
	seenName        = "seen"
	foldsName       = "folds"
	membersName     = "members"
	searchName      = "search"
	aliasesName     = "aliases.csv"
	suspectsName    = "suspects.csv"
	suspectsSheet   = "suspects.png"
)

// The largest files that are read, in bytes.
const (
	maxText = 1 << 20  // a spec, a process number
	maxLine = 64 << 20 // an event
)

// Folder is an open run folder. One goroutine at a time may use it.
type Folder struct {
	path        string
	made        bool     // by this Folder: nothing was there before
	lock        *lock    // nil until Lock
	events      *os.File // nil until AppendEvent
	eventsNamed bool     // the name of that file is on the disk
}

// NotRunError says that a folder is not a run folder.
type NotRunError struct{ Path, Reason string }

func (e *NotRunError) Error() string {
	text := fmt.Sprintf("%q is not a run folder: %s", e.Path, e.Reason)
	if e.Reason == absent {
		text += regular.Place(e.Path)
	}
	return text
}

// absent is the reason where a path leads nowhere.
const absent = "there is nothing of that name"

// Is reports whether e is fs.ErrNotExist, too: nothing is at the path.
func (e *NotRunError) Is(target error) bool { return target == fs.ErrNotExist && e.Reason == absent }

// OpenOrCreate opens the run folder at path, or makes it with the given spec where
// nothing, or a folder that is empty or holds a search alone, is there. The error is a *NotRunError where
// something else is.
func OpenOrCreate(path string, spec []byte) (*Folder, error) {
	f, err := Open(path)
	if err == nil {
		return f, nil
	}
	if err := CheckFree(path); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(path)
	make := fill
	if err != nil { // there is nothing
		make = create
	}
	if err := make(path, spec); err != nil {
		return nil, fmt.Errorf("make run folder: %w", err)
	}
	if f, err = Open(path); err != nil {
		return nil, err
	}
	f.made = !slices.ContainsFunc(entries, isSearch)
	return f, nil
}

// CheckFree refuses a path, at which there is no run, that none can be made at, with a *NotRunError.
func CheckFree(path string) error {
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &NotRunError{path, err.Error()}
	case slices.ContainsFunc(entries, foreign):
		f, err := Open(path)
		if err == nil {
			err = errors.Join(&NotRunError{path, "it is one already"}, f.Close())
		}
		return err
	}
	return nil
}

// Discard removes the folder where OpenOrCreate made it for f: what could not begin
// leaves nothing behind. Else, or where another process has locked it, it does nothing.
func (f *Folder) Discard() error {
	if !f.made {
		return nil
	}
	err := os.RemoveAll(f.path)
	if err != nil && !errors.Is(err, unix.EBUSY) { // a mount point stays, emptied
		return fmt.Errorf("discard run folder: %w", err)
	}
	return nil
}

// foreign reports whether e is there for another reason than that fill was killed, or that a search came before the run.
func foreign(e os.DirEntry) bool { return !strings.HasPrefix(e.Name(), "."+specName) && !isSearch(e) }

func isSearch(e os.DirEntry) bool { return e.Name() == searchName && e.IsDir() }

// Search returns the path of the folder of the search that chooses settings for the run at path, which may not be there yet.
func Search(path string) string { return filepath.Join(path, searchName) }

// fill makes the empty folder at path, which may be a mount point, a run folder: it
// is one once its spec is there.
func fill(path string, spec []byte) error {
	return aside.WriteFile(filepath.Join(path, specName), seal(spec))
}

// asidePrefix begins the name of a run folder that is not whole yet.
const asidePrefix = ".tmp-run-"

// create makes the folder aside and renames it: a kill leaves all of it or nothing
// under its name.
func create(path string, spec []byte) (err error) {
	path = filepath.Clean(path)
	if err := aside.MkdirAll(filepath.Dir(path)); err != nil {
		return err
	}
	folder, err := aside.CreateFolder(filepath.Dir(path), asidePrefix)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Cleanup()) }()
	if err := os.Mkdir(filepath.Join(folder.Path(), checkpointsName), 0o755); err != nil {
		return err
	}
	if err := fill(folder.Path(), spec); err != nil {
		return err
	}
	return folder.Publish(path)
}

// Is reports whether path looks like a run folder: it has a spec and a folder of checkpoints.
func Is(path string) bool {
	for _, name := range []string{specName, checkpointsName} {
		if _, err := os.Stat(filepath.Join(path, name)); err != nil {
			return false
		}
	}
	return true
}

// Open opens the run folder at path for reading. The error is a *NotRunError.
func Open(path string) (*Folder, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &NotRunError{path, absent}
	case err != nil:
		return nil, &NotRunError{path, err.Error()}
	case !info.IsDir():
		return nil, &NotRunError{path, "it is a file"}
	}
	if _, err := os.Stat(filepath.Join(path, specName)); err != nil {
		return nil, &NotRunError{path, "it has no " + specName}
	}
	f := &Folder{path: filepath.Clean(path)}
	for _, name := range []string{checkpointsName, boardName, cacheName, foldsName, membersName} { // what a link leads to is not the run's
		if info, err := os.Lstat(filepath.Join(path, name)); err == nil && !info.IsDir() {
			kind := regular.Kind(info.Mode())
			if info.Mode().IsRegular() {
				kind = "a file"
			}
			return nil, &NotRunError{path, fmt.Sprintf("its %s is %s, want a folder", name, kind)}
		}
	}
	if info, err := os.Lstat(f.Features()); err == nil && !info.Mode().IsRegular() {
		return nil, &NotRunError{path, fmt.Sprintf("its features: %v", regular.Check(info.Mode()))}
	}
	return f, nil
}

// Close unlocks the folder.
func (f *Folder) Close() error {
	var errs []error
	if f.events != nil {
		errs = append(errs, f.events.Close())
	}
	if f.lock != nil {
		errs = append(errs, f.lock.close())
	}
	f.events, f.lock = nil, nil
	return errors.Join(errs...)
}

// Path returns the folder's path, SpecPath that of its spec, Checkpoints that of
// the folder of its checkpoints, EventsPath that of its events.
func (f *Folder) Path() string { return f.path }

// SpecPath returns the path of the stored spec.
func (f *Folder) SpecPath() string { return filepath.Join(f.path, specName) }

// Checkpoints returns the path of the folder of checkpoints.
func (f *Folder) Checkpoints() string { return filepath.Join(f.path, checkpointsName) }

// TensorBoard returns the path of the folder of TensorBoard's event files.
func (f *Folder) TensorBoard() string { return filepath.Join(f.path, boardName) }

// Features returns the path of the file of features that a training with a frozen part
// keeps until it is done. It may be removed at any time when nothing is trained.
func (f *Folder) Features() string { return filepath.Join(f.path, cacheName, "features") }

// Suspects returns the path of the list of labels that folds contradict, and SuspectsSheet that of pictures of
// the first of them.
func (f *Folder) Suspects() string { return filepath.Join(f.path, suspectsName) }

// SuspectsSheet is described at Suspects.
func (f *Folder) SuspectsSheet() string { return filepath.Join(f.path, suspectsSheet) }

// Fold returns the path of the run folder of the training that holds out fold k, from 1.
func (f *Folder) Fold(k int) string { return filepath.Join(f.path, foldsName, strconv.Itoa(k)) }

// Member returns the path of the run folder of the training of network k of an ensemble, from 1.
func (f *Folder) Member(k int) string { return filepath.Join(f.path, membersName, strconv.Itoa(k)) }

// RemoveFeatures removes that file.
func (f *Folder) RemoveFeatures() error {
	if err := os.RemoveAll(filepath.Dir(f.Features())); err != nil {
		return fmt.Errorf("remove features of run: %w", err)
	}
	return nil
}

// EventsPath returns the path of the events, one JSON object per line.
func (f *Folder) EventsPath() string { return filepath.Join(f.path, eventsName) }

// write replaces a file, whole or not at all.
func (f *Folder) write(name string, text []byte) error {
	if err := f.begin(); err != nil {
		return err
	}
	return aside.WriteFile(filepath.Join(f.path, name), text)
}

// Seen returns which images the training has seen, and as what. The error wraps
// fs.ErrNotExist in a run of a version that did not remember them.
func (f *Folder) Seen() (seen.List, error) {
	l, err := seen.Read(f.path, seenName)
	if err != nil {
		return nil, fmt.Errorf("read the seen images of run: %w", err)
	}
	return l, nil
}

// SetSeen stores which images the training sees.
func (f *Folder) SetSeen(l seen.List) error {
	err := f.begin()
	if err == nil {
		err = aside.Write(filepath.Join(f.path, seenName), l.Write)
	}
	if err != nil {
		return fmt.Errorf("store the seen images of run: %w", err)
	}
	return nil
}

// Aliases returns the path of the file that says which names the aliases in exported models
// stand for. There is none before such an export.
func (f *Folder) Aliases() string { return filepath.Join(f.path, aliasesName) }
