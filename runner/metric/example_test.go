package metric_test

import (
	"fmt"
	"log"

	"github.com/tfpair/tfpair/runner/metric"
)

// Distances of six pairs, three of them of the same thing: how well they tell same from
// different, and the threshold that tells them best.
func Example() {
	distance := []float32{1, 2, 6, 5, 7, 9}
	same := []bool{true, true, true, false, false, false}
	pairs, err := metric.Score(distance, same, nil)
	if err != nil {
		log.Fatal(err)
	}
	threshold, accuracy := metric.Calibrate(pairs.Curve())
	fmt.Printf("AUC %.3f: 8 of the 9 ways to take a same and a different pair are in order\n", metric.AUC(pairs.Curve()))
	fmt.Printf("same where distance <= %g: right for %.0f of 6\n", threshold, 6*accuracy)
	// Output:
	// AUC 0.889: 8 of the 9 ways to take a same and a different pair are in order
	// same where distance <= 3.5: right for 5 of 6
}
