package network

import (
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/pipeline"
)

// Peers are the processes that make each step together; collective.Group is one. All call the same methods in
// the same order, with vectors of equal lengths, and get the same bits.
type Peers interface {
	Rank() int // of this process
	Size() int // processes
	// Sum replaces v by the sum over all processes.
	Sum(v []float32) error
	// SumTo is Sum of a vector that lies in the pieces of from, to those of to. A piece may be in both. Where it fails, their memory
	// may still be in use.
	SumTo(to, from [][]float32) error
	// ShareFloats gives all processes what each has in its own place of v, with zeros in the places of others.
	ShareFloats(v []float32) error
}

// SharedStep is Step of a batch that several processes embed, each its Own images. Their networks must be alike
// before, and are alike afterwards to the last bit. The Parts of the network must be Shared.
//
//	own images → embeddings, shared → loss of the whole batch → its gradient of own embeddings → gradients, summed → Apply
//
// Own images go through the network once, and with train.chunk twice.
// It is the update that one process makes of the batch, to rounding, but that dropout, and batch norm without
// train.sync_bn, see the images of one process, or train.chunk of them, by themselves.
func (n *Network) SharedStep(b *pipeline.Batch, step int, p Peers) (Update, error) {
	u, gradients, err := n.SharedGradients(b, step, p)
	if err != nil {
		return Update{}, err
	}
	return u, n.Apply(gradients, step)
}

// SharedGradients is Gradients of such a batch: those of the whole batch, in all processes. They lie in memory that the next
// shared step uses again.
func (n *Network) SharedGradients(b *pipeline.Batch, step int, p Peers) (Update, []checkpoint.Tensor, error) {
	if n.chunk.seen == "" {
		if err := n.prepareChunks(names.Images); err != nil { // there may be no image for this process
			return Update{}, nil, err
		}
	}
	v, err := n.vector()
	if err != nil {
		return Update{}, nil, err
	}
	u, held, err := n.ownGradients(b, step, p, v.gradients)
	if err != nil {
		return Update{}, nil, err
	}
	if err := n.sumOver(v, held, b, p); err != nil {
		return Update{}, nil, err // and whoever still adds up reads what is held
	}
	held.Free()
	return u, v.gradients, nil
}

// ownGradients computes what this process adds to the gradients of the batch: those of the tower are held, or in gradients as
// those of the loss are.
func (n *Network) ownGradients(b *pipeline.Batch, step int, p Peers, gradients []checkpoint.Tensor) (Update, *session.Held, error) {
	tower, ofLoss := gradients[:n.Graph.Tower], gradients[n.Graph.Tower:]
	if !n.Graph.OneRun {
		u, err := n.ownTwice(b, step, p, gradients)
		return u, &session.Held{}, err
	}
	r, err := n.begin(b.Own, step, p)
	if err != nil {
		return Update{}, nil, err
	}
	if r.absent {
		for _, t := range tower {
			clear(t.Data)
		}
	}
	u, err := n.together(r, b, step, ofLoss)
	if err != nil {
		return Update{}, nil, r.giveUp(err)
	}
	held, err := r.end()
	return u, held, err
}

// together does, in the middle of a run, what processes do together. It sets the gradients of what the loss learns.
func (n *Network) together(r *sharedRun, b *pipeline.Batch, step int, ofLoss []checkpoint.Tensor) (Update, error) {
	if err := r.add(n.Graph.Sums.Forward); err != nil {
		return Update{}, err
	}
	own, err := r.take()
	if err != nil {
		return Update{}, err
	}
	u, rows, err := n.lossOfAll(b, own, step, r.peers, ofLoss)
	if err != nil {
		return Update{}, err
	}
	if err := r.give(session.Of(rows, int64(len(b.Own.Images)), int64(n.Dim()))); err != nil {
		return Update{}, err
	}
	return u, r.add(n.Graph.Sums.Backward)
}

// ownTwice is ownGradients that embeds twice: in chunks, or where there is nothing to train in the tower.
func (n *Network) ownTwice(b *pipeline.Batch, step int, p Peers, gradients []checkpoint.Tensor) (Update, error) {
	own, err := n.embedChunks(b.Own, step)
	if err != nil {
		return Update{}, err
	}
	u, rows, err := n.lossOfAll(b, own, step, p, gradients[n.Graph.Tower:])
	if err != nil {
		return Update{}, err
	}
	for _, t := range gradients[:n.Graph.Tower] {
		clear(t.Data)
	}
	return u, n.addTower(gradients, b.Own, rows, step)
}

