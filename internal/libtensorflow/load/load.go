package load

/*
#cgo LDFLAGS: -ltensorflow -ldl -lpthread
#include <stddef.h>
#include <stdlib.h>

int tfpair_load(const char *from, char *message, size_t size);
void tfpair_folder(char *out, size_t size);
int tfpair_default_folder(const char *device, char *out, size_t size);
const char *TF_Version(void);
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

// pathSize is the longest path the stub takes, PATH_SIZE of stub.c.
const pathSize = 4096

// Load loads the library for a device, "auto", "cpu" or "gpu", as libtensorflow.Find
// chooses it; "" is "auto". Once it is loaded, further calls do nothing and "gpu" fails
// unless that build was loaded. The error is a *libtensorflow.MissingError or an *Error.
// It may be called from many goroutines.
//
// Before it loads anything it looks at the processor, and verifies the checksums of the runtime
// as libtensorflow.VerifyOnce does.
func Load(device string) error {
	if device == "" {
		device = string(libtensorflow.Auto)
	}
	d, err := libtensorflow.ParseDevice(device)
	if err != nil {
		return err
	}
	if loaded := Folder(); loaded != "" {
		return errors.Join(checkVersion(loaded), checkDevice(loaded, d))
	}
	folder, err := libtensorflow.Find(os.Getenv, d)
	if err != nil {
		return err
	}
	if err := errors.Join(checkDevice(folder, d), checkProcessor(folder, processor())); err != nil {
		return err
	}
	if err := verify(folder, os.Getenv); err != nil {
		return err
	}
	from := C.CString(folder)
	defer C.free(unsafe.Pointer(from))
	var message [1024]C.char
	if C.tfpair_load(from, &message[0], C.size_t(len(message))) != 0 {
		return systemError(folder, C.GoString(&message[0]))
	}
	return checkVersion(folder)
}

// checkVersion says whether the loaded library is the release that everything is
// pinned to: another may compute other numbers, or lack what a graph needs.
func checkVersion(folder string) error {
	if v := Version(); v != libtensorflow.Version {
		return &Error{Folder: folder, Remedy: replace(folder),
			Reason: fmt.Sprintf("it is TensorFlow %s, and this program is made for %s", v, libtensorflow.Version)}
	}
	return nil
}

// checkDevice says whether a runtime folder serves a device. A folder without a
// manifest, such as one put together by hand, is taken at its word.
func checkDevice(folder string, d libtensorflow.Device) error {
	if d != libtensorflow.GPU {
		return nil
	}
	m, err := libtensorflow.ReadManifest(folder)
	if err == nil && m.Device != libtensorflow.GPU {
		return &Error{Folder: folder, Reason: "it is a CPU build, and the device asked for is gpu", Remedy: replaceGPU}
	}
	return nil
}

// Folder returns the runtime folder that the library was loaded from, "" before that.
func Folder() string {
	var out [pathSize]C.char
	C.tfpair_folder(&out[0], pathSize)
	return C.GoString(&out[0])
}

// Version returns the version of the library: "2.21.0". It loads it if need be.
func Version() string {
	return C.GoString(C.TF_Version())
}

// defaultFolder is the stub's own rule for where a runtime lies: libtensorflow.Folder
// in C. It is here for the test that compares the two.
func defaultFolder(device libtensorflow.Device) (folder string, ok bool) {
	name := C.CString(string(device))
	defer C.free(unsafe.Pointer(name))
	var out [pathSize]C.char
	if C.tfpair_default_folder(name, &out[0], pathSize) < 0 {
		return "", false
	}
	return C.GoString(&out[0]), true
}
