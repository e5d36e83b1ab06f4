package network

import (
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

// SharedGradients is Gradients of such a batch: those of the whole batch, in all processes.
func (n *Network) SharedGradients(b *pipeline.Batch, step int, p Peers) (Update, []checkpoint.Tensor, error) {
	if n.chunk.seen == "" {
		if err := n.prepareChunks(names.Images); err != nil { // there may be no image for this process
			return Update{}, nil, err
		}
	}
	if !n.Graph.OneRun {
		return n.sharedTwice(b, step, p)
	}
	r, err := n.begin(b.Own, step, p)
	if err != nil {
		return Update{}, nil, err
	}
	u, sums, err := n.together(r, b, step)
	if err != nil {
		return Update{}, nil, r.giveUp(err)
	}
	values, err := r.end()
	if err != nil {
		return Update{}, nil, err
	}
	if err := add(sums[:n.Graph.Tower], values, 1); err != nil {
		return Update{}, nil, err
	}
	return u, sums, n.sumOver(sums, b, p)
}

// together does, in the middle of a run, what processes do together. It returns the gradients that are not of the tower.
func (n *Network) together(r *sharedRun, b *pipeline.Batch, step int) (Update, []checkpoint.Tensor, error) {
	if err := r.add(n.Graph.Sums.Forward); err != nil {
		return Update{}, nil, err
	}
	own, err := r.take()
	if err != nil {
		return Update{}, nil, err
	}
	u, rows, sums, err := n.lossOfAll(b, own, step, r.peers)
	if err != nil {
		return Update{}, nil, err
	}
	if err := r.give(session.Of(rows, int64(len(b.Own.Images)), int64(n.Dim()))); err != nil {
		return Update{}, nil, err
	}
	return u, sums, r.add(n.Graph.Sums.Backward)
}

// sharedTwice is SharedGradients that embeds twice: in chunks, or where there is nothing to train in the tower.
func (n *Network) sharedTwice(b *pipeline.Batch, step int, p Peers) (Update, []checkpoint.Tensor, error) {
	own, err := n.embedChunks(b.Own, step)
	if err != nil {
		return Update{}, nil, err
	}
	u, rows, sums, err := n.lossOfAll(b, own, step, p)
	if err != nil {
		return Update{}, nil, err
	}
	if err := n.addTower(sums, b.Own, rows, step); err != nil {
		return Update{}, nil, err
	}
	return u, sums, n.sumOver(sums, b, p)
}

// lossOfAll gives all processes the embeddings of this one, and computes the loss of the whole batch by those of all. It returns the
// gradient of its own embeddings, rows, and gradients of all trained variables: the loss' own, and zeros.
func (n *Network) lossOfAll(b *pipeline.Batch, own []float32, step int, p Peers) (u Update, rows []float32, sums []checkpoint.Tensor, err error) {
	dim := n.Dim()
	embeddings := make([]float32, len(b.Images)*dim)
	copy(embeddings[b.First*dim:], own)
	if err := p.ShareFloats(embeddings); err != nil {
		return Update{}, nil, nil, err
	}
	u, wanted, sums, err := n.lossOf(b, embeddings, step)
	if err != nil {
		return Update{}, nil, nil, err
	}
	if p.Rank() > 0 { // what the loss learns has the same gradient in all: one process adds it
		for _, t := range sums[n.Graph.Tower:] {
			clear(t.Data)
		}
	}
	return u, wanted[b.First*dim : (b.First+len(b.Own.Images))*dim], sums, nil
}

// sumOver adds up gradients over all processes, and averages what the tower has moved beside weights, by the
// share of the images of b that each has seen: all in one vector.
func (n *Network) sumOver(gradients []checkpoint.Tensor, b *pipeline.Batch, p Peers) error {
	share := float32(len(b.Own.Images)) / float32(len(b.Images))
	moved, err := n.readMoved()
	if err != nil {
		return err
	}
	for _, t := range moved {
		for i := range t.Data {
			t.Data[i] *= share
		}
	}
	all := append(gradients[:len(gradients):len(gradients)], moved...)
	var packed []float32
	for _, t := range all {
		packed = append(packed, t.Data...)
	}
	if err := p.Sum(packed); err != nil {
		return err
	}
	for _, t := range all {
		packed = packed[copy(t.Data, packed):]
	}
	return n.setMoved(moved)
}

// readMoved returns the values of Graph.Moved.
func (n *Network) readMoved() ([]checkpoint.Tensor, error) {
	if len(n.Graph.Moved) == 0 {
		return nil, nil
	}
	if n.moves == nil {
		var reads []string
		for _, v := range n.Graph.Moved {
			reads = append(reads, v.Key+names.Read)
		}
		var err error
		if n.moves, err = n.session.Prepare(nil, reads, nil); err != nil {
			return nil, err
		}
	}
	values, err := n.moves.Run()
	if err != nil {
		return nil, err
	}
	return tensorsOf(n.Graph.Moved, values)
}

// setMoved sets Graph.Moved to what readMoved returned.
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
	values := make([]session.Value, len(moved))
	for i, t := range moved {
		values[i] = session.Of(t.Data, t.Shape...)
	}
	_, err := n.moved.Run(values...)
	return err
}
