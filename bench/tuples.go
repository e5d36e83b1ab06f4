package main

import (
	"context"
	"fmt"
)

// Settings chosen on validation data of mnist-small, 10 % of each class of train.
var (
	// speedSettings reach the AUC of Keras' program 1 with few images embedded.
	speedSettings = []string{
		"loss=supcon",
		"distance=cosine",
		"sampler={balanced: {images_per_class: 6}}",
		"train.batch_size=60",
		"train.steps=150",
		"train.eval_every=150",
	}
	// decaySettings end program 2 with small steps: it has no other change.
	decaySettings = []string{"schedule=cosine"}
	// accuracySettings train longer, to more than Keras ends with.
	accuracySettings = []string{
		"loss=supcon",
		"distance=cosine",
		"sampler={balanced: {images_per_class: 6}}",
		"train.batch_size=60",
		"train.steps=600",
		"train.eval_every=200",
	}
)

// race is tfpair against Keras' program 1, one directly after the other.
type race struct {
	Keras    outcome `json:"keras"`
	Speed    outcome `json:"speed"`    // tfpair with speedSettings
	Accuracy outcome `json:"accuracy"` // tfpair with accuracySettings
}

// triplets is what program 2 came to.
type triplets struct {
	AUC     float64 `json:"auc"`
	Recall1 float64 `json:"recall@1"` // of test images in train
	Seconds float64 `json:"seconds"`
}

// tuplesRows are what command tuples can measure.
var tuplesRows = []string{"race", "program2", "program2/cosine"}

// tuples measures what more tuples from each embedded image are worth.
func tuples(ctx context.Context, o options) error {
	r, err := openResults(o, "tuples")
	if err != nil {
		return err
	}
	for _, name := range o.rows {
		switch name {
		case "race":
			err = races(ctx, o, r)
		case "program2":
			err = programs2(ctx, o, r, name)
		case "program2/cosine":
			err = programs2(ctx, o, r, name, decaySettings...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// programs2 trains program 2 with each seed.
func programs2(ctx context.Context, o options, r *results, id string, settings ...string) error {
	var auc, recall []float64
	for seed := range o.seeds {
		x, err := row(o, r, fmt.Sprintf("%s/seed=%d", id, seed), func() (triplets, error) {
			return program2(ctx, o, seed, settings)
		})
		if err != nil {
			return err
		}
		auc, recall = append(auc, x.AUC), append(recall, x.Recall1)
	}
	fmt.Fprintf(o.out, "%s (%d seeds): AUC %.4f, recall@1 %.4f (test in train)\n", id, o.seeds,
		mean(auc), mean(recall))
	return nil
}

// races goes through seeds until enough of Keras' trainings did train.
func races(ctx context.Context, o options, r *results) error {
	var speed, accuracy, share []float64
	for seed := 0; len(speed) < o.seeds && seed < 4*o.seeds; seed++ {
		x, err := row(o, r, fmt.Sprintf("race/seed=%d", seed), func() (race, error) { return raceOf(ctx, o, seed) })
		if err != nil {
			return err
		}
		if x.Keras.isCollapsed() {
			continue
		}
		if x.Speed.AUC < x.Keras.AUC {
			fmt.Fprintf(o.out, "seed %d: AUC %.4f does not reach Keras' %.4f\n", seed, x.Speed.AUC, x.Keras.AUC)
		}
		speed = append(speed, x.Keras.Seconds/x.Speed.Seconds)
		accuracy = append(accuracy, x.Accuracy.Accuracy)
		share = append(share, x.Accuracy.Seconds/x.Keras.Seconds)
	}
	if len(speed) == 0 {
		return fmt.Errorf("no training of Keras' trained")
	}
	fmt.Fprintf(o.out, "to Keras' AUC: %.1f times as fast (%.1f to %.1f in %d seeds)\n",
		spread(speed).Median, spread(speed).Low, spread(speed).High, len(speed))
	fmt.Fprintf(o.out, "accuracy %.2f %% in %.2f of Keras' time\n", 100*mean(accuracy), spread(share).Median)
	return nil
}

// raceOf is one seed. Where Keras stays at chance, tfpair does not run.
func raceOf(ctx context.Context, o options, seed int) (x race, err error) {
	if x.Keras, err = trainPython(ctx, o, trial{peer: "keras"}, seed); err != nil || x.Keras.isCollapsed() {
		return x, err
	}
	if x.Speed, err = trainTFPair(ctx, o, seed, speedSettings...); err != nil {
		return x, err
	}
	x.Accuracy, err = trainTFPair(ctx, o, seed, accuracySettings...)
	return x, err
}

// program2 is the preset triplet, on the fixed test pairs and as a search in train.
func program2(ctx context.Context, o options, seed int, settings []string) (x triplets, err error) {
	t := training{data: archive(o), preset: "triplet", settings: settings,
		tests: [][]string{onTestPairs(o), {"--data", archive(o), "--gallery", "train"}}}
	reports, seconds, err := t.run(ctx, o, seed)
	if err != nil {
		return x, err
	}
	auc, err := reports[0].find("auc")
	if err != nil {
		return x, err
	}
	recall, err := reports[1].find("recall@1")
	return triplets{auc.Value, recall.Value, seconds}, err
}
