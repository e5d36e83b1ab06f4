// Package tensorboard writes event files that TensorBoard reads:
//
//	step, name → value → Event → TFRecord → FOLDER/events.out.tfevents.…
//
// Each Writer makes a file of its own, so that a training that was killed goes on in a
// new one; TensorBoard reads the files of a folder as one run. What an earlier file has
// of the steps that are made again is taken back by a mark at the start of the next one.
// The package is pure Go and reads nothing but the names of files.
package tensorboard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Writer writes one event file. One goroutine at a time may use it.
type Writer struct {
	file *os.File
}

// Create makes a file in folder, and the folder where it is missing, for scalars of the
// steps from first on. Scalars of these steps in earlier files are void from then on.
// Files are read in the order of their names: it stands after all that are there.
func Create(folder string, now time.Time, first int) (*Writer, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("make event file: %w", err)
	}
	file, err := create(folder, now)
	if err != nil {
		return nil, fmt.Errorf("make event file: %w", err)
	}
	w := &Writer{file: file}
	for _, e := range []event{{time: now, version: fileVersion}, {time: now, step: first, start: true}} {
		if err := w.write(e); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	return w, nil
}

// nameFormat has the second and a number that tells files of one second apart.
const nameFormat = "events.out.tfevents.%010d.%04d.tfpair"

// create makes a new file whose name comes after those that are there.
func create(folder string, now time.Time) (*os.File, error) {
	second, number := now.Unix(), 0
	names, err := fs.Glob(os.DirFS(folder), "events.out.tfevents.*") // whatever the folder's name holds
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		var s int64
		var n int
		if _, err := fmt.Sscanf(name, nameFormat, &s, &n); err == nil && s >= second {
			if s > second { // the clock was set back
				number = 0
			}
			second, number = s, max(number, n+1)
		}
	}
	for {
		path := filepath.Join(folder, fmt.Sprintf(nameFormat, second, number))
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
		number++
	}
}

// Scalars adds values by name to a step. A name's part before the first slash is the
// group that TensorBoard shows it in.
func (w *Writer) Scalars(now time.Time, step int, values map[string]float64) error {
	return w.write(event{time: now, step: step, scalars: values})
}

// Image is a picture.
type Image struct {
	Name          string // the part before the first slash is the group that TensorBoard shows it in
	Width, Height int    // pixels
	Encoded       []byte // PNG or JPEG
}

// Images adds pictures to a step.
func (w *Writer) Images(now time.Time, step int, images []Image) error {
	return w.write(event{time: now, step: step, images: images})
}

// write adds one event, whole, so that a kill can cut off the last one alone.
func (w *Writer) write(e event) error {
	data, err := e.encode()
	if err == nil {
		_, err = w.file.Write(record(data))
	}
	if err != nil {
		return fmt.Errorf("write event file: %w", err)
	}
	return nil
}

// Close ends the file.
func (w *Writer) Close() error { return w.file.Close() }
