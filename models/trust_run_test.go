//go:build tensorflow

package models

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/gate/gatetest"
)

// writing are hostile models that write when they are trusted, one way of hiding each: the gate's refusals
// are of what would happen.
var writing = []string{
	"WriteFile", "PrintV2", "Save", "SaveSlices", "SaveV2",
	"in a stateful function", "in a function called by its name", "in a function of a function",
	"in a branch of If", "in the other branch", "in a second graph that comes first",
	"an init operation of TensorFlow 2", "a main operation", "a legacy init operation", "the start saves",
	"the saver saves when it restores", "the restore writes",
}

// TestTrustAny: a trusted model runs, and writes the file that the gate keeps an untrusted one from.
func TestTrustAny(t *testing.T) {
	if err := session.Ready(session.Options{}); err != nil {
		t.Skipf("no TensorFlow runtime: %v", err)
	}
	for _, name := range writing {
		t.Run(name, func(t *testing.T) {
			touched := t.TempDir()
			cases := gatetest.Hostile(touched)
			at := slices.IndexFunc(cases, func(c gatetest.Case) bool { return c.Name == name })
			if at < 0 {
				t.Fatal("the hostile model is gone")
			}
			m, err := Load(writeHostile(t, cases[at]), hostile, Trust(Any))
			if err != nil {
				t.Fatal(err)
			}
			_, err = m.EmbedPixels(t.Context(), make([]uint8, gatetest.Pixels))
			if err := errors.Join(err, m.Close()); err != nil {
				t.Fatal(err)
			}
			if files, err := filepath.Glob(filepath.Join(touched, "evil*")); err != nil || len(files) == 0 {
				t.Errorf("it wrote nothing (%v); want a file", err)
			}
		})
	}
}
