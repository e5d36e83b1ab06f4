package serve

import (
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
)

// firstChunk is what is held for a body before its first byte: little, so that many slow clients hold little.
const firstChunk = 16 << 10

// trusted is how many times what has come a client is given room for that has said how much comes: more than
// twice, so that less is copied and held twice.
const trusted = 8

// read returns all of r, and holds what that takes as it comes. length is what r has, as far as is
// known, else −1.
func (c *call) read(r io.Reader, length int64) ([]byte, error) {
	size := int64(firstChunk)
	if length >= 0 {
		size = min(size, length+1) // one more, so that the end is seen
	}
	if err := c.hold.take(size); err != nil {
		return nil, err
	}
	data := make([]byte, 0, size)
	for {
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
		if len(data) < cap(data) {
			continue
		}
		more, last := min(2*int64(cap(data)), c.service.limits.Body+1), false
		if length >= int64(len(data)) && length < trusted*int64(len(data)) {
			more, last = length+1, true
		}
		if err := c.hold.take(more); err != nil {
			return nil, err
		}
		larger := append(c.service.room(more, last), data...)
		c.hold.give(int64(cap(data)))
		data = larger
	}
}

// room returns memory for so many bytes, none in use. Where used says so, it may be that of a body before, of up to twice the size.
func (s *Service) room(size int64, used bool) []byte {
	if used {
		if data, ok := s.rooms.Get().(*[]byte); ok && int64(cap(*data)) >= size && int64(cap(*data)) <= 2*size {
			return (*data)[:0:size]
		}
	}
	return make([]byte, 0, size)
}

// giveBack keeps the memory of a body for another one. Nobody refers to it any more. Large bodies that come all the time would
// have garbage collected as often as a few of them fill the heap, and requests take longer meanwhile.
func (s *Service) giveBack(body []byte) {
	if cap(body) > firstChunk {
		s.rooms.Put(&body)
	}
}

// body returns the whole body.
func (c *call) body() ([]byte, error) {
	data, err := c.read(c.request.Body, c.request.ContentLength)
	if err != nil {
		return nil, c.ofBody("the body cannot be read", err)
	}
	return data, c.arrived()
}

// ofBody returns what a client is told whose body did not arrive, or is not what it says it is: an error in reading it is
// never one of the service.
func (c *call) ofBody(says string, err error) error {
	var own *failure
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &own), errors.As(err, &large):
		return err
	case isGone(err), c.ctx.Err() != nil:
		return errGone()
	case errors.Is(err, os.ErrDeadlineExceeded): // of the server's timeouts
		return failed(http.StatusRequestTimeout, "slow", "the request did not arrive in time")
	}
	return malformed("%s: %v", says, err)
}

// isGone reports whether reading a body ended because its client went.
func isGone(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, net.ErrClosed)
}

// contentType returns the type of the body without its parameters, and these.
func contentType(r *http.Request) (string, map[string]string) {
	kind, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return "", nil
	}
	return kind, parameters
}

// part is a file of a form.
type part struct {
	name string
	data []byte
}

// form returns the parts of a multipart body, most at most.
func (c *call) form(boundary string, most int) ([]part, error) {
	if boundary == "" {
		return nil, malformed("Content-Type multipart/form-data has no boundary")
	}
	var parts []part
	for reader := multipart.NewReader(c.request.Body, boundary); ; {
		p, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return parts, c.arrived()
		}
		var data []byte
		if err == nil {
			data, err = c.read(p, -1)
		}
		if err != nil {
			return nil, c.ofBody("the body is no multipart/form-data", err)
		}
		if len(parts) == most {
			return nil, failed(http.StatusRequestEntityTooLarge, "too_many", "the form has more than %d parts", most)
		}
		parts = append(parts, part{p.FormName(), data})
	}
}

// fileOf returns the picture in a string of JSON: base64, or a data URI with base64.
func fileOf(text string) ([]byte, error) {
	if rest, ok := strings.CutPrefix(text, "data:"); ok {
		head, data, found := strings.Cut(rest, ",")
		if !found || !strings.HasSuffix(head, ";base64") {
			return nil, malformed("a data URI has no ;base64, in it")
		}
		text = data
	} else if strings.Contains(text[:min(len(text), 16)], "://") {
		return nil, malformed("a picture is given by URL, which is not fetched: send its bytes in base64, or as a data URI")
	}
	file, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, malformed("a picture is no base64: %v; send the bytes of a JPEG or PNG file in base64, or as a data URI. Text is not embedded", err)
	}
	return file, nil
}

// filesOf is fileOf for several.
func filesOf(texts ...string) ([][]byte, error) {
	var files [][]byte
	for _, text := range texts {
		file, err := fileOf(text)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}
