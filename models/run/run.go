// Package run is the folder of a training run:
//
//	RUN/{spec.yaml, seen, aliases.csv, lock, events.jsonl, tensorboard/events…, checkpoints/step-…, best, cache/features, folds/…}
//
// In folds/K is the run folder of the training that holds out fold K.
//
// It appears with its spec by one rename. One process at a time may train into it,
// which Lock ensures; reading needs no lock and no right to write.
package run

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/models/checkpoint"
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
	aliasesName     = "aliases.csv"
)

// The largest files that are read, in bytes.
const (
	maxText   = 1 << 20 // a spec, the best step
	maxEvents = 1 << 30 // the events of some million steps
)

// Folder is an open run folder. One goroutine at a time may use it.
type Folder struct {
	path   string
	made   bool     // by this Folder: nothing was there before
	lock   *os.File // nil until Lock
	events *os.File // nil until AppendEvent
}

// Best says which checkpoint is the best so far, and by what.
type Best struct {
	Step   int     `json:"step"`
	Metric string  `json:"metric"` // train.select
	Value  float64 `json:"value"`
}

// NotRunError says that a folder is not a run folder.
type NotRunError struct{ Path, Reason string }

func (e *NotRunError) Error() string {
	return fmt.Sprintf("%q is not a run folder: %s", e.Path, e.Reason)
}

// absent is the reason where a path leads nowhere.
const absent = "there is nothing of that name"

// Is reports whether e is fs.ErrNotExist, too: nothing is at the path.
func (e *NotRunError) Is(target error) bool { return target == fs.ErrNotExist && e.Reason == absent }

// LockedError says that another process trains into the folder.
type LockedError struct {
	Path string
	PID  string // of that process, "" if it did not say
}

func (e *LockedError) Error() string {
	by := "another process"
	if e.PID != "" {
		by = "process " + e.PID
	}
	return fmt.Sprintf("run %q is being trained by %s", e.Path, by)
}

// OpenOrCreate opens the run folder at path, or makes it with the given spec where
// nothing, or an empty folder, is there. The error is a *NotRunError where
// something else is.
func OpenOrCreate(path string, spec []byte) (*Folder, error) {
	f, err := Open(path)
	if err == nil {
		return f, nil
	}
	make := create
	entries, dirErr := os.ReadDir(path)
	switch {
	case dirErr == nil && slices.ContainsFunc(entries, foreign):
		return nil, err
	case dirErr == nil:
		make = fill
	case !errors.Is(dirErr, fs.ErrNotExist):
		return nil, &NotRunError{path, dirErr.Error()}
	}
	if err := make(path, spec); err != nil {
		return nil, fmt.Errorf("make run folder: %w", err)
	}
	if f, err = Open(path); err != nil {
		return nil, err
	}
	f.made = true
	return f, nil
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

// foreign reports whether e is there for another reason than that fill was killed.
func foreign(e os.DirEntry) bool { return !strings.HasPrefix(e.Name(), "."+specName) }

// fill makes the empty folder at path, which may be a mount point, a run folder: it
// is one once its spec is there.
func fill(path string, spec []byte) error {
	return renameio.WriteFile(filepath.Join(path, specName), spec, 0o644)
}

// create makes the folder aside and renames it: a kill leaves all of it or nothing
// under its name.
func create(path string, spec []byte) (err error) {
	parent := filepath.Dir(filepath.Clean(path))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	aside, err := os.MkdirTemp(parent, ".tmp-run-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(aside))
		}
	}()
	if err := os.Chmod(aside, 0o755); err != nil { // MkdirTemp makes it private
		return err
	}
	if err := os.Mkdir(filepath.Join(aside, checkpointsName), 0o755); err != nil {
		return err
	}
	if err := fill(aside, spec); err != nil {
		return err
	}
	return os.Rename(aside, path)
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
	return &Folder{path: filepath.Clean(path)}, nil
}

// Close unlocks the folder.
func (f *Folder) Close() error {
	var errs []error
	for _, file := range []*os.File{f.events, f.lock} {
		if file != nil {
			errs = append(errs, file.Close())
		}
	}
	f.events, f.lock = nil, nil
	return errors.Join(errs...)
}

// Lock makes this process the one that trains into the folder, until Close or its
// end, however it ends. The error is a *LockedError where another one does.
func (f *Folder) Lock() error {
	file, err := os.OpenFile(filepath.Join(f.path, lockName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("lock run: %w", err)
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		pid, _ := os.ReadFile(file.Name()) // only for the message
		file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			f.made = false // it is the other's by now
			return &LockedError{Path: f.path, PID: strings.TrimSpace(string(pid))}
		}
		return fmt.Errorf("lock run %q: %w", f.path, err)
	}
	f.lock = file
	if err := file.Truncate(0); err != nil {
		return fmt.Errorf("lock run: %w", err)
	}
	if _, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return fmt.Errorf("lock run: %w", err)
	}
	return f.mendEvents()
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

