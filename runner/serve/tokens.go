package serve

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/tfpair/tfpair/internal/regular"
)

// Tokens are what a client may show to be answered: Authorization: Bearer TOKEN. They stand in a file,
// one a line; empty lines and lines that begin with # are left out. The file is read again when it
// changes. One that cannot be read, or has no token, changes nothing.
type Tokens struct {
	path string
	log  *slog.Logger

	mu     sync.Mutex // protects what follows
	sums   [][sha256.Size]byte
	file   os.FileInfo // as it was read
	looked time.Time
	said   string // what is wrong with the file, as it was logged last; "": nothing
}

// Bounds of a file of tokens.
const (
	maxTokens  = 1 << 20 // bytes
	leastToken = 16      // bytes: shorter ones can be guessed
	lookEvery  = time.Second
)

// FileError says why a file of tokens, or of a certificate, cannot be used.
type FileError struct {
	Path string // with the number of the line, where one is wrong
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("%s: %v", e.Path, e.Err) }

// Unwrap returns the reason.
func (e *FileError) Unwrap() error { return e.Err }

// ReadTokens returns the tokens in the file at path. log, if it is not nil, is told of a change that
// cannot be used. The error is a *FileError.
func ReadTokens(path string, log *slog.Logger) (*Tokens, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	t := &Tokens{path: path, log: log}
	return t, t.read()
}

// read reads the file. t.mu is held, or nobody else has t.
func (t *Tokens) read() error {
	info, err := os.Stat(t.path) // first: one that is replaced meanwhile is read again
	if err != nil {
		return &FileError{t.path, regular.Reason(err)}
	}
	data, err := regular.ReadFile(t.path, maxTokens)
	if err != nil {
		return &FileError{t.path, regular.Reason(err)}
	}
	var sums [][sha256.Size]byte
	number := 0
	for line := range bytes.Lines(data) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if len(line) < leastToken {
			return &FileError{fmt.Sprintf("%s:%d", t.path, number), fmt.Errorf("a token of %d bytes, want %d or more", len(line), leastToken)}
		}
		sums = append(sums, sha256.Sum256(line))
	}
	if len(sums) == 0 {
		return &FileError{t.path, errors.New("it has no token")}
	}
	t.sums, t.file = sums, info
	return nil
}

// check refuses a request without a token that is known. All requests pass where t is nil.
func (t *Tokens) check(r *http.Request) error {
	if t == nil {
		return nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || !t.knows(strings.TrimSpace(token)) {
		return failed(http.StatusUnauthorized, "token", "the request needs a header Authorization: Bearer TOKEN with a token that is known")
	}
	return nil
}

// knows compares a token with all that are known, in the same time whichever it is.
func (t *Tokens) knows(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.look()
	sum, found := sha256.Sum256([]byte(token)), 0
	for i := range t.sums {
		found |= subtle.ConstantTimeCompare(sum[:], t.sums[i][:])
	}
	return found == 1
}

// look reads the file again where it has changed.
func (t *Tokens) look() {
	now := time.Now()
	if now.Sub(t.looked) < lookEvery {
		return
	}
	t.looked = now
	info, err := os.Stat(t.path)
	if err == nil && os.SameFile(info, t.file) && info.ModTime().Equal(t.file.ModTime()) && info.Size() == t.file.Size() {
		t.said = ""
		return
	}
	if err := t.read(); err != nil {
		if t.said != err.Error() { // it is looked at every second
			t.said = err.Error()
			t.log.Error("the tokens of before are kept", "error", err)
		}
		return
	}
	t.said = ""
	t.log.Info("tokens read again", "tokens", len(t.sums))
}
