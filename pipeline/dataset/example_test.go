package dataset_test

import (
	"fmt"
	"log"
	"testing/fstest"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// A folder for each class, and a part of the images held out for validation and test.
func Example() {
	files := fstest.MapFS{}
	for _, class := range []string{"apple", "bread"} {
		for i := range 20 {
			files[fmt.Sprintf("photos/%s/%02d.jpg", class, i)] = &fstest.MapFile{}
		}
	}
	data, err := dataset.Open(dataset.Options{Data: "photos", FS: files}) // without FS: files of the system
	if err != nil {
		log.Fatal(err)
	}
	defer data.Close()
	if err := data.Assign(dataset.SplitOptions{Val: 0.1, Test: 0.2, Seed: 1}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(data.Classes)
	for _, split := range data.Splits() {
		fmt.Println(split, len(data.In(split).Images))
	}
	// Output:
	// [apple bread]
	// train 28
	// val 4
	// test 8
}
