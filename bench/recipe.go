package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// What is drawn of the photos of groceries.
const (
	recipeDraws = 5    // trainings on a few photos, and on pairs
	fewProducts = 5    // of a draw
	fewPhotos   = 4    // of each product
	fewPairs    = 200  // that are trained on
	manyPairs   = 2000 // that are measured
)

// Names of rows.
const (
	rowPhotos     = "20 photos"
	rowUntaught   = "20 photos without weights"
	rowPairs      = "200 pairs"
	rowDigits     = "digits"
	rowProducts   = "products"
	rowTwo        = "products by two networks"
	rowGood       = "products at effort good"
	rowBest       = "products at effort best"
	rowCharacters = "characters"
	rowBestOfInk  = "characters at effort best"
	rowNew        = "new products"
	rowNewAsIs    = "new products untrained"
)

// recipeUsual lists the rows but for those of more effort, which take up to an hour each.
func recipeUsual() []string {
	return []string{rowPhotos, rowPairs, rowDigits, rowProducts, rowTwo, rowCharacters, rowNew, rowNewAsIs, rowUntaught}
}

// chosen is what a training came to that names data alone, or weights, too.
type chosen struct {
	Metrics  []measured `json:"metrics"`
	Seconds  float64    `json:"seconds"`  // process start to end, training and test
	Training usage      `json:"training"` // without the test; 0 in rows of before it was measured
}

func (c chosen) value(name string) float64 {
	for _, m := range c.Metrics {
		if m.Name == name {
			return m.Value
		}
	}
	return 0
}

// recipeRow is trainings of one kind of data, and the numbers that they are measured by.
type recipeRow struct {
	name    string
	metrics []string
	of      []training // by draw or seed
}

// recipes measures what tfpair train comes to where nothing but data and weights are named. Settings of recipes were
// chosen on the photos for validation; what is measured here was looked at once.
func recipes(ctx context.Context, o options) error {
	r, err := openResults(o, "recipe")
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "tfpair-recipe-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	rows, err := recipeRows(folder, o)
	if err != nil {
		return err
	}
	for _, of := range rows {
		if !slices.Contains(o.rows, of.name) {
			continue
		}
		values, seconds, processor := map[string][]float64{}, []float64(nil), []float64(nil)
		for i, t := range of.of {
			x, err := row(o, r, fmt.Sprintf("%s/%d", of.name, i), func() (chosen, error) { return of.measure(ctx, o, t, i) })
			if err != nil {
				return err
			}
			for _, name := range of.metrics {
				values[name] = append(values[name], x.value(name))
			}
			seconds, processor = append(seconds, x.Seconds), append(processor, x.Training.Processor)
		}
		took := "" // which rows of before it was measured do not tell
		if slices.Min(processor) > 0 {
			took = fmt.Sprintf(", of which the training took %.0f s of processor time", mean(processor))
		}
		for _, name := range of.metrics {
			fmt.Fprintf(o.out, "%s: %s %.4f (%.4f to %.4f of %d), %.0f s%s\n", of.name, name, mean(values[name]),
				slices.Min(values[name]), slices.Max(values[name]), len(seconds), mean(seconds), took)
		}
	}
	return nil
}

func (of recipeRow) measure(ctx context.Context, o options, t training, seed int) (c chosen, err error) {
	t.preset, t.took = "auto", &c.Training
	reports, seconds, err := t.run(ctx, o, seed)
	if err != nil {
		return c, err
	}
	c.Seconds = seconds
	for _, name := range of.metrics {
		m, err := reports[0].find(name)
		if err != nil {
			return c, err
		}
		c.Metrics = append(c.Metrics, m)
	}
	return c, nil
}

