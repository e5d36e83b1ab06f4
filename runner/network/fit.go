package network

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/head"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
)

// fitCalls are the runs that a Fit needs; nil: not prepared yet.
type fitCalls struct {
	images, features *session.Call
}

// Examples are training images as the head of a network sees them.
type Examples struct {
	Inputs  []float32 // [n,F], row-major, as HeadInput gives them
	Labels  []int32   // [n] class of each, in [0,Classes); nil where Labelled is false
	Classes int
}

// Fits reports whether the head starts from a closed form: Fit must then be called after Start.
func (n *Network) Fits() bool { return n.Parts.Head.Fit != nil }

// Labelled reports whether the closed form of the head reads the classes of images.
func (n *Network) Labelled() bool { return n.Parts.Head.Classes }

// HeadInput returns what the head sees [N,F], row-major, of pixels [N,S,S,3] uint8 RGB. The head must
// start from a closed form.
func (n *Network) HeadInput(pixels []uint8) ([]float32, error) {
	return n.headInput(&n.fit.images, names.Images, PixelsOf(pixels, n.size()))
}

// HeadInputOfFeatures is HeadInput of what the frozen part makes of images: features [N,F].
func (n *Network) HeadInputOfFeatures(features []float32) ([]float32, error) {
	return n.headInput(&n.fit.features, names.Features, n.features(features))
}

func (n *Network) headInput(call **session.Call, feed string, value session.Value) (_ []float32, err error) {
	if *call == nil {
		if *call, err = n.session.Prepare([]string{feed}, []string{names.HeadInput}, nil); err != nil {
			return nil, err
		}
	}
	values, err := (*call).Run(value)
	if err != nil {
		return nil, err
	}
	return session.Data[float32](values[0])
}

// Fit sets the head to its closed form of training images, and what follows it, such as a moving
// average, alike. Other variables stay as they are. Equal examples give equal values on one machine.
func (n *Network) Fit(x Examples, o session.Options) error {
	fitted, err := n.closedForm(x, o)
	if err != nil {
		return fmt.Errorf("closed form of head %q: %w", n.Parts.Spec.Head.Name, err)
	}
	c, err := n.Snapshot()
	if err != nil {
		return err
	}
	state := n.state()
	values := make([][]float32, len(state))
	for i, t := range append(c.Variables, c.Optimizer...) {
		values[i] = t.Data
		if data, ok := fitted[strings.TrimPrefix(t.Name, names.Live+"/")]; ok {
			values[i] = data
		}
	}
	return n.assign(state, values)
}

// closedForm returns the values of the head's variables, by key, for x.
func (n *Network) closedForm(x Examples, o session.Options) (_ map[string][]float32, err error) {
	width := n.HeadWidth()
	g, err := graphs.BuildFit(n.Parts, int64(width))
	if err != nil {
		return nil, err
	}
	s, err := session.Open(g, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	feeds := []string{names.HeadInput}
	given := []session.Value{session.Of(x.Inputs, int64(len(x.Inputs)/width), int64(width))}
	if n.Labelled() {
		feeds = append(feeds, names.Labels, names.Classes)
		given = append(given, session.Vector(x.Labels), session.Scalar(int32(x.Classes)))
	}
	keys := []string{names.Head + "/" + head.Kernel, names.Head + "/" + head.Bias}
	call, err := s.Prepare(feeds, keys, nil)
	if err != nil {
		return nil, err
	}
	values, err := call.Run(given...)
	if err != nil {
		return nil, err
	}
	fitted := make(map[string][]float32, len(keys))
	for i, key := range keys {
		if fitted[key], err = session.Data[float32](values[i]); err != nil {
			return nil, err
		}
	}
	return fitted, nil
}

// HeadWidth returns F, how many features a head that starts from a closed form sees of an image.
func (n *Network) HeadWidth() int {
	for _, v := range n.Graph.Variables {
		if v.Key == names.Head+"/"+head.Kernel {
			return int(v.Shape[0])
		}
	}
	return 0 // no head with a closed form lacks the variable
}
