package network

import (
	"strings"

	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/names"
)

// BackboneShapes returns the shapes of those variables that are a backbone's, by their
// keys: what imported weights must fill.
func BackboneShapes(variables []variable.Variable) map[string][]int64 {
	shapes := map[string][]int64{}
	for _, v := range variables {
		if strings.HasPrefix(v.Key, names.Backbone+"/") {
			shapes[v.Key] = v.Shape
		}
	}
	return shapes
}
