//go:build hdf5 && cgo

package hdf5

/*
#cgo LDFLAGS: -lhdf5
#cgo linux,amd64 CFLAGS: -I/usr/lib/x86_64-linux-gnu/hdf5/serial/include
#cgo linux,amd64 LDFLAGS: -L/usr/lib/x86_64-linux-gnu/hdf5/serial
#cgo linux,arm64 CFLAGS: -I/usr/lib/aarch64-linux-gnu/hdf5/serial/include
#cgo linux,arm64 LDFLAGS: -L/usr/lib/aarch64-linux-gnu/hdf5/serial
#include <hdf5.h>
#include <string.h>

// innermost keeps the first entry of an error stack walked upward, which is the cause.
static herr_t innermost(unsigned n, const H5E_error2_t *entry, void *text) {
	if (n == 0 && entry->desc)
		strncpy(text, entry->desc, 255);
	return 0;
}

static haddr_t address(hid_t object) {
#if H5_VERSION_GE(1, 12, 0)
	H5O_info1_t info;
#else
	H5O_info_t info;
#endif
	return H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0 ? HADDR_UNDEF : info.addr;
}

static void reason(char *text) { H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, text); }
*/
import "C"

import (
	"errors"
	"fmt"
	"math"
	"unsafe"

	"gonum.org/v1/hdf5"
)

// What the binding lacks, or does unsafely: it reads numbers as the file has them.

// maxChunk limits the bytes of a chunk, which the library unpacks at once.
const maxChunk = 256 << 20

// libraryReason returns an error with what the library says of the call that just failed.
func libraryReason() error {
	var text [256]C.char
	C.reason(&text[0])
	if s := C.GoString(&text[0]); s != "" {
		return errors.New(s)
	}
	return errors.New("the HDF5 library does not say why")
}

// checkStorage makes sure that the numbers of a dataset of this shape are in the file, all of
// them. The library would take those of other files, and zeros for what was never written.
func checkStorage(d *hdf5.Dataset, shape []int64) error {
	id := C.hid_t(d.ID())
	made := C.H5Dget_create_plist(id)
	if made < 0 {
		return libraryReason()
	}
	defer C.H5Pclose(made)
	switch layout := C.H5Pget_layout(made); layout {
	case C.H5D_COMPACT:
		return nil
	case C.H5D_CONTIGUOUS:
		var status C.H5D_space_status_t
		if C.H5Pget_external_count(made) != 0 {
			return errors.New("its numbers are in another file")
		}
		if C.H5Dget_space_status(id, &status) < 0 {
			return libraryReason()
		}
		if status != C.H5D_SPACE_STATUS_ALLOCATED {
			return errors.New("its numbers were never written")
		}
		return nil
	case C.H5D_CHUNKED:
		return checkChunks(d, made, shape)
	default:
		return fmt.Errorf("its storage is of kind %d: contiguous, compact and chunked are read", layout)
	}
}

// checkChunks makes sure that all chunks are there, and small enough to be unpacked.
func checkChunks(d *hdf5.Dataset, made C.hid_t, shape []int64) error {
	var sides [C.H5S_MAX_RANK]C.hsize_t
	rank := C.H5Pget_chunk(made, C.H5S_MAX_RANK, &sides[0])
	if int(rank) != len(shape) {
		return fmt.Errorf("its chunks have %d dimensions of %d", rank, len(shape))
	}
	t, err := d.Datatype()
	if err != nil {
		return err
	}
	defer t.Close()
	bytes, want := uint64(t.Size()), int64(1)
	for i, side := range sides[:rank] {
		if bytes *= uint64(side); side > maxChunk || bytes > maxChunk {
			return fmt.Errorf("its chunks have more than %d bytes", maxChunk)
		}
		want *= (shape[i] + int64(side) - 1) / int64(side)
	}
	space := C.H5Dget_space(C.hid_t(d.ID()))
	if space < 0 {
		return libraryReason()
	}
	defer C.H5Sclose(space)
	var have C.hsize_t
	if C.H5Dget_num_chunks(C.hid_t(d.ID()), space, &have) < 0 {
		return libraryReason()
	}
	if int64(have) != want {
		return fmt.Errorf("%d of its %d chunks were never written", want-int64(have), want)
	}
	return nil
}

// readFloats reads numbers of any floating-point type into n float32.
func readFloats(d *hdf5.Dataset, n int64) ([]float32, error) {
	data := make([]float32, n)
	return data, readAs(d, C.hid_t(hdf5.T_NATIVE_FLOAT.ID()), unsafe.Pointer(unsafe.SliceData(data)), n)
}

// readBytes reads n elements of the size bytes that the file has for each.
func readBytes(d *hdf5.Dataset, n, size int64) ([]byte, error) {
	t := C.H5Dget_type(C.hid_t(d.ID()))
	if t < 0 {
		return nil, libraryReason()
	}
	defer C.H5Tclose(t)
	data := make([]byte, n*size)
	return data, readAs(d, t, unsafe.Pointer(unsafe.SliceData(data)), n)
}

// readAs reads all n elements as the given type, to data.
func readAs(d *hdf5.Dataset, t C.hid_t, data unsafe.Pointer, n int64) error {
	if n == 0 {
		return nil
	}
	if C.H5Dread(C.hid_t(d.ID()), t, C.H5S_ALL, C.H5S_ALL, C.H5P_DEFAULT, data) < 0 {
		return libraryReason()
	}
	return nil
}

// address returns where in the file the header of an object begins.
func address(object int64) (int64, error) {
	at := C.address(C.hid_t(object))
	if at > math.MaxInt64 { // undefined
		return 0, libraryReason()
	}
	return int64(at), nil
}
