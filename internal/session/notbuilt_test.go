//go:build !tensorflow

package session

import (
	"errors"
	"testing"
)

// Without the tag there is no session, and the error says which command changes that.
func TestLoadNotBuilt(t *testing.T) {
	s, err := Load(t.TempDir(), "serve", Options{})
	if s != nil || !errors.Is(err, ErrNotBuilt) {
		t.Errorf("Load without TensorFlow = %v, %v, want %v", s, err, ErrNotBuilt)
	}
}
