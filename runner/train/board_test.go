package train

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestBoard: each process that trains writes one event file for TensorBoard, and one
// that has nothing to do writes none.
func TestBoard(t *testing.T) {
	files, folder := pictures(t, 3, 8), filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancelCause(context.Background())
	c := config(t, files, folder, tiny(t))
	c.Observe = func(e Event) {
		if s, ok := e.(Stepped); ok && s.Step == 7 {
			cancel(errors.New("stop"))
		}
	}
	var interrupted *InterruptedError
	if _, err := Run(ctx, c); !errors.As(err, &interrupted) {
		t.Fatalf("Run cancelled at step 7 = %v", err)
	}
	for range 2 {
		if _, err := Run(context.Background(), config(t, files, folder, tiny(t))); err != nil {
			t.Fatal(err)
		}
	}
	names, err := filepath.Glob(filepath.Join(folder, "tensorboard", "events.out.tfevents.*"))
	if err != nil || len(names) != 2 {
		t.Fatalf("event files %q, %v, want one of each of two processes", names, err)
	}
	for i, want := range [][]string{ // steps 1 to 7 hold an evaluation, 8 to 12 both kinds
		{"val/auc", "val/effective_rank", "val/distance_gap"},
		{"val/auc", "train/loss", "train/active", "train/learning_rate"},
	} {
		data, err := os.ReadFile(names[i])
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range want {
			if !bytes.Contains(data, []byte(tag)) {
				t.Errorf("%s has no %s", names[i], tag)
			}
		}
	}
}
