package network

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/backbone"
	graph "github.com/tfpair/tfpair/graphs/distance"
	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/augment"
)

// Own is what a program adds to the tables, by the names that its specs use. It is handed in
// wherever such a spec is resolved, and wherever a run that was trained by one is opened. The
// zero value adds nothing.
type Own struct {
	Augmentations map[string]augment.Row
	Backbones     map[string]backbone.Row
	Distances     map[string]Distance
	Losses        map[string]loss.Row
}

// Distance is a distance of one's own on both sides: as a graph computes it, and the same
// numbers in Go, by which embeddings are searched and compared.
type Distance struct {
	Graph graph.Row
	Go    distance.Distance
}

// Resolve is graphs.Resolve with what o adds. A distance without its side in Go is an error that wraps
// distance.ErrNone.
func (o Own) Resolve(s *spec.Spec) (*graphs.Parts, error) {
	rows := map[string]graph.Row{}
	for _, name := range slices.Sorted(maps.Keys(o.Distances)) {
		d := o.Distances[name]
		if err := d.Go.Given(); err != nil {
			return nil, fmt.Errorf("distance %q: Go: %w: make one with distance.New", name, err)
		}
		rows[name] = d.Graph
	}
	return graphs.Own{Backbones: o.Backbones, Distances: rows, Losses: o.Losses}.Resolve(s)
}

// DistancesInGo returns the distances of o as models.WithDistances takes them.
func (o Own) DistancesInGo() distance.Own {
	list := distance.Own{}
	for name, d := range o.Distances {
		list[name] = d.Go
	}
	return list
}
