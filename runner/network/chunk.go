package network

import (
	"fmt"

	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/pipeline"
)

// chunkCalls are the runs of a step whose batch is embedded in chunks; nil: not prepared yet.
type chunkCalls struct {
	embed, loss, tower *session.Call
	seen               string // what of a batch the network is fed: names.Images or names.Features
}

// inChunks reports whether b is larger than what is embedded at once.
func (n *Network) inChunks(b *pipeline.Batch) bool {
	chunk := n.Parts.Spec.Train.Chunk
	return chunk > 0 && len(b.Images) > chunk
}

// seen returns what the network is fed of b, and under which name.
func (n *Network) seen(b *pipeline.Batch) (string, session.Value) {
	if len(b.Features) > 0 {
		return names.Features, n.features(b.Features)
	}
	return names.Images, PixelsOf(b.Pixels, n.size())
}

// eachChunk calls do for each chunk of b, with the row of its first image. Without train.chunk all of b is one.
func (n *Network) eachChunk(b *pipeline.Batch, do func(chunk *pipeline.Batch, from int) error) error {
	from, images := 0, n.Parts.Spec.Train.Chunk
	if images == 0 {
		images = max(len(b.Images), 1)
	}
	for chunk, err := range b.Parts(images) {
		if err != nil {
			return err
		}
		if err := do(chunk, from); err != nil {
			return err
		}
		from += len(chunk.Images)
	}
	return nil
}

// prepareChunks prepares the runs for chunks of which the network is fed what is seen.
func (n *Network) prepareChunks(seen string) (err error) {
	if n.chunk.seen == seen {
		return nil
	}
	tower, own := n.Graph.Trained[:n.Graph.Tower], n.Graph.Trained[n.Graph.Tower:]
	c := chunkCalls{seen: seen}
	if c.embed, err = n.session.Prepare([]string{seen, names.Step}, []string{n.seenEmbedding()}, nil); err != nil {
		return err
	}
	feeds := append(n.tupleNames(), n.seenEmbedding(), names.Step)
	if n.Parts.Tuples() == loss.Triplets { // whose miners count images
		feeds = append(feeds, names.Count)
	}
	fetches := append(append([]string{}, updates...), names.EmbeddingGradient)
	if c.loss, err = n.session.Prepare(feeds, append(fetches, chunkKeys(own)...), []string{names.LossStatistics}); err != nil {
		return err
	}
	given := []string{seen, names.Step, names.ChunkGradient}
	if n.Graph.OneRun {
		given = given[:2] // the gradient comes when the embedding is sent
		c.loss.Untraced() // it runs in the middle of the tower's run, and the runtime traces one at a time
	}
	c.tower, err = n.session.Prepare(given, chunkKeys(tower), []string{names.ChunkStatistics})
	n.chunk = c
	return err
}

// seenEmbedding returns the name of the embedding that the loss sees.
func (n *Network) seenEmbedding() string {
	if n.Graph.Modes {
		return names.TrainingEmbedding
	}
	return names.Embedding
}

// chunkKeys returns the names of what a chunk adds to the gradients of variables.
func chunkKeys(variables []variable.Variable) []string {
	keys := make([]string, len(variables))
	for i, v := range variables {
		keys[i] = v.Key + names.InChunk
	}
	return keys
}

// chunkGradients is Gradients of a batch that is embedded in chunks: all of it once, for the loss and its
// gradient of embeddings, and once more, chunk by chunk, for what this makes of the weights. Where batch norm
// and dropout are trained they see a chunk at a time, the same in both passes.
func (n *Network) chunkGradients(b *pipeline.Batch, step int) (Update, []checkpoint.Tensor, error) {
	embeddings, err := n.embedChunks(b, step)
	if err != nil {
		return Update{}, nil, err
	}
	sums := n.noGradients()
	u, wanted, err := n.lossOf(b, embeddings, step, sums[n.Graph.Tower:])
	if err != nil {
		return Update{}, nil, err
	}
	return u, sums, n.addTower(sums, b, wanted, step)
}

