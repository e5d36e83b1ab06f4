package train

import (
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/trained"
)

// WeightsError says that a run folder holds a training that started from other weights.
type WeightsError struct {
	Folder string
	Run    *models.Pretrained // nil where it started from random ones
	Given  models.Pretrained
}

func (e *WeightsError) Error() string {
	from := "random weights"
	if e.Run != nil {
		from = fmt.Sprintf("%s (SHA-256 %.12s…)", e.Run.File, e.Run.SHA256)
	}
	return fmt.Sprintf("run %q started from %s, and not from %s (SHA-256 %.12s…)", e.Folder, from,
		e.Given.File, e.Given.SHA256)
}

// usualSize is the side of the images, in pixels, of a backbone whose weights are looked at
// where no spec says another: that of ImageNet. It shapes no kernel of a convolution.
const usualSize = 224

// Backbone returns what the backbone of this name wants of a file of weights. Errors are
// those of session.Ready and graphs.BackboneVariables.
func Backbone(name string) (weights.Network, error) {
	if err := session.Ready(session.Options{}); err != nil {
		return weights.Network{}, err
	}
	variables, err := graphs.BackboneVariables(name, usualSize)
	if err != nil {
		return weights.Network{}, err
	}
	return weights.Network{Name: name, Shapes: network.BackboneShapes(variables)}, nil
}

// pretrained are weights that the backbone starts from, under the keys of its variables.
type pretrained struct {
	models.Pretrained
	tensors []checkpoint.Tensor
}

// importWeights maps the given weights, if there are any, to the variables of the backbone,
// before anything else takes time.
func (l *loop) importWeights() error {
	files := l.Weights
	if len(files) == 0 {
		return nil
	}
	l.Weights = nil // what is not imported need not stay in memory
	from, tensors, err := trained.Import(l.network, files)
	if err != nil {
		return err
	}
	l.pretrained = &pretrained{*from, tensors}
	return nil
}

// start sets the network to random weights, or its backbone to those given.
func (l *loop) start() error {
	seed := uint64(l.Spec.Train.Seed)
	if l.ensemble() {
		return l.startJoined()
	}
	if l.pretrained == nil {
		return l.network.Start(seed)
	}
	l.state.Pretrained = &l.pretrained.Pretrained
	return l.network.StartFrom(l.pretrained.tensors, seed)
}

// checkWeights refuses weights that are not those that the run started from.
func (l *loop) checkWeights(before *models.Pretrained) error {
	same := func(a, b models.Pretrained) bool { return a.SHA256 == b.SHA256 }
	if l.pretrained == nil || before != nil && slices.EqualFunc(before.All(), l.pretrained.All(), same) {
		return nil
	}
	return &WeightsError{l.folder.Path(), before, l.pretrained.Pretrained}
}
