package serve

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/postgres"
)

// Source is a model by name, and how it is opened.
type Source struct {
	Name string // that requests use; see ModelName
	// Open opens the newest version. The Service closes the Model.
	Open func() (Opened, error)
	// Newest names the version that Open would open now: it is asked often. Another name is another version.
	// Metrics show the last element of the path in its first line. Where Newest is nil, the model is never
	// opened again.
	Newest func() (string, error)
	// Writers may change the index, where it is Changing; nil: nobody may. They need no other token.
	Writers *Tokens
}

// Opened is a model that was opened, and what it is searched in.
type Opened struct {
	Model Model
	Index Index // nil: it cannot be searched. The Service closes an io.Closer
}

// close closes the model, and what it is searched in.
func (o Opened) close() error {
	err := o.Model.Close()
	if x, ok := o.Index.(io.Closer); ok {
		err = errors.Join(x.Close(), err)
	}
	return err
}

// Folder is the exported model in a folder, or the highest of its numbered versions. Searches are in its
// gallery, or, where index is not "", in the index of that path or URL: see postgres.Open. Before a version answers, its probes are compared
// with what it gives for them.
func Folder(name, folder, index string, options ...models.Option) Source {
	return Source{
		Name: name,
		Open: func() (Opened, error) {
			model, err := models.Load(folder, options...)
			if err != nil {
				return Opened{}, err
			}
			opened, err := withIndex(model, index)
			if err != nil {
				_ = model.Close() // err says more
			}
			return opened, err
		},
		Newest: func() (string, error) { return newest(folder, index) },
	}
}

// withIndex returns the model with the index of that path or URL, or else with its gallery, if it has one.
func withIndex(model *models.Model, index string) (Opened, error) {
	if postgres.Is(index) {
		x, err := openDatabase(model, index)
		return Opened{model, x}, err
	}
	if index != "" {
		x, err := model.OpenIndex(index)
		if err != nil {
			return Opened{}, err
		}
		return Opened{model, x}, nil
	}
	if x, err := model.Gallery(); err == nil {
		return Opened{model, x}, nil
	}
	return Opened{Model: model}, nil
}

// newest names the version of a model, and of its index, by what changes when they are replaced.
func newest(folder, index string) (string, error) {
	path, err := models.Locate(folder)
	if err != nil {
		return "", err
	}
	name := path + "\n" + stateOf(path)
	if index == "" || postgres.Is(index) { // which is seen to change while it is open
		return name, nil
	}
	info, err := os.Stat(index)
	if err != nil {
		return "", err
	}
	if !info.IsDir() { // else it is seen to change while it is open
		name += fmt.Sprintf("\n%d %d", info.Size(), info.ModTime().UnixNano())
	}
	return name, nil
}

// stateOf returns what changes while a folder is copied or removed, file by file, and when a file in it is replaced.
func stateOf(folder string) string {
	var files, bytes, times int64
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		files, bytes, times = files+1, bytes+info.Size(), times+info.ModTime().UnixNano() // a sum that overflows changes, too
		return nil
	})
	return fmt.Sprintf("%d %d %d %v", files, bytes, times, err) // Open says what an error means for it
}
