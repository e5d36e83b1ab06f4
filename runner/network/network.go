// Package network is a graph in a session with its variables in place: it
// embeds, compares, learns, and hands its weights out and in.
//
//	spec → graph → session → Start or Restore → Embed, Compare, Step → Snapshot
//
// It knows the names of a graph's operations and turns Go slices into feeds.
// It does not know files, data sets or loops.
package network

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/graphs"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline"
)

// Network is one network. One goroutine at a time may use it.
type Network struct {
	Graph *graphs.Graph
	Parts *graphs.Parts

	distance distance.Distance
	tuples   []fed // what the loss is fed of a batch
	targets  Targets
	session  *session.Session
	embed    *session.Call
	probable *session.Call // nil: the loss has no probability
	train    *session.Call
	alike    *session.Call
	// From features in place of images, where something is frozen:
	embedFeatures *session.Call
	trainFeatures *session.Call
	read          *session.Call
	fit           fitCalls

	chunk  chunkCalls
	sums   sumCalls
	shared sharedVector
	moved  *session.Call // sets Graph.Moved; nil: not prepared yet
	moves  *session.Call // reads them, likewise
	sum    accumulated
	parts  stepParts // prepared when they are asked for
}

// Open builds the network of p, without values in its variables: call Start or Restore
// before anything else. own must be what p was resolved with. Errors are those of
// graphs.Build and session.Open.
func Open(p *graphs.Parts, own Own, o session.Options) (*Network, error) {
	if err := session.Ready(o); err != nil {
		return nil, err
	}
	g, err := graphs.Build(p)
	if err != nil {
		return nil, err
	}
	between, err := own.DistancesInGo().ByName(p.Spec.Distance.Name)
	if err != nil {
		return nil, err
	}
	opened, err := session.Open(g.TF, o)
	if err != nil {
		return nil, err
	}
	n := &Network{Graph: g, Parts: p, distance: between, session: opened}
	if err := n.prepare(); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return n, nil
}

func (n *Network) prepare() (err error) {
	var reads []string
	for _, v := range n.state() {
		reads = append(reads, v.Key+names.Read)
	}
	n.tuples = n.tupleFeeds()
	tuples, seen := n.tupleNames(), n.seenEmbedding()
	type call struct {
		call                    **session.Call
		feeds, fetches, targets []string
	}
	calls := []call{
		{&n.embed, []string{names.Images}, []string{names.Embedding}, nil},
		{&n.alike, append(tuples, seen), []string{names.Loss}, nil},
		{&n.read, nil, reads, nil},
	}
	if n.trains() {
		calls = append(calls, call{&n.train, n.stepFeeds(names.Images), updates, []string{names.Train}})
	}
	if n.Graph.Features != nil {
		calls = append(calls, call{&n.embedFeatures, []string{names.Features}, []string{names.Embedding}, nil})
	}
	if n.Graph.Features != nil && n.trains() {
		calls = append(calls, call{&n.trainFeatures, n.stepFeeds(names.Features), updates, []string{names.Train}})
	}
	if n.Graph.Probable {
		calls = append(calls, call{&n.probable, []string{names.Embedding, names.Left, names.Right},
			[]string{names.Probability}, nil})
	}
	for _, p := range calls {
		if *p.call, err = n.session.Prepare(p.feeds, p.fetches, p.targets); err != nil {
			return err
		}
	}
	return nil
}

// trains reports whether a step changes anything; else there are none.
func (n *Network) trains() bool { return len(n.Graph.Trained) > 0 }

// state returns all that a checkpoint holds: variables, then slots.
func (n *Network) state() []variable.Variable {
	return append(n.Graph.Variables[:len(n.Graph.Variables):len(n.Graph.Variables)], n.Graph.Slots...)
}

// Close frees the network.
func (n *Network) Close() error { return n.session.Close() }

// Devices returns the names of the devices that the network may use.
func (n *Network) Devices() ([]string, error) { return n.session.Devices() }

// size returns S, the side of the images in pixels.
func (n *Network) size() int { return n.Parts.Spec.Input.Size }

// Dim returns D, the length of an embedding.
func (n *Network) Dim() int { return n.Graph.EmbeddingDim }

// Start draws starting values for all variables; equal seeds draw equal values.
func (n *Network) Start(seed uint64) error { return n.StartFrom(nil, seed) }

// StartFrom gives the variables that tensors name their values, those of a moving average
// and of what it follows alike, and draws the others as Start does.
func (n *Network) StartFrom(tensors []checkpoint.Tensor, seed uint64) error {
	given := make(map[string]checkpoint.Tensor, len(tensors))
	for _, t := range tensors {
		given[t.Name] = t
	}
	state := n.state()
	values := make([][]float32, len(state))
	for i, v := range state {
		t, ok := given[strings.TrimPrefix(v.Key, names.Live+"/")]
		switch {
		case !ok:
			values[i] = v.Start(seed)
		case !slices.Equal(t.Shape, v.Shape):
			return fmt.Errorf("start from %q: it has shape %v, want %v", t.Name, t.Shape, v.Shape)
		default:
			values[i] = t.Data
		}
	}
	return n.assign(state, values)
}

// Restore sets the variables and slots to those of c, which must hold exactly them.
func (n *Network) Restore(c *checkpoint.Checkpoint) error {
	variables, err := match(n.Graph.Variables, c.Variables)
	if err != nil {
		return fmt.Errorf("restore variables: %w", err)
	}
	slots, err := match(n.Graph.Slots, c.Optimizer)
	if err != nil {
		return fmt.Errorf("restore optimizer: %w", err)
	}
	return n.assign(n.state(), append(variables, slots...))
}

