package train

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestAccumulate: an update of three batches counts as one step, an epoch has a third of the steps, and a
// training that is stopped goes on with the batch that it would have had.
func TestAccumulate(t *testing.T) {
	files := pictures(t, 3, 8)
	begin := func() Config {
		return config(t, files, filepath.Join(t.TempDir(), "run"),
			tiny(t, "loss=contrastive", "train.accumulate=3", "train.batch_size=2", "augment=light"))
	}
	whole, parts := begin(), begin()
	images, perEpoch, last := 0, 0, 0
	whole.Observe = func(e Event) {
		switch e := e.(type) {
		case Started:
			images, perEpoch = e.TrainImages, e.StepsPerEpoch
		case Stepped:
			last = e.Step
		}
	}
	if _, err := Run(context.Background(), whole); err != nil {
		t.Fatal(err)
	}
	// Each image is once the left of a pair, two pairs are a batch, three batches an update.
	if want := (images + 5) / 6; perEpoch != want || last != 12 {
		t.Errorf("%d steps per epoch of %d images, want %d; the last step is %d, want 12", perEpoch, images, want, last)
	}
	ctx, cancel := context.WithCancel(context.Background())
	parts.Observe = func(e Event) {
		if s, ok := e.(Stepped); ok && s.Step == 5 {
			cancel()
		}
	}
	var interrupted *InterruptedError
	if _, err := Run(ctx, parts); !errors.As(err, &interrupted) || interrupted.Step != 5 {
		t.Fatalf("Run = %v, want an *InterruptedError of step 5", err)
	}
	parts.Observe = nil
	if _, err := Run(context.Background(), parts); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(newest(t, whole.Folder).Variables, newest(t, parts.Folder).Variables); diff != "" {
		t.Errorf("weights differ (-whole +parts):\n%.500s", diff)
	}
}
