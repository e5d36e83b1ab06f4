package index_test

import (
	"fmt"
	"log"

	"github.com/tfpair/tfpair/models/index"
)

// Three embeddings of length 2, and the two that are nearest to
// another one by the squared Euclidean distance.
func Example() {
	about := index.About{Kind: "flat", Space: "of the model that embedded", Distance: "sqeuclidean", Dim: 2}
	items := []index.Item{{ID: "a.jpg", Class: "apple"}, {ID: "b.jpg", Class: "bread"}, {ID: "c.jpg", Class: "apple"}}
	x, err := index.New(about, items, []float32{0, 0, 8, 6, 3, 4})
	if err != nil {
		log.Fatal(err)
	}
	found, err := x.Search([]float32{0, 0}, 2)
	if err != nil {
		log.Fatal(err)
	}
	for _, n := range found[0] {
		fmt.Println(x.Item(n.Row).ID, x.Item(n.Row).Class, n.Distance)
	}
	// Output:
	// a.jpg apple 0
	// c.jpg apple 25
}