// embedChunks returns the embeddings [N,D] of b as the loss sees them.
func (n *Network) embedChunks(b *pipeline.Batch, step int) (embeddings []float32, err error) {
	at := session.Scalar(float32(step))
	err = n.eachChunk(b, func(chunk *pipeline.Batch, _ int) error {
		name, seen := n.seen(chunk)
		if err := n.prepareChunks(name); err != nil {
			return err
		}
		values, err := n.chunk.embed.Run(seen, at)
		if err != nil {
			return err
		}
		rows, err := session.Data[float32](values[0])
		embeddings = append(embeddings, rows...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("embed in chunks: %w", err)
	}
	return embeddings, nil
}

// lossOf computes the loss of b by the embeddings [N,D] of its images. It returns the gradient of embeddings
// [N,D], wanted, and sets own to the gradients of what the loss itself learns.
func (n *Network) lossOf(b *pipeline.Batch, embeddings []float32, step int, own []checkpoint.Tensor) (u Update, wanted []float32, err error) {
	images, dim, at := len(b.Images), n.Dim(), session.Scalar(float32(step))
	given := append(n.valuesOf(b), session.Of(embeddings, int64(images), int64(dim)), at)
	if n.Parts.Tuples() == loss.Triplets {
		given = append(given, session.Scalar(int32(images)))
	}
	values, err := n.chunk.loss.Run(given...)
	if err != nil {
		return Update{}, nil, err
	}
	if u, err = updateOf(values[:len(updates)]); err != nil {
		return Update{}, nil, err
	}
	if wanted, err = session.Data[float32](values[len(updates)]); err != nil {
		return Update{}, nil, err
	}
	for i, t := range own {
		data, err := session.Data[float32](values[len(updates)+1+i])
		if err != nil {
			return Update{}, nil, fmt.Errorf("read the gradient of %q: %w", t.Name, err)
		}
		copy(t.Data, data)
	}
	return u, wanted, nil
}

// addTower adds to the gradients of the tower what images of b make of wanted [N,D], the gradient of their
// embeddings.
func (n *Network) addTower(sums []checkpoint.Tensor, b *pipeline.Batch, wanted []float32, step int) error {
	dim, at := n.Dim(), session.Scalar(float32(step))
	return n.eachChunk(b, func(chunk *pipeline.Batch, from int) error {
		_, seen := n.seen(chunk)
		rows := wanted[from*dim : (from+len(chunk.Images))*dim]
		values, err := n.chunk.tower.Run(seen, at, session.Of(rows, int64(len(chunk.Images)), int64(dim)))
		if err != nil {
			return err
		}
		return add(sums[:n.Graph.Tower], values)
	})
}

// noGradients returns a gradient of zeros of each trained variable.
func (n *Network) noGradients() []checkpoint.Tensor {
	zeros := make([]checkpoint.Tensor, len(n.Graph.Trained))
	for i, v := range n.Graph.Trained {
		zeros[i] = checkpoint.Tensor{Name: v.Key, Shape: v.Shape, Data: make([]float32, sizeOf(v))}
	}
	return zeros
}

// sizeOf returns how many numbers a variable has.
func sizeOf(v variable.Variable) int {
	size := 1
	for _, d := range v.Shape {
		size *= int(d)
	}
	return size
}

// add adds values to sums.
func add(sums []checkpoint.Tensor, values []session.Value) error {
	for i, v := range values {
		data, err := session.Data[float32](v)
		if err != nil {
			return fmt.Errorf("read the gradient of %q: %w", sums[i].Name, err)
		}
		addTo(sums[i].Data, data, 1)
	}
	return nil
}

// addTo adds values, each times a factor, to sum.
func addTo(sum, values []float32, factor float32) {
	for i, x := range values {
		sum[i] += factor * x
	}
}
