package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// statusGone is nginx's status of a request whose client has gone. It is logged and counted; nobody gets it.
const statusGone = 499

// failure is an answer that says what is wrong.
type failure struct {
	status  int
	code    string // a word for programs
	message string
	reason  string // of tfpair_rejected_total; "": the service was not too busy
	err     error  // for the log; nil: message says it all
}

func (f *failure) Error() string { return f.message }

func failed(status int, code, format string, args ...any) *failure {
	return &failure{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// errBusy says that there is more to do than can be done.
func errBusy(reason, format string, args ...any) *failure {
	f := failed(http.StatusTooManyRequests, "busy", format+"; try again later", args...)
	f.reason = reason
	return f
}

// malformed says that a request is not what its route wants.
func malformed(format string, args ...any) *failure {
	return failed(http.StatusBadRequest, "malformed", format, args...)
}

// unready says that a request cannot be answered now.
func unready(format string, args ...any) *failure {
	return failed(http.StatusServiceUnavailable, "unavailable", format, args...)
}

// errGone says that nobody waits for the answer.
func errGone() *failure { return failed(statusGone, "gone", "the client has gone") }

// failureOf returns what the client is told of err.
func failureOf(err error) *failure {
	var own *failure
	var large *http.MaxBytesError
	var limit *decode.LimitError
	var format *decode.FormatError
	var picture *pictureError
	var entry *postgres.EntryError
	var elsewhere *postgres.Error
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &entry):
		return failed(http.StatusUnprocessableEntity, "unfit", "%v", entry)
	case errors.As(err, &elsewhere): // whatever became of its connection
		f := unready("the database of the index does not answer")
		f.err = err
		return f
	case errors.As(err, &large):
		return failed(http.StatusRequestEntityTooLarge, "too_large", "the request has more than %d bytes", large.Limit)
	case errors.Is(err, context.DeadlineExceeded):
		return failed(http.StatusGatewayTimeout, "deadline", "the answer took too long")
	case errors.Is(err, context.Canceled):
		return errGone()
	case errors.As(err, &limit):
		return failed(http.StatusRequestEntityTooLarge, "too_large", "%v", err)
	case errors.As(err, &format):
		return failed(http.StatusUnsupportedMediaType, "no_picture", "%v", err)
	case errors.As(err, &picture):
		return failed(http.StatusUnprocessableEntity, "undecodable", "%v", err)
	case errors.Is(err, models.ErrStarting):
		f := unready("the model is being started again after a crash")
		if err.Error() != models.ErrStarting.Error() { // why it could not be started
			f.err = err
		}
		return f
	case errors.Is(err, models.ErrCrashed):
		f := failed(http.StatusInternalServerError, "crashed", "the model crashed while it worked on this request, and is started again")
		f.err = err
		return f
	case errors.Is(err, models.ErrTimeout), errors.Is(err, models.ErrClosed):
		f := unready("the model does not answer any more")
		f.err = err
		return f
	}
	f := failed(http.StatusInternalServerError, "internal", "an error inside the service; its log says more under the request id")
	f.err = err
	return f
}

// sentBy tells who uses curl how it sends a file, where that may be why there is no picture: -d takes its line ends out,
// and a form without @ has the name of the file.
func (f *failure) sentBy(r *http.Request) {
	if f.code != "undecodable" && f.code != "no_picture" || !strings.HasPrefix(r.UserAgent(), "curl/") {
		return
	}
	switch kind, _ := contentType(r); kind {
	case "application/x-www-form-urlencoded": // what curl says of -d, --data and --data-binary
		f.message += "; curl sends a file as it is with --data-binary @FILE, and not with -d"
	case "multipart/form-data":
		f.message += "; curl sends a file in a form with -F NAME=@FILE"
	}
}

// pictureError says which picture of a request cannot be used, and why.
type pictureError struct {
	at, of int
	err    error
}

func (e *pictureError) Error() string {
	if e.of == 1 {
		return fmt.Sprintf("the picture: %v", e.err)
	}
	return fmt.Sprintf("picture %d of %d: %v", e.at+1, e.of, e.err)
}

// Unwrap returns the reason.
func (e *pictureError) Unwrap() error { return e.err }
