package network

import (
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/pipeline"
)

// Update is what a step tells of its batch, as it was before the update.
type Update struct {
	Loss   float32
	Active float32 // share of the tuples that cost something, in [0,1]
}

// updates are what is fetched for an Update.
var updates = []string{names.Loss, names.Active}

// stepFeeds returns the names of what a step is fed where the network sees images, or what
// its frozen part makes of them.
func (n *Network) stepFeeds(seen string) []string {
	return append(n.tupleNames(), seen, names.LearningRate, names.Step)
}

// stepValues returns the values of stepFeeds.
func (n *Network) stepValues(b *pipeline.Batch, step int) []session.Value {
	_, seen := n.seen(b)
	return append(n.valuesOf(b), seen, session.Scalar(n.Parts.LearningRate(step)),
		session.Scalar(float32(step)))
}

// Step makes one update with b. The number of updates done before, step, sets the
// learning rate. A batch of more than train.chunk images is embedded in chunks.
func (n *Network) Step(b *pipeline.Batch, step int) (Update, error) {
	if n.inChunks(b) {
		u, gradients, err := n.chunkGradients(b, step)
		if err != nil {
			return Update{}, err
		}
		return u, n.Apply(gradients, step)
	}
	train := n.train
	if len(b.Features) > 0 {
		train = n.trainFeatures
	}
	values, err := train.Run(n.stepValues(b, step)...)
	if err != nil {
		return Update{}, err
	}
	return updateOf(values)
}

// updateOf reads the values of updates.
func updateOf(values []session.Value) (u Update, err error) {
	for i, to := range []*float32{&u.Loss, &u.Active} {
		if *to, err = scalar(values[i]); err != nil {
			return Update{}, err
		}
	}
	return u, nil
}

// stepParts are the runs of a step that is taken apart; nil: not prepared yet.
type stepParts struct {
	gradients         *session.Call
	gradientsFeatures *session.Call
	apply             *session.Call
}

// Gradients returns the gradient of b's loss of each variable in Graph.Trained, in this order,
// under its key. Trained weights stay as they are; what a step changes beside them, such as
// the averages of batch norm, has moved. Gradients of several batches may be averaged, looked
// at, or reduced across machines before Apply.
func (n *Network) Gradients(b *pipeline.Batch, step int) (Update, []checkpoint.Tensor, error) {
	if n.inChunks(b) {
		return n.chunkGradients(b, step)
	}
	call, seen := &n.parts.gradients, names.Images
	if len(b.Features) > 0 {
		call, seen = &n.parts.gradientsFeatures, names.Features
	}
	if *call == nil {
		fetches := slices.Clone(updates)
		for _, v := range n.Graph.Trained {
			fetches = append(fetches, v.Key+names.Gradient)
		}
		var err error
		*call, err = n.session.Prepare(n.stepFeeds(seen), fetches, []string{names.Statistics})
		if err != nil {
			return Update{}, nil, err
		}
	}
	values, err := (*call).Run(n.stepValues(b, step)...)
	if err != nil {
		return Update{}, nil, err
	}
	u, err := updateOf(values)
	if err != nil {
		return Update{}, nil, err
	}
	gradients := make([]checkpoint.Tensor, len(n.Graph.Trained))
	for i, v := range n.Graph.Trained {
		data, err := session.Data[float32](values[len(updates)+i])
		if err != nil {
			return Update{}, nil, fmt.Errorf("read the gradient of %q: %w", v.Key, err)
		}
		gradients[i] = checkpoint.Tensor{Name: v.Key, Shape: v.Shape, Data: data}
	}
	return u, gradients, nil
}

// applyFeeds is what Apply is fed beside gradients, before these.
var applyFeeds = []string{names.LearningRate, names.Step}

// applying returns the run of Apply.
func (n *Network) applying() (*session.Call, error) {
	if n.parts.apply == nil {
		feeds := slices.Clone(applyFeeds)
		for _, v := range n.Graph.Trained {
			feeds = append(feeds, v.Key+names.Gradient+names.Value)
		}
		var err error
		if n.parts.apply, err = n.session.Prepare(feeds, nil, []string{names.Apply}); err != nil {
			return nil, err
		}
	}
	return n.parts.apply, nil
}

// Apply makes the update of weights that Step makes, by gradients as Gradients returns them,
// one for each variable in Graph.Trained. Gradients of a batch, then Apply of them, are a Step
// of the batch. Options of the optimizer, such as clip_norm, act here.
func (n *Network) Apply(gradients []checkpoint.Tensor, step int) error {
	apply, err := n.applying()
	if err != nil {
		return err
	}
	data, err := match(n.Graph.Trained, gradients)
	if err != nil {
		return fmt.Errorf("apply gradients: %w", err)
	}
	values := []session.Value{session.Scalar(n.Parts.LearningRate(step)), session.Scalar(float32(step))}
	for i, v := range n.Graph.Trained {
		values = append(values, session.Of(data[i], v.Shape...))
	}
	_, err = apply.Run(values...)
	return err
}
