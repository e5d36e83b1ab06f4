package holder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/run"
)

// Bounds of a search below a folder.
const (
	maxDepth = 8       // folders below the one that is named
	maxFiles = 200_000 // files and folders that are looked at
)

// NothingError says that a path is no holder and holds none.
type NothingError struct{ Path, Reason string }

func (e *NothingError) Error() string { return fmt.Sprintf("%q: %s", e.Path, e.Reason) }

// Find returns the runs, exported models and indexes at paths, or below those that are other
// folders, in the order of their paths, each once. Below a folder it follows no links, does not
// look into hidden folders, eight folders deep at most, and at 200,000 files at most: notes say
// where it left something out. Errors: *NothingError, also where it found none at all, and that
// of ctx.
func Find(ctx context.Context, paths ...string) (found []Holder, notes []string, err error) {
	s := search{ctx: ctx, known: map[string]bool{}}
	for _, path := range paths {
		if err := s.at(path); err != nil {
			return nil, nil, err
		}
	}
	if len(s.found) == 0 {
		reason := append([]string{"no run, no exported model and no index is there or below"}, s.notes...)
		return nil, nil, &NothingError{strings.Join(paths, ", "), strings.Join(reason, "; ")}
	}
	slices.SortFunc(s.found, func(a, b Holder) int { return strings.Compare(a.Path, b.Path) })
	return s.found, s.notes, nil
}

// search is a search under way.
type search struct {
	ctx   context.Context
	known map[string]bool // holders that were found, by their real paths
	found []Holder
	notes []string
	files int
}

// at looks at a path that was named.
func (s *search) at(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &NothingError{path, "there is nothing of that name"}
	case err != nil:
		return &NothingError{path, err.Error()}
	case info.IsDir():
		return s.below(filepath.Clean(path))
	case !info.Mode().IsRegular() || !index.Begins(path):
		return &NothingError{path, "it is no run, no exported model and no index"}
	}
	s.add(filepath.Clean(path), ofIndex)
	return nil
}

// below looks at a folder and what is below it. The walk begins at a link's target.
func (s *search) below(root string) error {
	top, err := filepath.EvalSymlinks(root)
	if err != nil {
		return &NothingError{root, err.Error()}
	}
	return filepath.WalkDir(top, func(at string, d fs.DirEntry, err error) error {
		below, relErr := filepath.Rel(top, at)
		if relErr != nil {
			return relErr
		}
		path := filepath.Join(root, below)
		switch s.files++; {
		case s.ctx.Err() != nil:
			return s.ctx.Err()
		case err != nil:
			s.note("%v", err)
			return nil
		case s.files > maxFiles:
			s.note("the search below %q ended after %d files; name the folders of runs, models and indexes", root, maxFiles)
			return filepath.SkipAll
		}
		return s.entry(path, below, d)
	})
}

// entry looks at one file or folder of a walk.
func (s *search) entry(path, below string, d fs.DirEntry) error {
	switch {
	case !d.IsDir():
		if d.Type().IsRegular() && index.Begins(path) {
			s.add(path, ofIndex)
		}
		return nil
	case run.Is(path):
		s.add(path, ofRun)
		return fs.SkipDir
	case isModel(path):
		s.add(path, ofModel)
		return fs.SkipDir
	case index.Begins(path):
		s.add(path, ofIndex)
		return fs.SkipDir
	case below != "." && strings.HasPrefix(d.Name(), "."):
		return fs.SkipDir
	case strings.Count(below, string(filepath.Separator)) >= maxDepth:
		s.note("%q is too deep below the folder that is searched; name it to look into it", path)
		return fs.SkipDir
	}
	return nil
}

// add opens the holder at path, unless it was found before.
func (s *search) add(path string, open func(string) Holder) {
	id, err := filepath.EvalSymlinks(path)
	if err == nil {
		id, err = filepath.Abs(id)
	}
	if err == nil && s.known[id] {
		return
	}
	s.known[id] = true
	s.found = append(s.found, open(path))
}

func (s *search) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// isModel reports whether a folder has the manifest of an exported model.
func isModel(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, filepath.FromSlash(models.ManifestName)))
	return err == nil
}
