package export

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/models"
)

// asidePrefix begins the name of a model that is not whole yet. It is no number, so
// that a server that watches the folder does not see it.
const asidePrefix = ".tmp-"

// ExistsError says that a model would take the place of something.
type ExistsError struct{ Path, Reason string }

func (e *ExistsError) Error() string { return fmt.Sprintf("%q %s", e.Path, e.Reason) }

// place is where a model is written: aside first, then in a folder named after its
// version.
type place struct {
	out     string
	version int
	made    bool          // out was not there before
	aside   *aside.Folder // nil before make

	sealed map[string]models.File // what the last manifest said of files that nobody has written since
}

// CheckPlace refuses a version in out, 0 for the next one, that something is in the way of, as Run
// does. The error is an *ExistsError.
func CheckPlace(out string, version int) error {
	_, err := findPlace(out, version)
	return err
}

// findPlace returns the place of a version in out, or of the next one where version is
// 0. The error is an *ExistsError where something is in the way.
func findPlace(out string, version int) (*place, error) {
	p := &place{out: filepath.Clean(out), version: max(version, 1)}
	entries, err := os.ReadDir(out)
	if errors.Is(err, fs.ErrNotExist) {
		p.made = true
		return p, nil
	}
	if err != nil {
		return nil, &ExistsError{out, "is there and is no folder"}
	}
	highest := 0
	for _, e := range entries {
		number, err := strconv.Atoi(e.Name())
		if strings.HasPrefix(e.Name(), asidePrefix) {
			continue // what a kill left
		}
		if err != nil || number < 1 {
			return nil, &ExistsError{out, fmt.Sprintf("is there and holds %q, which is no version of a model", e.Name())}
		}
		if highest = max(highest, number); number == version {
			return nil, &ExistsError{filepath.Join(out, e.Name()), "is there already"}
		}
	}
	if version == 0 {
		if highest == math.MaxInt {
			return nil, &ExistsError{filepath.Join(out, strconv.Itoa(highest)), "is there, and no version is higher"}
		}
		p.version = highest + 1
	}
	return p, nil
}

// VersionOf returns the number that the folder of a version is called. The error says that it is
// called something else.
func VersionOf(folder string) (int, error) {
	version, err := strconv.Atoi(filepath.Base(folder))
	if err != nil || version < 1 {
		return 0, fmt.Errorf("%q is no numbered version of a model", folder)
	}
	return version, nil
}

// path returns where the model will be.
func (p *place) path() string { return filepath.Join(p.out, strconv.Itoa(p.version)) }

// make makes the folder aside, and takes away what killed exports left.
func (p *place) make() error {
	if err := aside.MkdirAll(p.out); err != nil {
		return err
	}
	folder, err := aside.CreateFolder(p.out, asidePrefix)
	if err != nil {
		return errors.Join(err, p.remove())
	}
	p.aside = folder
	return nil
}

// at returns where a file of the model is while it lies aside.
func (p *place) at(name string) string {
	return filepath.Join(p.aside.Path(), filepath.FromSlash(name))
}

// write writes a file of the model.
func (p *place) write(name string, data []byte) error {
	delete(p.sealed, name)
	path := p.at(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}

// seal lists all files in the manifest and writes it.
func (p *place) seal(m *models.Manifest) error {
	m.Files = map[string]models.File{}
	err := p.walk(func(path, name string) (err error) {
		known := false
		if m.Files[name], known = p.sealed[name]; !known {
			m.Files[name], err = models.Sum(path)
		}
		return err
	})
	if err != nil {
		return err
	}
	p.sealed = maps.Clone(m.Files)
	text, err := m.Seal()
	if err != nil {
		return err
	}
	return p.write(models.ManifestName, text)
}

// walk calls f with the path and the name of each file of the model but the manifest.
func (p *place) walk(f func(path, name string) error) error {
	return filepath.WalkDir(p.aside.Path(), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(p.aside.Path(), path)
		if err != nil || filepath.ToSlash(name) == models.ManifestName {
			return err
		}
		return f(path, filepath.ToSlash(name))
	})
}

// publish brings the model to the disk and puts it in its place by one rename, which is an error
// where a folder that has files is: a version is never replaced.
func (p *place) publish() error { return p.aside.Publish(p.path()) }

// remove takes away what make and write left. A model that has its name stays.
func (p *place) remove() error {
	var errs []error
	if p.aside != nil {
		errs = append(errs, p.aside.Cleanup())
	}
	if p.made {
		if err := os.Remove(p.out); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
