package serve

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/tfpair/tfpair/internal/regular"
)

// certificate is a pair of files that is read again when they change. A pair that cannot be used
// changes nothing.
type certificate struct {
	file, key string
	log       *slog.Logger

	mu     sync.Mutex // protects what follows
	pair   *tls.Certificate
	state  string // of the files, as they were read
	looked time.Time
	said   string // what is wrong with the files, as it was logged last; "": nothing
}

// read reads the files. c.mu is held, or nobody else has c.
func (c *certificate) read() error {
	state, err := c.stateOfFiles()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.file, c.key)
	if err != nil {
		return &FileError{c.file + ", " + c.key, err}
	}
	c.pair, c.state = &pair, state
	return nil
}

// stateOfFiles returns what changes when the files do, and refuses what are no files.
func (c *certificate) stateOfFiles() (state string, err error) {
	for _, path := range []string{c.file, c.key} {
		info, err := os.Stat(path)
		if err != nil {
			return "", &FileError{path, regular.Reason(err)}
		}
		if !info.Mode().IsRegular() {
			return "", &FileError{path, errors.New("it is no file, but " + kind(info.Mode()))}
		}
		state += fmt.Sprintf("%d %d ", info.Size(), info.ModTime().UnixNano())
	}
	return state, nil
}

// kind names what is no regular file.
func kind(mode os.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&os.ModeNamedPipe != 0:
		return "a pipe"
	}
	return "a device or a socket"
}

// again reads the files again, and logs once what is wrong with them. c.mu is held.
func (c *certificate) again() {
	err := c.read()
	switch {
	case err == nil:
		c.said = ""
		c.log.Info("certificate read again")
	case c.said != err.Error(): // they are looked at every second
		c.said = err.Error()
		c.log.Error("the certificate of before is kept", "error", err)
	}
}

// get is the GetCertificate of a server.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) > lookEvery {
		c.looked = now
		if state, err := c.stateOfFiles(); err != nil || state != c.state {
			c.again()
		}
	}
	return c.pair, nil
}
