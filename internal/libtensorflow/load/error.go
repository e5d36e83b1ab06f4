package load

import (
	"fmt"
	"strings"
	"syscall"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

// Error says that a library is there but is not loaded, and what to do.
type Error struct {
	Folder string // the runtime folder
	Reason string // what the system's loader said, or what is wrong with the runtime or the machine
	Remedy string // what to do, most often a command
}

func (e *Error) Error() string {
	return fmt.Sprintf("libtensorflow is not loaded: runtime %q: %s; %s", e.Folder, e.Reason, e.Remedy)
}

// What mends a runtime that is not loaded.
const (
	replaceCPU = "replace it with: " + libtensorflow.InstallCommand
	replaceGPU = replaceCPU + " --gpu"
	asItIs     = "to load it as it is, set " + VerifyVariable + "=off"
	moreOpen   = "the limit of open files is too low: raise it with ulimit -n"
	moreRoom   = "memory is too small for it: raise the limit, ulimit -v or that of the container"
)

// replace is what mends the runtime in a folder: the command that installs the same build.
func replace(folder string) string {
	if m, err := libtensorflow.ReadManifest(folder); err == nil && m.Device == libtensorflow.GPU {
		return replaceGPU
	}
	return replaceCPU
}

// limits are what the system says where a limit of the process is to blame and not the runtime.
// glibc does not say why a library cannot be mapped, except where memory is not the reason.
var limits = []struct {
	suffix string
	remedy string
}{
	{syscall.EMFILE.Error(), moreOpen},
	{syscall.ENFILE.Error(), moreOpen},
	{syscall.ENOMEM.Error(), moreRoom},
	{"failed to map segment from shared object", moreRoom},
}

// systemError returns what the system said of a runtime as an *Error. It blames the runtime only
// where no limit is to blame.
func systemError(folder, reason string) *Error {
	e := &Error{Folder: folder, Reason: reason, Remedy: replace(folder)}
	for _, l := range limits {
		if strings.HasSuffix(strings.ToLower(reason), l.suffix) {
			e.Remedy = l.remedy
		}
	}
	return e
}
