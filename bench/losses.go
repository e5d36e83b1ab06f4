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

// lossSteps is the length of a training on mnist-small.
const lossSteps = 300

// carried is how many of the losses go on to Omniglot.
const carried = 4

// contender is a loss with what it is trained with, at its own defaults: 60 images of 10
// classes in a batch.
type contender struct {
	name     string
	settings []string
}

func contenders() []contender {
	classes := []string{"distance=cosine"}
	list := []contender{
		{"bce", nil},
		{"contrastive", nil},
		{"triplet", []string{"topology=triplet", "distance=sqeuclidean"}},
		{"triplet, semihard", []string{"topology=triplet", "distance=sqeuclidean", "miner=semihard"}},
		{"triplet, hard", []string{"topology=triplet", "miner=hard"}},
		{"triplet, hard, soft", []string{"topology=triplet", "miner=hard", "loss.triplet.soft=true"}},
	}
	for _, name := range []string{"supcon", "infonce", "multisimilarity", "circle", "npair", "proxyanchor", "arcface"} {
		list = append(list, contender{name, append(classes, "loss="+name)})
	}
	return append(list, contender{"crossbatch, supcon", append(classes, "loss={crossbatch: {loss: {supcon: {}}}}")})
}

// set returns all settings of a training on images of 10 classes.
func (c contender) set() []string {
	set := []string{"sampler={balanced: {images_per_class: 6}}", "train.batch_size=60",
		fmt.Sprintf("train.steps=%d", lossSteps), fmt.Sprintf("train.eval_every=%d", lossSteps)}
	if c.loss() != "" {
		set = append(set, "loss="+c.loss())
	}
	return append(set, c.settings...)
}

// loss returns the name of the loss where the settings do not name it.
func (c contender) loss() string {
	if slices.ContainsFunc(c.settings, func(s string) bool { return strings.HasPrefix(s, "loss=") }) {
		return ""
	}
	name, _, _ := strings.Cut(c.name, ",")
	return name
}

// scored is what a loss came to on mnist-small, on the test pairs and as a search in train.
type scored struct {
	AUC      float64 `json:"auc"`
	Accuracy float64 `json:"accuracy"`
	Recall1  float64 `json:"recall@1"`
	Seconds  float64 `json:"seconds"`
}

// standing is a contender with its means over seeds, and its Omniglot error where it has one.
type standing struct {
	contender
	scored
	spread  float64 // of the AUC over the seeds: highest less lowest
	oneShot *oneShot
}

// losses measures every loss on mnist-small and the best on Omniglot, and writes the page.
func losses(ctx context.Context, o options) error {
	r, err := openResults(o, "losses")
	if err != nil {
		return err
	}
	var list []standing
	for _, c := range contenders() {
		s, err := onMNIST(ctx, o, r, c)
		if err != nil {
			return err
		}
		list = append(list, s)
	}
	slices.SortStableFunc(list, func(a, b standing) int { return cmp.Compare(b.AUC, a.AUC) })
	for i := range list[:carried] {
		if err := list[i].onOmniglot(ctx, o, r); err != nil {
			return err
		}
	}
	if err := renameio.WriteFile(lossesPage, page(list, o.seeds), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", lossesPage, err)
	}
	fmt.Fprintf(o.out, "wrote %s\n", lossesPage)
	return nil
}

func onMNIST(ctx context.Context, o options, r *results, c contender) (standing, error) {
	s := standing{contender: c}
	var auc []float64
	for seed := range o.seeds {
		x, err := row(o, r, fmt.Sprintf("mnist/%s/seed=%d", c.name, seed), func() (scored, error) {
			return scoreOf(ctx, o, c, seed)
		})
		if err != nil {
			return s, err
		}
		auc = append(auc, x.AUC)
		n := float64(o.seeds)
		s.AUC, s.Accuracy, s.Recall1, s.Seconds = s.AUC+x.AUC/n, s.Accuracy+x.Accuracy/n, s.Recall1+x.Recall1/n, s.Seconds+x.Seconds/n
	}
	s.spread = slices.Max(auc) - slices.Min(auc)
	return s, nil
}

func scoreOf(ctx context.Context, o options, c contender, seed int) (x scored, err error) {
	t := training{data: archive(o), settings: c.set(),
		tests: [][]string{onTestPairs(o), {"--data", archive(o), "--gallery", "train"}}}
	reports, seconds, err := t.run(ctx, o, seed)
	if err != nil {
		return x, err
	}
	x.Seconds = seconds
	for _, of := range []struct {
		name string
		from report
		to   *float64
	}{{"auc", reports[0], &x.AUC}, {"accuracy", reports[0], &x.Accuracy}, {"recall@1", reports[1], &x.Recall1}} {
		m, err := of.from.find(of.name)
		if err != nil {
			return x, err
		}
		*of.to = m.Value
	}
	return x, nil
}

// onOmniglot trains the backbone of command omniglot with the loss of s, one seed.
func (s *standing) onOmniglot(ctx context.Context, o options, r *results) error {
	x, err := row(o, r, "omniglot/"+s.name+"/seed=0", func() (oneShot, error) {
		settings := append(slices.Clone(omniglotSettings), "train.steps=400", "train.eval_every=400")
		if s.loss() != "" {
			settings = append(settings, "loss="+s.loss())
		}
		return oneShotOf(ctx, o, background(o, 1), 0, append(settings, s.settings...)...)
	})
	s.oneShot = &x
	return err
}

// page is docs/losses.md.
func page(list []standing, seeds int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Losses

How good is each loss at its defaults? [choosing.md](choosing.md) says when to take which; this page has the measurements.

| what | how |
|---|---|
| network | the tower of preset `+"`siamese`"+` |
| training | mnist-small, %d steps of 60 images (six of each of ten classes), 10 %% of each class held out for validation |
| AUC, accuracy | on the 5,000 fixed test pairs, mean of %d seeds; "highest − lowest" is the spread of the AUC |
| recall@1 | each test image is searched among the training images, mean of the seeds |
| seconds | process start to end, on two cores of a shared machine; they vary by a third and more |
| Omniglot error | 20-way one-shot error on Lake's 20 runs, one seed. Trained on small1, for a third of the steps of the benchmark `+"`omniglot`"+`. Of 400 questions, ± 2 points are noise |

Read the last column with care: its network, learning rate and distance were chosen for supcon at a temperature of 0.05. The others
would do better with settings of their own. The page is written by `+"`go -C bench run . losses`"+`; do not edit it.

| loss | AUC | highest − lowest | accuracy | recall@1 | seconds | Omniglot error |
|---|---|---|---|---|---|---|
`, lossSteps, seeds)
	for _, s := range list {
		error := ""
		if s.oneShot != nil {
			error = fmt.Sprintf("%.1f %%", 100*s.oneShot.Error.Value)
		}
		fmt.Fprintf(&b, "| %s | %.4f | %.4f | %.2f %% | %.2f %% | %.0f | %s |\n", s.name, s.AUC, s.spread,
			100*s.Accuracy, 100*s.Recall1, s.Seconds, error)
	}
	return b.Bytes()
}