// lossOfAll gives all processes the embeddings of this one, and computes the loss of the whole batch by those of all. It returns the
// gradient of its own embeddings, rows, and sets gradients to those of what the loss learns.
func (n *Network) lossOfAll(b *pipeline.Batch, own []float32, step int, p Peers, gradients []checkpoint.Tensor) (u Update, rows []float32, err error) {
	dim := n.Dim()
	embeddings := make([]float32, len(b.Images)*dim)
	copy(embeddings[b.First*dim:], own)
	if err := p.ShareFloats(embeddings); err != nil {
		return Update{}, nil, err
	}
	u, wanted, err := n.lossOf(b, embeddings, step, gradients)
	if err != nil {
		return Update{}, nil, err
	}
	if p.Rank() > 0 { // what the loss learns has the same gradient in all: one process adds it
		for _, t := range gradients {
			clear(t.Data)
		}
	}
	return u, wanted[b.First*dim : (b.First+len(b.Own.Images))*dim], nil
}

// sharedVector is what processes add up of a step, in memory which each step uses again: of a large network it is
// a hundred megabytes, which new memory would cost more time than adding up.
type sharedVector struct {
	gradients []checkpoint.Tensor // of Graph.Trained, where the runtime reads them to apply them
	moved     []checkpoint.Tensor // of Graph.Moved
}

// vector returns the vector of this network.
func (n *Network) vector() (*sharedVector, error) {
	v := &n.shared
	if v.gradients != nil {
		return v, nil
	}
	apply, err := n.applying()
	if err != nil {
		return nil, err
	}
	for i, x := range n.Graph.Trained {
		data, err := apply.Room(len(applyFeeds)+i, x.Shape...)
		if err != nil {
			return nil, err
		}
		v.gradients = append(v.gradients, checkpoint.Tensor{Name: x.Key, Shape: x.Shape, Data: data})
	}
	for _, x := range n.Graph.Moved {
		v.moved = append(v.moved, checkpoint.Tensor{Name: x.Key, Shape: x.Shape, Data: make([]float32, sizeOf(x))})
	}
	return v, nil
}

// sumOver adds up gradients over all processes, those that are held and the rest of those in v, and averages what the tower has
// moved beside weights, by the share of the images of b that each has seen: all in one vector.
func (n *Network) sumOver(v *sharedVector, held *session.Held, b *pipeline.Batch, p Peers) error {
	if err := n.readMoved(v.moved); err != nil {
		return err
	}
	share := float32(len(b.Own.Images)) / float32(len(b.Images))
	for _, t := range v.moved {
		for i := range t.Data {
			t.Data[i] *= share
		}
	}
	var to [][]float32
	for _, t := range slices.Concat(v.gradients, v.moved) {
		to = append(to, t.Data)
	}
	from := slices.Clone(to)
	for i, g := range held.Values {
		var err error
		if from[i], err = session.Data[float32](g); err != nil {
			return fmt.Errorf("read the gradient of %q: %w", v.gradients[i].Name, err)
		}
	}
	if err := p.SumTo(to, from); err != nil {
		return err
	}
	return n.setMoved(v.moved)
}

// readMoved sets tensors to the values of Graph.Moved.
func (n *Network) readMoved(moved []checkpoint.Tensor) error {
	if len(moved) == 0 {
		return nil
	}
	if n.moves == nil {
		var reads []string
		for _, v := range n.Graph.Moved {
			reads = append(reads, v.Key+names.Read)
		}
		var err error
		if n.moves, err = n.session.Prepare(nil, reads, nil); err != nil {
			return err
		}
	}
	return n.moves.RunTo(valuesIn(moved))
}

// setMoved sets Graph.Moved to what readMoved has read.
func (n *Network) setMoved(moved []checkpoint.Tensor) error {
	if len(moved) == 0 {
		return nil
	}
	if n.moved == nil {
		var feeds, targets []string
		for _, v := range n.Graph.Moved {
			feeds, targets = append(feeds, v.Key+names.Value), append(targets, v.Key+names.Store)
		}
		var err error
		if n.moved, err = n.session.PrepareAssign(feeds, targets); err != nil {
			return err
		}
	}
	_, err := n.moved.Run(valuesIn(moved)...)
	return err
}

// valuesIn returns tensors as Values, which refer to their numbers.
func valuesIn(tensors []checkpoint.Tensor) []session.Value {
	values := make([]session.Value, len(tensors))
	for i, t := range tensors {
		values[i] = session.Of(t.Data, t.Shape...)
	}
	return values
}
