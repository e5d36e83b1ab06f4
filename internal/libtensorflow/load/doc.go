// Package load loads the TensorFlow C library into the process.
//
// Programs link a stub of the library (see internal/libtensorflow), whose functions
// load the real one at the first call, whoever makes it. That call cannot return an
// error: where the library is missing it prints what it looked for and exits with code 4.
// Load does the same beforehand and returns the error instead.
//
//	Load(device) → libtensorflow.Find → processor, checksums → dlopen of both libraries → slots fill at first use
//
// The stub by itself looks at neither processor nor checksums: packages of ours call Load first.
//
// This package reads the environment itself, because the stub does, which runs without
// a caller: TFPAIR_RUNTIME, TFPAIR_VERIFY, XDG_CACHE_HOME, HOME, and TF_CPP_MIN_LOG_LEVEL, which
// is set to 2 (errors only) unless the user has set it. Abseil's log, which some releases write to
// beside TensorFlow's own, gets the same level.
package load
