package libtensorflow

import (
	"fmt"
	"slices"
	"strings"
)

// Version is the TensorFlow release that everything here is pinned to.
const Version = "2.21.0"

// Tag is the build tag of the code that links TensorFlow.
const Tag = "tensorflow"

// Device says which build of the runtime is meant.
type Device string

// The builds of the runtime. Auto is the GPU build where it is installed, else the CPU
// build.
const (
	Auto Device = "auto"
	CPU  Device = "cpu"
	GPU  Device = "gpu"
)

// ParseDevice returns the Device that a user named.
func ParseDevice(name string) (Device, error) {
	devices := []Device{Auto, CPU, GPU}
	if d := Device(name); slices.Contains(devices, d) {
		return d, nil
	}
	return "", fmt.Errorf("unknown device %q (known: auto, cpu, gpu)", name)
}

// pin is one wheel that a runtime is taken from.
type pin struct {
	Project string // name of the Python package
	Wheel   string // file name of the wheel
	SHA256  string // of the wheel, hexadecimal
	Size    int64  // of the wheel, bytes
	CUDA    string // the NVIDIA packages it needs, with their checksums; "" for none
}

// The wheels of the release that hold libtensorflow, by platform and device. Any
// Python version's wheel of a platform holds the same libraries; these are those of 3.11.
func pinFor(platform string, d Device) (pin, error) {
	switch {
	case platform == "linux/amd64" && d == CPU:
		return pin{
			Project: "tensorflow-cpu",
			Wheel:   "tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl",
			SHA256:  "2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c",
			Size:    273829956,
		}, nil
	case platform == "linux/amd64" && d == GPU:
		return pin{
			Project: "tensorflow",
			Wheel:   "tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl",
			SHA256:  "9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124",
			Size:    572440367,
			CUDA:    cudaPins,
		}, nil
	case platform == "linux/arm64" && d == CPU: // published as "tensorflow", built for CPU
		return pin{
			Project: "tensorflow",
			Wheel:   "tensorflow-2.21.0-cp311-cp311-manylinux_2_27_aarch64.whl",
			SHA256:  "4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c",
			Size:    281828020,
		}, nil
	}
	return pin{}, fmt.Errorf("no %s build of TensorFlow %s for %s (known: linux/amd64 cpu and gpu, "+
		"linux/arm64 cpu)", d, Version, platform)
}

// tag is the platform tag of the wheel, the first where it has several: "manylinux_2_27_x86_64".
func (p pin) tag() string {
	stem := strings.TrimSuffix(p.Wheel, ".whl")
	first, _, _ := strings.Cut(stem[strings.LastIndex(stem, "-")+1:], ".")
	return first
}

// The two libraries. Both always come from one wheel: together they export the C API.
const (
	frameworkLibrary = "libtensorflow_framework.so.2"
	mainLibrary      = "libtensorflow_cc.so.2"
)

// notices is the file with the licences of what is compiled into the libraries: whoever
// passes them on passes it on too.
const notices = "THIRD_PARTY_NOTICES.txt"

// headers is c_api.h, eager/c_api.h, and all that they include.
var headers = []string{
	"tensorflow/c/c_api.h",
	"tensorflow/c/c_api_macros.h",
	"tensorflow/c/eager/c_api.h",
	"tensorflow/c/tf_attrtype.h",
	"tensorflow/c/tf_buffer.h",
	"tensorflow/c/tf_datatype.h",
	"tensorflow/c/tf_status.h",
	"tensorflow/c/tf_tensor.h",
	"tensorflow/c/tf_tstring.h",
	"tensorflow/core/platform/ctstring.h",
	"tsl/platform/ctstring.h",
	"tsl/platform/ctstring_internal.h",
	"xla/tsl/c/tsl_status.h",
}