// Fold returns the path of the run folder of the training that holds out fold k, from 1.
func (f *Folder) Fold(k int) string { return filepath.Join(f.path, foldsName, strconv.Itoa(k)) }

// RemoveFeatures removes that file.
func (f *Folder) RemoveFeatures() error {
	if err := os.RemoveAll(filepath.Dir(f.Features())); err != nil {
		return fmt.Errorf("remove features of run: %w", err)
	}
	return nil
}

// EventsPath returns the path of the events, one JSON object per line.
func (f *Folder) EventsPath() string { return filepath.Join(f.path, eventsName) }

// Spec returns the stored spec.
func (f *Folder) Spec() ([]byte, error) {
	text, err := regular.ReadFile(f.SpecPath(), maxText)
	if err != nil {
		return nil, fmt.Errorf("read spec of run: %w", err)
	}
	return text, nil
}

// SetSpec replaces the stored spec, whole or not at all.
func (f *Folder) SetSpec(text []byte) error {
	if err := renameio.WriteFile(f.SpecPath(), text, 0o644); err != nil {
		return fmt.Errorf("store spec of run: %w", err)
	}
	return nil
}

// Seen returns which images the training has seen, and as what. The error wraps
// fs.ErrNotExist in a run of a version that did not remember them.
func (f *Folder) Seen() (seen.List, error) {
	l, err := seen.Read(filepath.Join(f.path, seenName))
	if err != nil {
		return nil, fmt.Errorf("read the seen images of run: %w", err)
	}
	return l, nil
}

// SetSeen stores which images the training sees.
func (f *Folder) SetSeen(l seen.List) error { return l.Write(filepath.Join(f.path, seenName)) }

// Aliases returns the path of the file that says which names the aliases in exported models
// stand for. There is none before such an export.
func (f *Folder) Aliases() string { return filepath.Join(f.path, aliasesName) }

// mendEvents cuts off a last line that a kill left without its end.
func (f *Folder) mendEvents() error {
	text, err := regular.ReadFile(f.EventsPath(), maxEvents)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read events of run: %w", err)
	}
	if end := bytes.LastIndexByte(text, '\n') + 1; end < len(text) {
		if err := os.Truncate(f.EventsPath(), int64(end)); err != nil {
			return fmt.Errorf("mend events of run: %w", err)
		}
	}
	return nil
}

// AppendEvent adds a line to the events. The folder must be locked.
func (f *Folder) AppendEvent(event json.RawMessage) error {
	if f.events == nil {
		file, err := os.OpenFile(f.EventsPath(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
		if err != nil {
			return fmt.Errorf("write event of run: %w", err)
		}
		f.events = file
	}
	if _, err := f.events.Write(append(bytes.Clone(event), '\n')); err != nil {
		return fmt.Errorf("write event of run: %w", err)
	}
	return nil
}

// SetBest remembers the best checkpoint, whole or not at all.
func (f *Folder) SetBest(step int, metric string, value float64) error {
	text, err := json.Marshal(Best{step, metric, value})
	if err != nil {
		return fmt.Errorf("store best of run: %w", err)
	}
	if err := renameio.WriteFile(filepath.Join(f.path, bestName), append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("store best of run: %w", err)
	}
	return nil
}

// Best returns the best checkpoint so far; the error wraps fs.ErrNotExist before
// the first evaluation.
func (f *Folder) Best() (Best, error) {
	text, err := regular.ReadFile(filepath.Join(f.path, bestName), maxText)
	if err != nil {
		return Best{}, fmt.Errorf("read best of run: %w", err)
	}
	var b Best
	if err := json.Unmarshal(text, &b); err != nil {
		return Best{}, fmt.Errorf("read best of run %q: %w", f.path, err)
	}
	return b, nil
}

// Resolve returns the step that which names: "best", "last", or a number. Before
// the first evaluation the best is the last. The error wraps checkpoint.ErrNone
// where the run has none, and lists the steps there are where it lacks that one.
func (f *Folder) Resolve(which string) (int, error) {
	steps, err := checkpoint.Steps(f.Checkpoints())
	if err != nil {
		return 0, err
	}
	if len(steps) == 0 {
		return 0, fmt.Errorf("run %q: %w", f.path, checkpoint.ErrNone)
	}
	last := steps[len(steps)-1]
	switch which {
	case "last":
		return last, nil
	case "best":
		best, err := f.Best()
		if errors.Is(err, fs.ErrNotExist) {
			return last, nil
		}
		return best.Step, err
	}
	step, err := strconv.Atoi(which)
	if err != nil || !slices.Contains(steps, step) {
		return 0, fmt.Errorf("run %q has no checkpoint %q (known: best, last, %s)", f.path, which,
			strings.Trim(strings.ReplaceAll(fmt.Sprint(steps), " ", ", "), "[]"))
	}
	return step, nil
}
