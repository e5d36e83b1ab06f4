package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// opened returns the network of c.
func opened(t *testing.T, c Config) *network.Network {
	t.Helper()
	n, err := network.Open(c.Parts, c.Own, c.Session)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// restored returns the network of c with the weights of a checkpoint.
func restored(t *testing.T, c Config, from *checkpoint.Checkpoint) *network.Network {
	t.Helper()
	n := opened(t, c)
	if err := n.Restore(from); err != nil {
		t.Fatal(err)
	}
	return n
}

// embedded returns the embeddings [N,D] that n makes of images of c.
func embedded(t *testing.T, c Config, n *network.Network, images []int32) []float32 {
	t.Helper()
	o := c.Store
	if err := o.Resize(network.Resize(c.Spec), c.Spec.Target.Resize); err != nil {
		t.Fatal(err)
	}
	o.SpillDir = t.TempDir()
	store := pipeline.NewStore(c.Data, o)
	t.Cleanup(func() { store.Close() })
	rows, err := evaluate.Embed(context.Background(), n, store, images, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestFit: a head from a closed form is there before the first step, cached or not, averaged or
// not: training images have the mean 0 under it. Drawn values have no such mean.
func TestFit(t *testing.T) {
	for _, set := range []string{
		"head.whiten.embedding_dim=3",
		"head.linear={embedding_dim: 3, start: ridge}",
		"head.linear={embedding_dim: 3, start: ridge} train.ema=0.9 augment=light cache.views=2",
		"head.linear={embedding_dim: 3, start: ridge} cache.type=off",
	} {
		t.Run(set, func(t *testing.T) {
			set := append(splitSets(set), "train.steps=0")
			c := config(t, pictures(t, 4, 6), filepath.Join(t.TempDir(), "run"), frozenSpec(t, set...))
			if _, err := Run(context.Background(), c); err != nil {
				t.Fatal(err)
			}
			start := newest(t, c.Folder)
			images := c.Data.In(dataset.Train).Images
			mean, size := middleOf(embedded(t, c, restored(t, c, start), images), 3)
			if mean > 2e-3*size { // float16 features, and batch norm folded
				t.Errorf("training images have the mean %v of %v, want 0", mean, size)
			}
			for _, twin := range start.Optimizer {
				if key, ok := strings.CutPrefix(twin.Name, "live/"); ok && key == "head/dense/kernel" {
					at := slices.IndexFunc(start.Variables, func(v checkpoint.Tensor) bool { return v.Name == key })
					if !slices.Equal(start.Variables[at].Data, twin.Data) {
						t.Error("the average and what it follows start from different values")
					}
				}
			}
		})
	}
}

// splitSets parts settings at spaces in front of a key.
func splitSets(sets string) []string {
	var list []string
	for _, part := range strings.Split(sets, " ") {
		if len(list) > 0 && !strings.Contains(part, "=") {
			list[len(list)-1] += " " + part
			continue
		}
		list = append(list, part)
	}
	return list
}

// middleOf returns the length of the mean of rows [N,D], and the mean of their lengths.
func middleOf(rows []float32, dim int) (mean, size float64) {
	middle, n := make([]float64, dim), float64(len(rows)/dim)
	for row := range slices.Chunk(rows, dim) {
		norm2 := 0.0
		for i, x := range row {
			middle[i] += float64(x) / n
			norm2 += float64(x) * float64(x)
		}
		size += math.Sqrt(norm2) / n
	}
	for _, x := range middle {
		mean += x * x
	}
	return math.Sqrt(mean), size
}

// TestFitTargets: frozen targets are what the head makes of label images after its closed form.
func TestFitTargets(t *testing.T) {
	s := tinyFeature(t, "head.linear={embedding_dim: 3, start: ridge}", "train.steps=0")
	c := featureConfig(t, nil, filepath.Join(t.TempDir(), "run"), s)
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	start := newest(t, c.Folder)
	state, err := trained.ReadState(start)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := trained.GalleryOf(start, state)
	if err != nil {
		t.Fatal(err)
	}
	labels := c.Data.All().LabelImages()
	if diff := cmp.Diff(embedded(t, c, restored(t, c, start), labels), kept); diff != "" {
		t.Errorf("targets are not the embeddings of label images (-want +got):\n%s", diff)
	}
}

// TestFitResumed: a training that was stopped goes on from what it has learnt, not from the closed form.
func TestFitResumed(t *testing.T) {
	files := pictures(t, 3, 8)
	s := func() Config {
		return config(t, files, filepath.Join(t.TempDir(), "run"), tiny(t, "head.linear={embedding_dim: 3, start: ridge}"))
	}
	whole, parts := s(), s()
	if _, err := Run(context.Background(), whole); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	parts.Observe = func(e Event) {
		if x, ok := e.(Stepped); ok && x.Step == 3 {
			cancel()
		}
	}
	var interrupted *InterruptedError
	if _, err := Run(ctx, parts); !errors.As(err, &interrupted) {
		t.Fatalf("Run = %v, want an *InterruptedError", err)
	}
	parts.Observe = nil
	if _, err := Run(context.Background(), parts); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(newest(t, whole.Folder).Variables, newest(t, parts.Folder).Variables); diff != "" {
		t.Errorf("weights differ (-want +got):\n%.500s", diff)
	}
}

// TestFitRefused: ridge learns what images of one class differ by, and there are none.
func TestFitRefused(t *testing.T) {
	files := pictures(t, 2, 4)
	s := tiny(t, "head.linear={embedding_dim: 3, start: ridge}")
	c := config(t, files, filepath.Join(t.TempDir(), "run"), s)
	l := loop{Config: c}
	part := c.Data.All()
	part.Images = []int32{part.Images[0], part.Images[len(part.Images)-1]} // one of each class
	l.network = opened(t, c)
	_, _, err := l.examples(part)
	var data *dataset.Error
	if !errors.As(err, &data) || !strings.Contains(err.Error(), "start=random needs no classes") {
		t.Errorf("examples = %v, want a *dataset.Error", err)
	}
}