// SetVariables sets the variables alone, to tensors that must be exactly theirs; slots stay.
func (n *Network) SetVariables(tensors []checkpoint.Tensor) error {
	now, err := n.Snapshot()
	if err != nil {
		return err
	}
	now.Variables = tensors
	return n.Restore(now)
}

// match returns the values of tensors in the order of variables, one for one.
func match(variables []variable.Variable, tensors []checkpoint.Tensor) ([][]float32, error) {
	byName := make(map[string]checkpoint.Tensor, len(tensors))
	for _, t := range tensors {
		byName[t.Name] = t
	}
	values := make([][]float32, len(variables))
	for i, v := range variables {
		t, ok := byName[v.Key]
		if !ok {
			return nil, fmt.Errorf("tensor %q is missing", v.Key)
		}
		if fmt.Sprint(t.Shape) != fmt.Sprint(v.Shape) {
			return nil, fmt.Errorf("tensor %q has shape %v, want %v", v.Key, t.Shape, v.Shape)
		}
		values[i] = t.Data
		delete(byName, v.Key)
	}
	for name := range byName {
		return nil, fmt.Errorf("tensor %q is of no variable of this network", name)
	}
	return values, nil
}

func (n *Network) assign(state []variable.Variable, values [][]float32) error {
	feeds, list := make([]string, len(state)), make([]session.Value, len(state))
	for i, v := range state {
		feeds[i], list[i] = v.Key+names.Value, session.Of(values[i], v.Shape...)
	}
	return n.session.Assign(names.Assign, feeds, list)
}

// Snapshot returns the values of all variables and slots; Step and Meta of the
// checkpoint are the caller's to fill.
func (n *Network) Snapshot() (*checkpoint.Checkpoint, error) {
	values, err := n.read.Run()
	if err != nil {
		return nil, err
	}
	tensors, err := tensorsOf(n.state(), values)
	if err != nil {
		return nil, err
	}
	split := len(n.Graph.Variables)
	return &checkpoint.Checkpoint{Variables: tensors[:split], Optimizer: tensors[split:]}, nil
}

// tensorsOf returns the values of variables that were read.
func tensorsOf(variables []variable.Variable, values []session.Value) ([]checkpoint.Tensor, error) {
	tensors := make([]checkpoint.Tensor, len(variables))
	for i, v := range variables {
		data, err := session.Data[float32](values[i])
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", v.Key, err)
		}
		tensors[i] = checkpoint.Tensor{Name: v.Key, Shape: v.Shape, Data: data}
	}
	return tensors, nil
}

// NotFinite returns the name of the first tensor of c that holds a NaN or an
// infinity, "" if there is none.
func NotFinite(c *checkpoint.Checkpoint) string {
	for _, t := range append(c.Variables[:len(c.Variables):len(c.Variables)], c.Optimizer...) {
		for _, x := range t.Data {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return t.Name
			}
		}
	}
	return ""
}

// TrivialLoss returns the loss that b would have if the embeddings of all its images
// were alike: the mark of a collapsed training. Before frozen targets they are the mean
// of these. It is 0 where the loss learns a vector for each class, which has no such mark.
func (n *Network) TrivialLoss(b *pipeline.Batch) (float32, error) {
	if n.Parts.Loss.Trivial > 0 || n.Parts.Loss.PerClass {
		return float32(n.Parts.Loss.Trivial), nil
	}
	images := len(b.Labels)
	embeddings := slices.Repeat(n.middle(), images)
	values, err := n.alike.Run(append(n.valuesOf(b),
		session.Of(embeddings, int64(images), int64(n.Dim())))...)
	if err != nil {
		return 0, err
	}
	return scalar(values[0])
}

// scalar returns the one element of v.
func scalar(v session.Value) (float32, error) {
	x, err := session.Data[float32](v)
	if err != nil {
		return 0, err
	}
	return x[0], nil
}

// PixelsOf returns pixels [N,S,S,3] uint8, of images of size S, as a Value.
func PixelsOf(pixels []uint8, size int) session.Value {
	images := len(pixels) / (size * size * 3)
	return session.Of(pixels, int64(images), int64(size), int64(size), 3)
}

// Embed returns the embeddings [N,D], row-major, of pixels [N,S,S,3] uint8 RGB
// at the network's size S.
func (n *Network) Embed(pixels []uint8) ([]float32, error) {
	values, err := n.embed.Run(PixelsOf(pixels, n.size()))
	if err != nil {
		return nil, err
	}
	return session.Data[float32](values[0])
}

// Distance returns by what embeddings are compared and ranked.
func (n *Network) Distance() distance.Distance { return n.distance }

// Compare returns the distances [M] of the pairs (left[i], right[i]) of rows of
// embeddings [N,D], and the probabilities [M] of "same" where the loss has one, else nil.
// Distances are those that a search finds; the graph computes probabilities.
func (n *Network) Compare(embeddings []float32, left, right []int32) (distances, probability []float32, err error) {
	dim := n.Dim()
	distances = n.distance.Pairs(embeddings, dim, left, right)
	if n.probable == nil {
		return distances, nil, nil
	}
	values, err := n.probable.Run(session.Of(embeddings, int64(len(embeddings)/dim), int64(dim)),
		session.Vector(left), session.Vector(right))
	if err != nil {
		return nil, nil, err
	}
	probability, err = session.Data[float32](values[0])
	return distances, probability, err
}
