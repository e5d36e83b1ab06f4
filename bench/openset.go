package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/tfpair/tfpair/models/index"
	runs "github.com/tfpair/tfpair/models/run"
	"github.com/tfpair/tfpair/models/seen"
	"github.com/tfpair/tfpair/models/vectors"
)

const (
	openSetSeeds = 5
	// partitions is how often the classes that training did not learn are dealt anew: to
	// validation, to a gallery of new classes, and to strangers.
	partitions = 24
	// keptStrangers is how many images of validation a run keeps for thresholds of searches.
	keptStrangers = 500
)

// openSetSettings train for a minute, on some of the classes. Nothing is chosen on validation.
var openSetSettings = []string{
	"input.size=32",
	"backbone=conv4",
	"distance=cosine",
	"loss=supcon",
	"schedule=cosine",
	"train.batch_size=80",
	"train.steps=200",
	"train.eval_every=200",
	"train.unseen_classes=true",
}

// gallerySizes are numbers of images that are searched.
var gallerySizes = []int{10, 100, 500}

// cell is what strangers found in galleries of one size.
type cell struct {
	Gallery        string    `json:"gallery"`         // classes that it is of: "learned" or "new"
	Images         int       `json:"images"`          // in each gallery
	Galleries      int       `json:"galleries"`       // that were searched
	Without        int       `json:"without"`         // more, that got no threshold or were too small
	FalsePositives []float64 `json:"false_positives"` // [Galleries] share of the strangers that is accepted
}

// openSet is what a training comes to.
type openSet struct {
	Cells   []cell  `json:"cells"`
	Seconds float64 `json:"seconds"` // of training and measurement
}

// openset measures what a promised share of accepted strangers comes to on strangers of classes
// that neither training nor the gallery has.
func openset(ctx context.Context, o options) error {
	r, err := openResults(o, "openset")
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "tfpair-openset-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	digits, characters := filepath.Join(folder, "digits.zip"), filepath.Join(folder, "characters.zip")
	photos := filepath.Join(folder, "photos.zip")
	if err := merge(digits, archive(o)); err != nil { // one set of classes for both splits
		return err
	}
	if err := merge(characters, background(o, 1), background(o, 2)); err != nil {
		return err
	}
	if err := byClass(photos, o.grocery(), "image_label_train.csv"); err != nil {
		return err
	}
	for _, c := range []struct {
		name, data string
		settings   []string // so many classes for test that 500 images of new classes can be searched
	}{
		{"mnist", digits, []string{"sampler={balanced: {images_per_class: 40}}", "train.test=0.2", "train.val=0.6"}}, // 3 classes, 5 for validation, 2
		{"omniglot", characters, []string{"sampler={balanced: {images_per_class: 4}}", "train.test=0.5"}},
		{"grocery", photos, []string{"sampler={balanced: {images_per_class: 4}}", "train.test=0.4", "train.val=0.2"}},
		// The default share for validation leaves the fewest classes that a threshold needs, and classes differ much.
		{"grocery/few", photos, []string{"sampler={balanced: {images_per_class: 4}}", "train.test=0.5"}},
	} {
		of := map[string][]float64{}
		for seed := range openSetSeeds {
			x, err := row(o, r, fmt.Sprintf("%s/seed=%d", c.name, seed), func() (openSet, error) {
				return openSetOf(ctx, o, training{data: c.data, settings: slices.Concat(openSetSettings, c.settings)}, seed)
			})
			if err != nil {
				return err
			}
			for _, cell := range x.Cells {
				key := fmt.Sprintf("%s, %s classes, %d images", c.name, cell.Gallery, cell.Images)
				of[key] = append(of[key], cell.FalsePositives...)
			}
		}
		sayOpenSet(o, of)
	}
	return nil
}

// sayOpenSet prints a line for each kind and size of gallery.
func sayOpenSet(o options, of map[string][]float64) {
	keys := make([]string, 0, len(of))
	for key := range of {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if list := of[key]; len(list) > 0 {
			q := spread(list)
			fmt.Fprintf(o.out, "%s: promised %g %%, mean of %d galleries %.1f %%, half of them at most %.1f %%\n", key,
				100*index.Promise, len(list), 100*mean(list), 100*q.Median)
		}
	}
}

// openSetOf trains, and searches with the embeddings of the run.
func openSetOf(ctx context.Context, o options, t training, seed int) (x openSet, err error) {
	var took time.Duration
	t.look = func(folder string) error {
		learned, others, err := embedClasses(ctx, o, folder, t.data)
		if err != nil {
			return err
		}
		began := time.Now()
		x.Cells, err = searchCells(learned, others, rand.New(rand.NewPCG(uint64(seed), 0)))
		took = time.Since(began)
		return err
	}
	_, x.Seconds, err = t.run(ctx, o, seed)
	x.Seconds += took.Seconds()
	return x, err
}

// embedClasses returns the embeddings of the classes that a run has learned, and those of the others:
// the classes of validation and of test.
func embedClasses(ctx context.Context, o options, folder, data string) (learned, others classSet, err error) {
	file := filepath.Join(folder, "all.npy")
	if _, err := complete(ctx, "tfpair embed",
		[]string{o.tfpair, "embed", "--json", "--model", folder, "--data", data, "--out", file}, &line{}); err != nil {
		return learned, others, err
	}
	v, err := vectors.Read(file)
	if err != nil {
		return learned, others, err
	}
	f, err := runs.Open(folder)
	if err != nil {
		return learned, others, err
	}
	defer f.Close() // read only
	list, err := f.Seen()
	if err != nil {
		return learned, others, err
	}
	role := map[string]seen.Role{}
	validation := map[string]bool{} // classes
	for _, image := range list {
		role[image.Path] = image.Role
		validation[path.Dir(image.Path)] = image.Role == seen.Val
	}
	for i, at := range v.Paths {
		to := &others
		if role[at] == seen.Train {
			to = &learned
		}
		to.add(path.Dir(at), v.Row(i))
	}
	for _, class := range others.classes() {
		if validation[class] {
			others.validation++
		}
	}
	return learned, others, nil
}
