package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// twoNetworks trains an ensemble of two, which see images of one size; the second has a head.
func twoNetworks(t *testing.T, set ...string) Config {
	t.Helper()
	const of = "backbone={ensemble: {of: [{network: {smallconv: {filters: [4, 4], dense: 8}}}, " +
		"{network: {conv4: {filters: 4}}, embedding_dim: 5}]}}"
	return config(t, pictures(t, 3, 12), filepath.Join(t.TempDir(), "run"),
		tiny(t, append([]string{of, "distance=cosine", "loss={supcon: {temperature: 0.1}}", "sampler=balanced"}, set...)...))
}

// TestEnsemble: each network is trained by itself, with a seed of its own and on the splits of the ensemble, whose embedding is
// theirs, each brought to length 1, one after the other.
func TestEnsemble(t *testing.T) {
	c := twoNetworks(t)
	var events []string
	c.Observe = func(e Event) {
		switch e := e.(type) {
		case Joined:
			events = append(events, fmt.Sprintf("network %d of %d: %s", e.Member, e.Members, e.Network))
		case Started:
			events = append(events, fmt.Sprintf("step %d, %d train, %d val", e.Step, e.TrainImages, e.ValImages))
		}
	}
	s, err := Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"network 1 of 2: smallconv", "step 0, 24 train, 12 val", "network 2 of 2: conv4", "step 0, 24 train, 12 val",
		"step 12, 24 train, 12 val"}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if s.Step != 12 || s.BestStep != 12 || s.Best == nil {
		t.Errorf("summary %+v, want the ensemble measured as step 12", s)
	}
	pixels := make([]uint8, 3*16*16*3)
	for i := range pixels {
		pixels[i] = uint8(i * 7)
	}
	both := embeddingsOf(t, c.Folder, pixels)
	var parts [2][]float32
	for k := range parts {
		parts[k] = embeddingsOf(t, filepath.Join(c.Folder, "members", fmt.Sprint(k+1)), pixels)
	}
	if len(both) != len(parts[0])+len(parts[1]) {
		t.Fatalf("%d numbers of an ensemble of %d and %d", len(both), len(parts[0]), len(parts[1]))
	}
	for image := range 3 {
		at := image * len(both) / 3
		for _, part := range parts {
			row := part[image*len(part)/3:][:len(part)/3]
			for i, x := range row {
				if want, got := float64(x)/length(row), float64(both[at+i]); math.Abs(got-want) > 1e-5 {
					t.Fatalf("image %d: number %d is %g, want %g of its network", image, at+i, got, want)
				}
			}
			at += len(row)
		}
	}
}

func length(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

// embeddingsOf returns the embeddings that the best checkpoint of a run makes of pixels.
func embeddingsOf(t *testing.T, folder string, pixels []uint8) []float32 {
	t.Helper()
	m, err := trained.Open(folder, "best", network.Own{}, session.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	e, err := m.Embed(pixels)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestEnsembleResume: a training stopped in a network ends as one that was not, and what is done is not done again.
func TestEnsembleResume(t *testing.T) {
	whole := twoNetworks(t)
	if _, err := Run(context.Background(), whole); err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{5, 20} { // steps of 12 each in networks 1 and 2
		stopAndGoOn(t, func() Config { return twoNetworks(t) }, at, 24, newest(t, whole.Folder))
	}
	whole.Data = twoNetworks(t).Data
	whole.Observe = func(e Event) {
		switch e.(type) {
		case Joined, Stepped:
			t.Errorf("a finished training goes on: %+v", e)
		}
	}
	if s, err := Run(context.Background(), whole); err != nil || s.BestStep != 12 {
		t.Errorf("the same again: %+v, %v", s, err)
	}
	var spec *SpecError
	if _, err := Run(context.Background(), more(t, whole)); !errors.As(err, &spec) {
		t.Errorf("with more steps: %v, want a *SpecError: its networks are trained", err)
	}
}

// more is c with more steps.
func more(t *testing.T, c Config) Config {
	t.Helper()
	s, err := c.Spec.Set("train.steps=20")
	if err != nil {
		t.Fatal(err)
	}
	c.Resolved, c.Data = mustResolve(t, s), twoNetworks(t).Data
	return c
}

// TestEnsembleTime: time that is used up in a network ends the training; the same again goes on.
func TestEnsembleTime(t *testing.T) {
	c := twoNetworks(t)
	in := map[int]bool{}
	for range 40 {
		c.MaxTime = 30 * time.Second // of a clock that ticks whenever it is read
		c.Data = twoNetworks(t).Data
		s, err := Run(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		in[s.Member] = true
		if s.Reason == EndedBudget && s.Member == 0 {
			if s.BestStep != 12 || !in[1] || !in[2] {
				t.Errorf("ended %+v, time was up in networks %v", s, in)
			}
			return
		}
	}
	t.Error("an ensemble does not end in 40 times 30 seconds")
}

// TestEnsembleBegins: what cannot begin leaves no folder.
func TestEnsembleBegins(t *testing.T) {
	c := twoNetworks(t, "sampler={balanced: {images_per_class: 9}}", "train.batch_size=90")
	if s, err := Run(context.Background(), c); err == nil {
		t.Fatalf("ten classes of three in a batch: %+v", s)
	}
	if _, err := os.Stat(c.Folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of a training that did not begin: %v", err)
	}
	var not *run.NotRunError
	if _, err := trained.Open(c.Folder, "best", network.Own{}, session.Options{}); !errors.As(err, &not) {
		t.Errorf("open it: %v", err)
	}
}

// TestEnsembleOfNewClasses: whole classes are held out of all networks, those of the ensemble; a loss that learns a vector for each
// class trains each network.
func TestEnsembleOfNewClasses(t *testing.T) {
	c := twoNetworks(t, "train.unseen_classes=true", "train.test=0.2", "train.steps=2", "loss=proxyanchor")
	files := pictures(t, 12, 5)
	c = config(t, files, c.Folder, c.Spec)
	if _, err := Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	want, err := trained.ReadState(newest(t, c.Folder))
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Seen) == 0 || len(want.Seen) == 12 {
		t.Fatalf("seen classes %q, want some of twelve", want.Seen)
	}
	for k := 1; k <= 2; k++ {
		got, err := trained.ReadState(newest(t, filepath.Join(c.Folder, "members", fmt.Sprint(k))))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Seen, got.Seen); diff != "" {
			t.Errorf("network %d has seen other classes (-want +got):\n%s", k, diff)
		}
	}
}
