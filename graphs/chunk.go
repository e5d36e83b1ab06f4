package graphs

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/graphs/miner"
	"github.com/tfpair/tfpair/graphs/optimizer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/names"
)

// chunks adds what a step needs whose batch is embedded in chunks, where train.chunk asks for that, or by
// several processes:
//
//	embeddings of all chunks, fed → loss → names.EmbeddingGradient, and gradients of what the loss learns
//	images of a chunk, names.ChunkGradient → what they add to the gradients of the tower
//
// The sum over the chunks is the gradient of the whole batch by the chain rule, with the memory of one
// chunk: Gao et al., Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup, 2021,
// arXiv:2101.06983, section 3.2.
func (a *assembly) chunks(of tf.Output) {
	if a.parts.Spec.Train.Chunk == 0 && !a.parts.Shared || a.root.Err() != nil {
		return
	}
	s, seen := a.root.SubScope("chunks"), a.training.embedding
	tower, own := a.graph.Trained[:a.graph.Tower], a.graph.Trained[a.graph.Tower:]
	by := append([]tf.Output{seen}, reads(own)...)
	gradients := op.Gradients(s.SubScope("of_loss"), []tf.Output{of}, by)
	if a.root.Err() != nil {
		return
	}
	fetch(a.root, names.EmbeddingGradient, gradients[0])
	for i, v := range own {
		fetch(a.root, v.Key+names.InChunk, gradients[1+i])
	}
	target(a.root, names.LossStatistics, a.trained.Updates()[a.towerUpdates:])
	target(a.root, names.ChunkStatistics, a.trained.Updates()[:a.towerUpdates])

	fed := feed(a.root, names.ChunkGradient, tf.Float, tf.MakeShape(-1, int64(a.graph.EmbeddingDim)))
	product := op.Mul(s.SubScope("product"), seen, fed)
	sum := op.Sum(s.SubScope("sum"), product, tg.Const(s.SubScope("axes"), []int32{0, 1}))
	if len(tower) == 0 {
		return
	}
	for i, g := range optimizer.Gradients(s.SubScope("of_chunk"), sum, tower) {
		fetch(a.root, tower[i].Key+names.InChunk, g)
	}
}

func reads(variables []variable.Variable) []tf.Output {
	list := make([]tf.Output, len(variables))
	for i, v := range variables {
		list[i] = v.Read
	}
	return list
}

// fitAccumulate says why the gradients of batches are not those of one large batch, or nil.
func (p *Parts) fitAccumulate() error {
	s := p.Spec
	switch {
	case s.Train.Accumulate < 2:
		return nil
	case p.Loss.Needs == loss.Classes:
		return fmt.Errorf("train.accumulate adds up batches, and loss %q compares the images of one batch with each other: "+
			"set train.chunk, which makes exact gradients of a larger train.batch_size", s.Loss.Name)
	case p.Loss.NonZero || s.Miner.Name != miner.Every:
		return fmt.Errorf("train.accumulate adds up batches, of which each counts other tuples with loss %q and miner %q: "+
			"set reduction to mean and miner to %s, or train.chunk", s.Loss.Name, s.Miner.Name, miner.Every)
	}
	return nil
}

// chunkNotes says what batch norm sees of a batch that is taken apart.
func (p *Parts) chunkNotes() []string {
	t := p.Spec.Train
	if !p.Backbone.Modes && !p.Head.Modes || t.Chunk == 0 && t.Accumulate < 2 {
		return nil
	}
	part := "each batch by itself"
	if t.Chunk > 0 {
		part = fmt.Sprintf("chunks of %d images", t.Chunk)
	}
	return []string{fmt.Sprintf("batch norm and dropout see %s, and not all images of an update together; "+
		"freeze_bn keeps batch norm fixed", part)}
}
