package train

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// tinyTriplet is the triplet preset, small.
func tinyTriplet(t *testing.T, set ...string) *spec.Spec {
	t.Helper()
	s, err := spec.Preset("triplet")
	if err != nil {
		t.Fatal(err)
	}
	s, err = s.Set(append([]string{"input.size=16", "backbone.smallconv={filters: [4, 4], dense: 8}",
		"train={batch_size: 8, steps: 60, eval_every: 20, val: 0.3}"}, set...)...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTripletsLearn: each miner, on drawn triplets and on all of balanced batches.
func TestTripletsLearn(t *testing.T) {
	for _, set := range [][]string{
		nil,
		{"miner=hard", "sampler.balanced.images_per_class=4"},
		{"miner=semihard", "sampler.balanced.images_per_class=4", "loss.triplet.reduction=nonzero"},
		{"loss.triplet.soft=true"},
	} {
		t.Run(strings.Join(set, " "), func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "run")
			s, err := Run(context.Background(), config(t, pictures(t, 4, 10), folder, tinyTriplet(t, set...)))
			if err != nil {
				t.Fatal(err)
			}
			if auc := s.Best.Metrics["auc"]; auc < 0.95 {
				t.Errorf("best val.auc = %.3f, want at least 0.95 on classes told apart by colour", auc)
			}
		})
	}
}

// TestTripletsCollapse: the trivial loss of triplets is the margin, and the alarm
// knows which miner is prone to it.
func TestTripletsCollapse(t *testing.T) {
	files := pictures(t, 3, 8)
	for name := range files {
		files[name] = files["data/class0/00.png"]
	}
	for miner, want := range map[string]bool{"all": false, "hard": true} {
		s := tinyTriplet(t, "train.steps=20", "miner="+miner, "sampler.balanced.images_per_class=4")
		c := config(t, files, filepath.Join(t.TempDir(), "run"), s)
		var advice string
		c.Observe = func(e Event) {
			if a, ok := e.(Alarmed); ok && strings.HasPrefix(a.Reason, "collapse") {
				advice = a.Advice
			}
		}
		if _, err := Run(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(advice, "lower optimizer.adam.lr") ||
			strings.Contains(advice, "miner=semihard") != want {
			t.Errorf("miner %s: advice %q", miner, advice)
		}
	}
}

// openListed opens files with a list of them beside.
func openListed(t *testing.T, files fstest.MapFS, list string) *dataset.Dataset {
	t.Helper()
	files["list.csv"] = &fstest.MapFile{Data: []byte(list)}
	data, err := dataset.Open(dataset.Options{Data: "list.csv", FS: files})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { data.Close() })
	return data
}

// TestLists: triplets train from a list of triplets, and, by the classes that its
// same pairs join, from a list of pairs.
func TestLists(t *testing.T) {
	const triplets = "anchor,positive,negative,split\n" +
		"data/class0/00.png,data/class0/01.png,data/class1/00.png,train\n" +
		"data/class1/00.png,data/class1/01.png,data/class0/01.png,train\n" +
		"data/class0/02.png,data/class0/03.png,data/class1/02.png,val\n"
	const pairs = "left,right,same,split\n" +
		"data/class0/00.png,data/class0/01.png,1,train\n" +
		"data/class1/00.png,data/class1/01.png,1,train\n" +
		"data/class0/00.png,data/class1/00.png,0,train\n" +
		"data/class0/02.png,data/class0/03.png,1,val\n" +
		"data/class0/02.png,data/class1/02.png,0,val\n"
	for _, c := range []struct {
		name, list string
		set        []string
		note       string // part of one, "" for none
	}{
		{"triplets", triplets, nil, ""},
		{"triplets by class", triplets, []string{"sampler.balanced.images_per_class=2",
			"train.batch_size=4"}, "2 classes recovered from same pairs, 0 of them of one image"},
		{"pairs", pairs, nil, "2 classes recovered from same pairs"},
		{"triplets as pairs", triplets, []string{"topology=siamese", "loss=contrastive"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := pictures(t, 2, 4)
			config := config(t, files, filepath.Join(t.TempDir(), "run"),
				tinyTriplet(t, append([]string{"train.steps=2"}, c.set...)...))
			config.Data = openListed(t, files, c.list)
			var notes string
			config.Observe = func(e Event) {
				if s, ok := e.(Started); ok {
					notes = strings.Join(s.Notes, "\n")
				}
			}
			if _, err := Run(context.Background(), config); err != nil {
				t.Fatal(err)
			}
			if recovered := strings.Contains(notes, "recovered"); recovered != (c.note != "") ||
				!strings.Contains(notes, c.note) {
				t.Errorf("notes %q, want %q", notes, c.note)
			}
		})
	}
}
