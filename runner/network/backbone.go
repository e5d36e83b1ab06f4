package network

import (
	"strings"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/names"
)

// BackboneShapes returns the shapes of the variables of g's backbone by their keys: what
// imported weights must fill.
func BackboneShapes(g *graphs.Graph) map[string][]int64 {
	shapes := map[string][]int64{}
	for _, v := range g.Variables {
		if strings.HasPrefix(v.Key, names.Backbone+"/") {
			shapes[v.Key] = v.Shape
		}
	}
	return shapes
}
