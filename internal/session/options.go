// Package session runs graphs: the only package that opens a TensorFlow session.
//
//	names of feeds, fetches, targets + Go slices → Call.Run → Go slices
//
// It knows nothing of what a graph means. Tensors of feeds are reused from run
// to run, and tensors of results are copied into Go memory and dropped.
//
// The build tag tensorflow, which cli/tfpair-env puts into GOFLAGS, links TensorFlow. Without
// it Load returns ErrNotBuilt, and what else a session can do is missing: a module that
// imports models compiles, and go vet and gopls work in it, where nothing is set up.
package session

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
)

// Device says where a graph runs.
type Device string

// Devices a user may ask for.
const (
	Auto Device = "auto" // a GPU where the runtime lists one, else the CPU
	CPU  Device = "cpu"
	GPU  Device = "gpu" // ErrNoGPU where none is listed
)

// ErrNoGPU says that Device GPU was asked for and the runtime lists none.
var ErrNoGPU = errors.New("the TensorFlow runtime lists no GPU")

// ErrNotBuilt says that the program was built without the build tag tensorflow.
var ErrNotBuilt = errors.New("this program was built without TensorFlow: the build tag tensorflow was not set; " +
	`set it with eval "$(go run github.com/tfpair/tfpair/cli/tfpair-env)" and build again`)

// ErrTimeout says that a run took longer than Options.Timeout. The C runtime cannot stop a run
// that has begun. It goes on in the background and keeps its memory until it ends by itself, so
// the session refuses all later runs.
var ErrTimeout = errors.New("a run of the network took longer than its timeout; the TensorFlow runtime cannot stop it, " +
	"so nothing more is run")

// LoadError says that the runtime refused a SavedModel.
type LoadError struct {
	Folder string
	Err    error // the runtime's
}

func (e *LoadError) Error() string { return fmt.Sprintf("load model %q: %v", e.Folder, e.Err) }

// Unwrap returns what the runtime said.
func (e *LoadError) Unwrap() error { return e.Err }

// Options configure a session. The zero value is right for most.
type Options struct {
	Device  Device        // "" is Auto
	Threads int           // threads that one operation may use; 0 is GOMAXPROCS, which follows a container's quota
	Rewrite bool          // the runtime may optimize the graph before its first run: good where it only answers
	Timeout time.Duration // that a run may take; 0 is no limit. See ErrTimeout
	Remote  *Remote       // the server that runs the graph; nil: the session does

	// Apart has an operation run on one thread, and as many runs at a time as there are threads. Rows share out images among
	// them: no thread waits for another at the end of each operation. A single image is on one thread then.
	Apart bool

	Background bool // the session's threads give way to all others of the process and its control group; on Linux only
}

// Int8 reports whether the runtime has operations that compute convolutions with integers: those of oneDNN on
// x86, unless the environment switches them off.
func Int8() bool { return runtime.GOARCH == "amd64" && os.Getenv("TF_ENABLE_ONEDNN_OPTS") != "0" }
