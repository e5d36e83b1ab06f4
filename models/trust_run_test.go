//go:build tensorflow

package models

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/gate/gatetest"
)

// TestTrustAny: a trusted model runs, and writes the file that the gate keeps an untrusted one from.
func TestTrustAny(t *testing.T) {
	if err := session.Ready(session.Options{}); err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	touched := t.TempDir()
	for _, c := range gatetest.Hostile(touched) {
		if c.Name != "WriteFile" {
			continue
		}
		m, err := Load(writeHostile(t, c), hostile, Trust(Any))
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}()
		if _, err := m.EmbedPixels(t.Context(), make([]uint8, gatetest.Pixels)); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(filepath.Join(touched, "evil")); err != nil || string(text) != "written" {
			t.Errorf("the model wrote %q, %v; want that it writes", text, err)
		}
		return
	}
	t.Fatal("the hostile model is gone")
}
