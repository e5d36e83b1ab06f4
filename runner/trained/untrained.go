package trained

import (
	"errors"
	"path/filepath"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/runner/network"
)

// Untrained opens the network of p with the weights of a file in its backbone, before any
// training. It has no threshold and no data. Errors are those of network.Open and Import.
func Untrained(p *graphs.Parts, f *weights.File, own network.Own, o session.Options) (*Model, error) {
	n, err := network.Open(p, own, o)
	if err != nil {
		return nil, err
	}
	from, tensors, err := Import(n, f)
	if err == nil {
		err = n.StartFrom(tensors, uint64(p.Spec.Train.Seed))
	}
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return &Model{Network: n, Spec: p.Spec, State: State{Pretrained: from, BestStep: -1}}, nil
}

// NoThreshold is the threshold of a model that has none: no distance is accepted.
var NoThreshold = distance.Threshold{Value: -1}

// Import returns the tensors of f under the keys of n's backbone, and what f is. Errors are
// *weights.OptionsError and *weights.Error.
func Import(n *network.Network, f *weights.File) (*models.Pretrained, []checkpoint.Tensor, error) {
	choice := n.Parts.Spec.Backbone
	if err := f.Check(choice); err != nil {
		return nil, nil, err
	}
	imported, err := f.Import(weights.Network{Name: choice.Name, Shapes: network.BackboneShapes(n.Graph.Variables)})
	if err != nil {
		return nil, nil, err
	}
	return &models.Pretrained{File: filepath.Base(f.Path), SHA256: f.SHA256, Format: f.Format,
		Layout: imported.Layout.Name}, imported.Tensors, nil
}
