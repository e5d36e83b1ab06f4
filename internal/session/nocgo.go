//go:build tensorflow && !cgo

package session

// Without cgo there is no TensorFlow, and the compiler would fill a page with what the
// binding lacks. This line says it in one.
var _ = tfpair_needs_cgo__set_CGO_ENABLED_to_1_and_install_a_C_compiler
