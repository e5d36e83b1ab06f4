package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
)

// lossesPage is what command losses writes.
const lossesPage = "../docs/losses.md"

// lossSteps is the length of a training.
const lossSteps = 100

// lossSettings are what all losses have in common: a head on features of frozen ImageNet weights.
var lossSettings = []string{
	"input.size=224",
	"backbone={efficientnet-lite0: {freeze: all}}",
	"head={linear: {embedding_dim: 64}}",
	"distance=cosine",
	"schedule=cosine",
	"sampler={balanced: {images_per_class: 6}}",
	"train.batch_size=60",
	fmt.Sprintf("train.steps=%d", lossSteps),
}

// contender is a loss and the settings that it is tried with: every rate with every other value.
type contender struct {
	name     string
	settings []string
	rates    []float64 // of Adam
	key      string    // of the other values; "": there are none
	values   []float64
}

// threeRates are tried with three other values, nineRates where there are none: nine settings each.
var (
	threeRates = []float64{0.0003, 0.001, 0.003}
	nineRates  = []float64{0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05}
)

func contenders() []contender {
	temperatures, margins := []float64{0.05, 0.1, 0.2}, []float64{0.05, 0.1, 0.2}
	triplets := []string{"topology=triplet", "loss=triplet"}
	list := []contender{
		{"bce", []string{"loss=bce"}, nineRates, "", nil},
		{"contrastive", []string{"loss=contrastive"}, threeRates, "loss.contrastive.margin", []float64{0.25, 0.5, 1}},
		{"npair", []string{"loss=npair"}, nineRates, "", nil},
		{"multisimilarity", []string{"loss=multisimilarity"}, threeRates, "loss.multisimilarity.base", []float64{0.3, 0.5, 0.7}},
		{"circle", []string{"loss=circle"}, threeRates, "loss.circle.margin", []float64{0.15, 0.25, 0.4}},
		{"crossbatch, supcon", []string{"loss=crossbatch"}, threeRates, "loss.crossbatch.loss.supcon.temperature", temperatures},
	}
	for _, miner := range []string{"all", "semihard", "hard", "relative"} {
		list = append(list, contender{"triplet, " + miner, append(slices.Clone(triplets), "miner="+miner), threeRates,
			"loss.triplet.margin", margins})
	}
	for _, name := range []string{"supcon", "infonce"} {
		list = append(list, contender{name, []string{"loss=" + name}, threeRates, "loss." + name + ".temperature", temperatures})
	}
	for _, name := range []string{"proxyanchor", "arcface"} {
		list = append(list, contender{name, []string{"loss=" + name}, threeRates, "optimizer.adam.proxy_lr", []float64{1, 10, 100}})
	}
	return list
}

// grid returns the settings that c is tried with.
func (c contender) grid() (all [][]string) {
	for _, rate := range c.rates {
		one := []string{fmt.Sprintf("optimizer.adam.lr=%g", rate)}
		if c.key == "" {
			all = append(all, one)
		}
		for _, value := range c.values {
			all = append(all, append(slices.Clone(one), fmt.Sprintf("%s=%g", c.key, value)))
		}
	}
	return all
}

// searched is how well photos of new classes find each other.
type searched struct {
	MAPR    float64 `json:"map@r"`
	Recall1 float64 `json:"recall@1"`
}

// result is what a loss comes to on the classes of a seed for test.
type result struct {
	searched
	Tuned   float64  `json:"tuned_map@r"` // of the settings, on the classes that they were chosen on
	Setting []string `json:"settings"`
}

// losses compares every loss, each with the best of nine settings, and writes the page.
func losses(ctx context.Context, o options) error {
	r, err := openResults(o, "losses")
	if err != nil {
		return err
	}
	l := &lossStudy{options: o}
	start, err := row(o, r, "features", func() ([]searched, error) { return l.untrained(ctx) })
	if err != nil {
		return err
	}
	var list []standing
	for _, c := range contenders() {
		seeds, err := row(o, r, c.name, func() ([]result, error) { return l.compare(ctx, c) })
		if err != nil {
			return err
		}
		list = append(list, standing{c, seeds})
	}
	slices.SortStableFunc(list, func(a, b standing) int { return -cmp.Compare(mean(a.mapr()), mean(b.mapr())) })
	if err := renameio.WriteFile(lossesPage, page(list, start), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", lossesPage, err)
	}
	fmt.Fprintf(o.out, "wrote %s\n", lossesPage)
	return nil
}

// standing is a contender with its outcomes, one for each seed.
type standing struct {
	contender
	seeds []result
}

func (s standing) mapr() []float64 { return values(s.seeds, func(x result) float64 { return x.MAPR }) }

func (s standing) recall() []float64 {
	return values(s.seeds, func(x result) float64 { return x.Recall1 })
}

// chosen returns the settings that won, each once, the parts that all have in common left out.
func (s standing) chosen() string {
	var all []string
	for _, x := range s.seeds {
		short := make([]string, len(x.Setting))
		for i, setting := range x.Setting {
			key, value, _ := strings.Cut(setting, "=")
			short[i] = key[strings.LastIndex(key, ".")+1:] + " " + value
		}
		all = append(all, strings.Join(short, ", "))
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "; ")
}

// page is docs/losses.md.
func page(list []standing, start []searched) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Losses

Which loss is best when each has been tuned alike? [choosing.md](choosing.md) says when to take which; this page has the measurements.

| what | how |
|---|---|
| data | photos of groceries, %d of each of 81 classes at most. For each of %d seeds three fifths of the classes are trained on, one fifth chooses settings, one fifth is the test |
| network | EfficientNet-Lite0 with ImageNet weights, frozen, and a linear head of 64 numbers; distance `+"`cosine`"+` |
| training | %d steps of 60 images, six of each class; Adam, rate falling by a cosine |
| tuning | nine settings for each loss and seed: three learning rates with three temperatures or margins, or with three rates of the proxies beside them; nine learning rates where there is nothing else. The best MAP@R on the classes that choose wins. It is trained again, on those classes as well |
| MAP@R, recall@1 | each test photo is searched among the other test photos. All test classes are new. Mean of the seeds. Seeds differ by their classes far more than losses do, so "behind the first" compares the MAP@R seed by seed: mean, smallest and largest difference |

The frozen features themselves, without training, have MAP@R %.3f and recall@1 %.1f %%. The page is written by
`+"`go -C bench run . losses`"+`; do not edit it.

| loss | MAP@R | behind the first | recall@1 | settings that won |
|---|---|---|---|---|
`, photosPerClass, len(start), lossSteps, mean(values(start, func(f searched) float64 { return f.MAPR })),
		100*mean(values(start, func(f searched) float64 { return f.Recall1 })))
	for i, s := range list {
		behind := make([]float64, len(s.seeds))
		for seed, x := range s.mapr() {
			behind[seed] = list[0].mapr()[seed] - x
		}
		gap := ""
		if i > 0 {
			gap = fmt.Sprintf("%.3f (%.3f to %.3f)", mean(behind), slices.Min(behind), slices.Max(behind))
		}
		fmt.Fprintf(&b, "| %s | %.3f | %s | %.1f %% | %s |\n", s.name, mean(s.mapr()), gap, 100*mean(s.recall()), s.chosen())
	}
	return b.Bytes()
}

// values returns one number of each of list.
func values[T any](list []T, of func(T) float64) []float64 {
	all := make([]float64, len(list))
	for i, x := range list {
		all[i] = of(x)
	}
	return all
}