// recipeRows draws the data of all trainings.
func recipeRows(folder string, o options) ([]recipeRow, error) {
	lite := []string{"--weights", "efficientnet-lite0"}
	photos := map[string]classPhotos{}
	for _, split := range []string{"train", "test"} {
		var err error
		if photos[split], err = readPhotos(o.grocery(), "image_label_"+split+".csv"); err != nil {
			return nil, err
		}
	}
	few := recipeRow{name: rowPhotos, metrics: []string{"auc"}}
	none := recipeRow{name: rowUntaught, metrics: []string{"auc"}}
	pairs := recipeRow{name: rowPairs, metrics: []string{"auc"}}
	for draw := range recipeDraws {
		rnd := rand.New(rand.NewPCG(uint64(draw), 0x726563697065)) // "recipe"
		train, test := filepath.Join(folder, fmt.Sprintf("few%d.zip", draw)), filepath.Join(folder, fmt.Sprintf("test%d.zip", draw))
		drawn, asked := fewOf(rnd, photos["train"], photos["test"])
		if err := errors.Join(drawn.archive(train, o.grocery()), asked.archive(test, o.grocery())); err != nil {
			return nil, err
		}
		t := training{data: train, arguments: lite, tests: [][]string{{"--data", test}}}
		few.of = append(few.of, t)
		t.arguments = []string{"--weights", "none"}
		none.of = append(none.of, t)
		list, other := filepath.Join(folder, fmt.Sprintf("pairs%d.csv", draw)), filepath.Join(folder, fmt.Sprintf("others%d.csv", draw))
		if err := errors.Join(photos["train"].pairs(rnd, list, fewPairs), photos["test"].pairs(rnd, other, manyPairs)); err != nil {
			return nil, err
		}
		images := []string{"--images", o.grocery()}
		pairs.of = append(pairs.of, training{data: list, arguments: slices.Concat(images, lite),
			tests: [][]string{slices.Concat(images, []string{"--data", other})}})
	}
	digits := training{data: archive(o), tests: [][]string{onTestPairs(o)}}
	l := labelBench{folder: o.grocery()}
	products := func(arguments ...string) []training {
		return []training{{data: l.list("train"), arguments: slices.Concat([]string{"--val", l.list("val")}, arguments),
			tests: [][]string{{"--data", l.list("test")}}}}
	}
	characters := func(arguments ...string) []training {
		return []training{{data: background(o, 1), arguments: arguments, tests: [][]string{{"--one-shot", "--data", o.oneShotRuns()}}}}
	}
	all := filepath.Join(folder, "all.zip")
	if err := photos["train"].archive(all, o.grocery()); err != nil {
		return nil, err
	}
	two := slices.Concat(lite, []string{"--weights", "efficientnet-lite2"})
	of := []recipeRow{few, pairs,
		{rowDigits, []string{"accuracy", "auc"}, []training{digits, digits, digits}},
		{rowProducts, []string{"recall@1"}, products(lite...)},
		{rowTwo, []string{"recall@1"}, products(two...)},
		{rowCharacters, []string{"error"}, characters()},
		none,
		{rowGood, []string{"recall@1"}, products(slices.Concat(lite, []string{"--effort", "good"})...)},
		{rowBest, []string{"recall@1"}, products(slices.Concat(two, []string{"--effort", "best"})...)},
		{rowBestOfInk, []string{"error"}, characters("--effort", "best")},
	}
	return append(of, newProducts(all, lite)...), nil
}

// newProducts are trainings on photos of some classes, measured on those of others, and the same networks without any step.
// Each seed parts the classes in another way.
func newProducts(archive string, weights []string) []recipeRow {
	t := training{data: archive, settings: []string{"train.test=0.3"}, arguments: slices.Concat(weights, []string{"--unseen-classes"}),
		tests: [][]string{{"--data", archive}}}
	as := t
	as.settings = append(slices.Clone(t.settings), "head=none", "train.steps=0")
	metrics := []string{"map@r", "recall@1"}
	return []recipeRow{{rowNew, metrics, []training{t, t, t}}, {rowNewAsIs, metrics, []training{as, as, as}}}
}

// classPhotos are paths of photos by class.
type classPhotos map[string][]string

// readPhotos reads a list of image, label image and class.
func readPhotos(folder, list string) (classPhotos, error) {
	in, err := os.Open(filepath.Join(folder, list))
	if err != nil {
		return nil, err
	}
	defer in.Close() // read only
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", list, err)
	}
	photos := classPhotos{}
	for _, row := range rows[1:] {
		photos[row[2]] = append(photos[row[2]], row[0])
	}
	return photos, nil
}

// classes returns the classes of so many photos or more, sorted.
func (c classPhotos) classes(least int) (names []string) {
	for name, photos := range c {
		if len(photos) >= least {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// fewOf draws products that both have, with a few photos of train, and all of test.
func fewOf(r *rand.Rand, train, test classPhotos) (drawn, asked classPhotos) {
	const measurable = 5 // photos of test
	names := slices.DeleteFunc(train.classes(fewPhotos), func(name string) bool { return len(test[name]) < measurable })
	drawn, asked = classPhotos{}, classPhotos{}
	for _, i := range r.Perm(len(names))[:fewProducts] {
		photos := train[names[i]]
		for _, at := range r.Perm(len(photos))[:fewPhotos] {
			drawn[names[i]] = append(drawn[names[i]], photos[at])
		}
		asked[names[i]] = test[names[i]]
	}
	return drawn, asked
}

// archive writes a folder of photos for each class.
func (c classPhotos) archive(path, folder string) error {
	return zipped(path, func(add func(name string, data []byte) error) error {
		for _, class := range c.classes(1) {
			for _, photo := range c[class] {
				data, err := os.ReadFile(filepath.Join(folder, photo))
				if err != nil {
					return err
				}
				if err := add(class+"/"+strings.ReplaceAll(photo, "/", "_"), data); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// pairs writes a list of n pairs, every second of one class, each class as likely as another.
func (c classPhotos) pairs(r *rand.Rand, path string, n int) error {
	names := c.classes(2)
	rows, seen := []string{"left,right,same"}, map[string]bool{}
	for len(rows) <= n {
		same := len(rows) % 2
		order := r.Perm(len(names))
		left, right := c[names[order[0]]], c[names[order[1]]]
		if same == 1 {
			right = left
		}
		row := fmt.Sprintf("%s,%s,%d", left[r.IntN(len(left))], right[r.IntN(len(right))], same)
		if a, rest, _ := strings.Cut(row, ","); !strings.HasPrefix(rest, a+",") && !seen[row] {
			seen[row] = true
			rows = append(rows, row)
		}
	}
	return os.WriteFile(path, []byte(strings.Join(rows, "\n")+"\n"), 0o600)
}
