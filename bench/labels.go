package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// pretrainedSettings are EfficientNet-Lite0 with the weights of ImageNet and nothing
// behind it, which is measured as it is.
var pretrainedSettings = []string{
	"backbone=efficientnet-lite0",
	"distance=cosine",
	"loss=infonce",
	"target.side=shared",
	"train.steps=0",
}

// headSettings train a linear layer on features that are computed once. They were chosen
// on photos for validation alone.
var headSettings = []string{
	"backbone={efficientnet-lite0: {freeze: all}}",
	"head={linear: {embedding_dim: 512}}",
	"distance=cosine",
	"loss={infonce: {temperature: 0.2}}",
	"target.side=shared",
	"sampler={labels: {against: gallery}}",
	"schedule=cosine",
	"optimizer.adam.lr=3e-3",
	"train.batch_size=64",
	"train.steps=300",
	"train.eval_every=300",
}

// labelSearch is the search of test photos among the pictures that stand for them.
type labelSearch struct {
	Recall1  measured  `json:"recall@1"`
	Recall5  measured  `json:"recall@5"`
	Nearest1 *measured `json:"nearest_photo_recall@1,omitempty"` // class of the nearest training photo
	Seconds  float64   `json:"seconds"`                          // process start to end, training and test
}

// labels measures photos of groceries among pictures of products: as features of imported
// weights find them, and with a head trained on these features.
func labels(ctx context.Context, o options) error {
	l, r, err := openLabels(ctx, o, "labels")
	if err != nil {
		return err
	}
	zero, err := row(o, r, "zero-shot", func() (labelSearch, error) { return l.zeroShot(ctx) })
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "zero-shot: recall@1 %.1f %%, recall@5 %.1f %%; nearest training photo %.1f %%\n",
		100*zero.Recall1.Value, 100*zero.Recall5.Value, 100*zero.Nearest1.Value)
	var first, fifth, seconds []float64
	for seed := range o.seeds {
		x, err := row(o, r, fmt.Sprintf("head/seed=%d", seed), func() (labelSearch, error) {
			x, _, err := l.search(ctx, training{settings: headSettings}, seed)
			return x, err
		})
		if err != nil {
			return err
		}
		first, fifth = append(first, 100*x.Recall1.Value), append(fifth, 100*x.Recall5.Value)
		seconds = append(seconds, x.Seconds)
	}
	fmt.Fprintf(o.out, "head on cached features, %d seeds: recall@1 %.1f %% (%.1f to %.1f), recall@5 %.1f %%, "+
		"%.0f s from process start\n", len(first), mean(first), spread(first).Low, spread(first).High,
		mean(fifth), spread(seconds).High)
	return nil
}

// openLabels opens the results of a command, and what it measures.
func openLabels(ctx context.Context, o options, command string) (l labelBench, r *results, err error) {
	if r, err = openResults(o, command); err != nil {
		return l, nil, err
	}
	l = labelBench{options: o, folder: o.grocery()}
	l.weights, err = fetchWeights(ctx, o)
	return l, r, err
}

// fetchWeights returns the file of EfficientNet-Lite0's weights, fetched if it is not there.
func fetchWeights(ctx context.Context, o options) (string, error) {
	c, err := start(ctx, "tfpair weights", []string{o.tfpair, "weights", "fetch", "efficientnet-lite0", "--json"})
	if err != nil {
		return "", err
	}
	var fetched struct{ File string }
	if err := c.await("fetched", &fetched); err != nil {
		return "", err
	}
	return fetched.File, c.end()
}

// labelBench are the lists of photos of groceries, and weights.
type labelBench struct {
	options options
	folder  string
	weights string
}

func (l labelBench) list(split string) string {
	return filepath.Join(l.folder, "image_label_"+split+".csv")
}

// zeroShot measures imported weights.
func (l labelBench) zeroShot(ctx context.Context) (labelSearch, error) {
	x, reports, err := l.search(ctx, training{settings: pretrainedSettings, tests: [][]string{
		{"--data", l.list("test"), "--gallery", l.list("train")}}}, 0)
	if err != nil {
		return x, err
	}
	nearest, err := reports[1].find("recall@1")
	x.Nearest1 = &nearest
	return x, err
}

// search is t on the lists, from the imported weights: test photos are searched first, and
// then what t says.
func (l labelBench) search(ctx context.Context, t training, seed int) (
	x labelSearch, reports []report, err error) {
	t.data, t.preset = l.list("train"), "image-label"
	t.arguments = append(t.arguments, "--val", l.list("val"), "--weights", l.weights)
	t.tests = append([][]string{{"--data", l.list("test")}}, t.tests...)
	if reports, x.Seconds, err = t.run(ctx, l.options, seed); err != nil {
		return x, nil, err
	}
	if x.Recall1, err = reports[0].find("recall@1"); err != nil {
		return x, nil, err
	}
	x.Recall5, err = reports[0].find("recall@5")
	return x, reports, err
}
