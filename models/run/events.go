package run

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/internal/regular"
)

// AppendEvent adds a line to the events. The folder must be locked.
func (f *Folder) AppendEvent(event json.RawMessage) error {
	if f.events == nil {
		if err := f.begin(); err != nil {
			return err
		}
		file, err := f.openEvents(os.O_WRONLY | os.O_CREATE | os.O_APPEND)
		if err != nil {
			return fmt.Errorf("write event of run: %w", err)
		}
		f.events, f.eventsNamed = file, false
	}
	if _, err := f.events.Write(append(bytes.Clone(event), '\n')); err != nil {
		return fmt.Errorf("write event of run: %w", err)
	}
	return nil
}

// SyncEvents brings the events that were appended to the disk: a loss of power leaves them there.
func (f *Folder) SyncEvents() error {
	if f.events == nil {
		return nil
	}
	err := f.events.Sync()
	if err == nil && !f.eventsNamed { // the file may be new
		err = aside.Sync(f.path)
		f.eventsNamed = err == nil
	}
	if err != nil {
		return fmt.Errorf("bring the events of run to the disk: %w", err)
	}
	return nil
}

// openEvents opens the file of events, and follows no link.
func (f *Folder) openEvents(flag int) (*os.File, error) {
	if info, err := os.Lstat(f.EventsPath()); err == nil {
		if err := regular.Check(info.Mode()); err != nil {
			return nil, fmt.Errorf("%q: %w", f.EventsPath(), err)
		}
	}
	return os.OpenFile(f.EventsPath(), flag|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0o644)
}

// mendEvents cuts off a last line that a kill left without its end.
func (f *Folder) mendEvents() error {
	file, err := f.openEvents(os.O_RDWR)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("mend events of run: %w", err)
	}
	defer file.Close() // Truncate says what is wrong
	end, size, err := lastLine(file)
	if err == nil && end < size {
		err = file.Truncate(end)
	}
	if err != nil {
		return fmt.Errorf("mend events of run: %w", err)
	}
	return nil
}

// lastLine returns where the last whole line of a file ends, and where the file does. It reads
// from the end: events can be many.
func lastLine(file *os.File) (end, size int64, err error) {
	info, err := file.Stat()
	if err != nil {
		return 0, 0, err
	}
	size = info.Size()
	chunk := make([]byte, 64<<10)
	for at := size; at > 0; {
		from := max(at-int64(len(chunk)), 0)
		part := chunk[:at-from]
		if _, err := file.ReadAt(part, from); err != nil {
			return 0, 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return from + int64(i) + 1, size, nil
		}
		if at = from; size-at > maxLine {
			return 0, 0, fmt.Errorf("%q: its last line is longer than %d bytes", file.Name(), maxLine)
		}
	}
	return 0, size, nil
}
