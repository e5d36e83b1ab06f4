package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/graphs"
)

// TestBF16Refused: without kernels for it, here as the environment turns them off, bf16 is refused before anything is written, and the
// error says what to set in its place. A run of no steps computes nothing in bf16.
func TestBF16Refused(t *testing.T) {
	t.Setenv("TF_ENABLE_ONEDNN_OPTS", "0")
	folder := filepath.Join(t.TempDir(), "run")
	c := config(t, pictures(t, 3, 8), folder, tiny(t, "train.precision=bf16"))
	var misfit *graphs.MisfitError
	if _, err := Run(context.Background(), c); !errors.As(err, &misfit) || !strings.Contains(err.Error(), "set train.precision=float32") {
		t.Errorf("error %v, want a *MisfitError that says what to set", err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the run folder is there: %v", err)
	}
	if _, err := Run(context.Background(), config(t, pictures(t, 3, 8), folder, tiny(t, "train.precision=bf16", "train.steps=0"))); err != nil {
		t.Error(err)
	}
}
