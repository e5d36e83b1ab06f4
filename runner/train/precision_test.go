package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/session"
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

// TestPrecisionsTimed: a new training in bf16 says what a step takes in both precisions, once. What it computes has nothing to do with
// that: a training that goes on, and times nothing, ends with the same weights.
func TestPrecisionsTimed(t *testing.T) {
	if !session.BF16() {
		t.Skipf("processor %s has no instructions for bfloat16", session.Processor())
	}
	for _, set := range [][]string{nil, {"augment=strong", "train.steps=12"}, {"backbone={conv4: {filters: 4}}", "sampler=balanced"}} {
		files, whole, parts := pictures(t, 3, 8), filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
		timed := func(folder string, stop int) (notes []string) {
			c := config(t, files, folder, tiny(t, append(set, "train.precision=bf16")...))
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			c.Observe = func(e Event) {
				switch e := e.(type) {
				case Started:
					for _, note := range e.Notes {
						if strings.HasPrefix(note, "a step takes ") {
							notes = append(notes, note)
						}
					}
				case Stepped:
					if e.Step == stop {
						cancel()
					}
				}
			}
			var interrupted *InterruptedError
			if _, err := Run(ctx, c); err != nil && (stop == 0 || !errors.As(err, &interrupted)) {
				t.Fatal(err)
			}
			return notes
		}
		// The clock of the test ticks a second at each look.
		want := []string{"a step takes 1000 ms in bf16 and 1000 ms in float32 here: bf16 gains nothing, and float32 is more exact"}
		for _, got := range [][]string{timed(whole, 0), timed(parts, 5)} {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%v: notes of a new training (-want +got):\n%s", set, diff)
			}
		}
		if got := timed(parts, 0); len(got) > 0 {
			t.Errorf("%v: a training that goes on says %q", set, got)
		}
		if diff := cmp.Diff(newest(t, whole).Variables, newest(t, parts).Variables); diff != "" {
			t.Errorf("%v: variables (-timed once +timed, cut off and gone on with):\n%.500s", set, diff)
		}
	}
}

// TestComparePrecisions: the sentence names the faster one, and by how much.
func TestComparePrecisions(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		half, full time.Duration
		frozen     bool
		want       string
	}{
		{410 * ms, 656 * ms, false, "a step takes 410 ms in bf16 and 656 ms in float32 here: bf16 is 1.6 times as fast"},
		{2466 * ms, 4567 * ms, true, "a step takes 2466 ms in bf16 and 4567 ms in float32 here, frozen stages included: bf16 is 1.9 times as fast"},
		{8236 * ms / 1000, 8 * ms, false, "a step takes 8.24 ms in bf16 and 8.00 ms in float32 here: bf16 gains nothing, and float32 is more exact"},
		{90 * ms, 45 * ms, false, "a step takes 90.0 ms in bf16 and 45.0 ms in float32 here: float32 is 2.0 times as fast, and more exact; --set train.precision=float32"},
	} {
		if got := comparePrecisions(tt.half, tt.full, tt.frozen); got != tt.want {
			t.Errorf("comparePrecisions(%v, %v, %t) = %q, want %q", tt.half, tt.full, tt.frozen, got, tt.want)
		}
	}
}
