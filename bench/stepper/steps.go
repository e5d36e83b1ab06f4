package main

import (
	"errors"
	"math/rand/v2"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/runner/network"
)

// resNet are settings over program 1 that train ResNet50 as the peers do: see
// large_batch of bench/peers/protocol.py for the loss.
var resNet = []string{
	"input.size=224",
	"backbone=resnet50",
	"head=none",
	"loss=contrastive",
	"train.batch_size=4",
}

// lite are settings over program 1 whose frozen part gives the features of EfficientNet-Lite0.
var lite = []string{
	"input.size=224",
	"backbone={efficientnet-lite0: {freeze: all}}",
	"head=linear",
	"loss=contrastive",
}

// open returns the network of a preset with settings, at its start.
func open(preset string, settings []string) (*network.Network, *spec.Spec, error) {
	s, err := spec.Preset(preset)
	if err != nil {
		return nil, nil, err
	}
	if s, err = s.Set(settings...); err != nil {
		return nil, nil, err
	}
	parts, err := graphs.Resolve(s)
	if err != nil {
		return nil, nil, err
	}
	n, err := network.Open(parts, network.Own{}, session.Options{})
	if err != nil {
		return nil, nil, err
	}
	return n, s, n.Start(0)
}

// train makes training steps of a preset with settings, of a batch that make returns.
func train(preset string, settings []string, make func(*spec.Spec) *pipeline.Batch) error {
	n, s, err := open(preset, settings)
	if err != nil {
		return err
	}
	defer n.Close()
	batch, steps := make(s), 0
	return serve(func() error {
		_, err := n.Step(batch, steps)
		steps++
		return err
	})
}

// extract computes features as a training with a feature cache does.
func extract() (err error) {
	n, s, err := open(spec.DefaultPreset, lite)
	if err != nil {
		return err
	}
	defer n.Close()
	frozen, err := n.OpenFrozen(session.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, frozen.Close()) }()
	pixels := noise(32, s.Input.Size)
	return serve(func() error {
		_, err := frozen.Features(pixels)
		return err
	})
}

// noise returns images [N,S,S,3] of noise, no image twice: what a step costs does not
// depend on what it sees.
func noise(images, size int) []uint8 {
	r := rand.New(rand.NewPCG(0, 0))
	pixels := make([]uint8, images*size*size*3)
	for i := range pixels {
		pixels[i] = uint8(r.UintN(256))
	}
	return pixels
}

// pairs returns a batch of pairs of noise.
func pairs(s *spec.Spec) *pipeline.Batch {
	n, size := s.Train.BatchSize, s.Input.Size
	b := &pipeline.Batch{Size: size, Pixels: noise(2*n, size)}
	for i := range n {
		b.Left, b.Right = append(b.Left, int32(2*i)), append(b.Right, int32(2*i+1))
		b.Same = append(b.Same, float32(i%2))
	}
	return b
}

// triplets returns a batch of triplets of noise.
func triplets(s *spec.Spec) *pipeline.Batch {
	n, size := int32(s.Train.BatchSize), s.Input.Size
	b := &pipeline.Batch{Size: size, Pixels: noise(3*s.Train.BatchSize, size)}
	for i := range n { // images 3i, 3i+1 and 3i+2, in pairs 2i and 2i+1
		b.Left, b.Right = append(b.Left, 3*i, 3*i), append(b.Right, 3*i+1, 3*i+2)
		b.Anchor, b.Positive, b.Negative = append(b.Anchor, 3*i), append(b.Positive, 2*i), append(b.Negative, 2*i+1)
	}
	return b
}
