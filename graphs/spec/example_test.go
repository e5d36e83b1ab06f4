package spec_test

import (
	"fmt"
	"log"

	"github.com/tfpair/tfpair/graphs/spec"
)

// A spec is a preset with settings over it. A setting that does not exist is an error.
func Example() {
	s, err := spec.Preset("siamese")
	if err != nil {
		log.Fatal(err)
	}
	s, err = s.Set("loss=contrastive", "train.steps=500", "optimizer.adam.lr=0.002")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Topology, s.Loss.Name, s.Train.Steps)
	_, err = s.Set("train.stps=500")
	fmt.Println(err)
	// Output:
	// siamese contrastive 500
	// set "train.stps=500": unknown key "stps" (known: batch_size, steps, seed, val, test, folds, fold, unseen_classes, eval_every, threshold, select, patience, chunk, accumulate, interpolate, sync_bn, precision, ema); did you mean steps?
}
