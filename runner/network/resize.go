package network

import (
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/pipeline/resize"
)

// Resize returns how pictures are brought to the size of a network of s.
func Resize(s *spec.Spec) resize.Options {
	return resize.Options{Size: s.Input.Size, Mode: s.Input.Resize, Filter: s.Input.Filter}
}
