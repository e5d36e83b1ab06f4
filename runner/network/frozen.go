package network

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
)

// form is part of every Frozen.Sum: what computes other features of the same has another.
const form = "tfpair frozen part 3: batch norm folded, ResNet50 without the pixels that nobody reads"

// Frozen is the part of a network that is never trained, with its weights in place. It
// is a network of its own, built to answer fast. One goroutine at a time may use it.
type Frozen struct {
	Sum [sha256.Size]byte // of all that makes features of pixels

	length  int // F
	size    int // side of the images
	session *session.Session
	call    *session.Call
}

// OpenFrozen opens the frozen part of n, with its weights. It must have such a part: see
// graphs.Graph.Features.
func (n *Network) OpenFrozen(o session.Options) (*Frozen, error) {
	weights, sum, err := n.frozenWeights()
	if err != nil {
		return nil, err
	}
	g, err := graphs.BuildFrozen(n.Parts, weights)
	if err != nil {
		return nil, err
	}
	o.Rewrite = true
	opened, err := session.Open(g, o)
	if err != nil {
		return nil, err
	}
	f := &Frozen{Sum: sum, length: n.FeatureLength(), size: n.size(), session: opened}
	f.call, err = opened.Prepare([]string{names.Images}, []string{names.Features}, nil)
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return f, nil
}

// frozenWeights returns the weights of the frozen part by key, and their sum together with
// what the spec says of it.
func (n *Network) frozenWeights() (map[string][]float32, [sha256.Size]byte, error) {
	var reads []string
	for _, v := range n.Graph.Frozen {
		reads = append(reads, v.Key+names.Read)
	}
	var sum [sha256.Size]byte
	read, err := n.session.Prepare(nil, reads, nil)
	if err != nil {
		return nil, sum, err
	}
	values, err := read.Run()
	if err != nil {
		return nil, sum, err
	}
	sections, err := sectionsOf(n.Parts.Spec)
	if err != nil {
		return nil, sum, err
	}
	h, weights := sha256.New(), map[string][]float32{} // a hash takes all
	fmt.Fprintf(h, "%s\n%s\n", form, sections)
	for i, v := range n.Graph.Frozen {
		data, err := session.Data[float32](values[i])
		if err != nil {
			return nil, sum, fmt.Errorf("read %q: %w", v.Key, err)
		}
		fmt.Fprintf(h, "%s %v\n", v.Key, v.Shape)
		var bits []byte
		for _, x := range data {
			bits = binary.LittleEndian.AppendUint32(bits, math.Float32bits(x))
		}
		h.Write(bits)
		weights[v.Key] = data
	}
	return weights, [sha256.Size]byte(h.Sum(nil)), nil
}

// sectionsOf returns what s says of the frozen part and of what it is shown, as JSON.
func sectionsOf(s *spec.Spec) ([]byte, error) {
	text, err := s.JSON()
	if err != nil {
		return nil, err
	}
	var sections struct {
		Backbone json.RawMessage `json:"backbone"`
		Input    json.RawMessage `json:"input"`
		Embed    json.RawMessage `json:"embed,omitempty"`
	}
	if err := json.Unmarshal(text, &sections); err != nil {
		return nil, fmt.Errorf("read spec: %w", err)
	}
	return json.Marshal(sections)
}

// Features returns features [N,F], row-major, of pixels [N,S,S,3] uint8 RGB.
func (f *Frozen) Features(pixels []uint8) ([]float32, error) {
	values, err := f.call.Run(PixelsOf(pixels, f.size))
	if err != nil {
		return nil, err
	}
	return session.Data[float32](values[0])
}

// Close frees the session and the weights in it.
func (f *Frozen) Close() error { return f.session.Close() }

// FeatureLength returns F, how many numbers the frozen part makes of an image, or 0 where
// nothing is frozen.
func (n *Network) FeatureLength() int {
	if n.Graph.Features == nil {
		return 0
	}
	length := int64(1)
	for _, size := range n.Graph.Features {
		length *= size
	}
	return int(length)
}

// features returns features [N,F] as a Value of the shape that the graph has.
func (n *Network) features(features []float32) session.Value {
	images := int64(len(features) / n.FeatureLength())
	return session.Of(features, append([]int64{images}, n.Graph.Features...)...)
}

// EmbedFeatures is Embed of what the frozen part makes of images: features [N,F].
func (n *Network) EmbedFeatures(features []float32) ([]float32, error) {
	values, err := n.embedFeatures.Run(n.features(features))
	if err != nil {
		return nil, err
	}
	return session.Data[float32](values[0])
}
