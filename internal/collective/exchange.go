package collective

import (
	"errors"
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"

	"github.com/tfpair/tfpair/internal/session"
)

// exchange adds up a long vector. Each process adds up one part of it:
//
//	part j of this process → queue → process j: all parts j, added up in order of rank → queue → sum j, here
//
// Every process runs a graph of its own, which takes from the queues of the others what is meant for it. TensorFlow sends that as a
// tensor: it goes from its memory to the connection, and from there to its place. What the runtime's own collective operation
// sends is copied nine times on the way. So many bytes go to each process, and so many come from it, as around a ring.
type exchange struct {
	call  *session.Call
	parts []int // lengths, by rank
}

// openExchange makes an operation that adds up vectors of a length. Its number names its queues.
func (g *Group) openExchange(length int) (*exchange, error) {
	number := g.next
	g.next++
	b := exchangeGraph{g: g, graph: tf.NewGraph(), number: number}
	x := &exchange{parts: make([]int, g.Size())}
	var in, out []string
	given := make([]tf.Output, g.Size()) // parts of this process
	for rank := range given {
		x.parts[rank] = length*(rank+1)/g.Size() - length*rank/g.Size()
		in, out = append(in, fmt.Sprint("in", rank)), append(out, fmt.Sprint("out", rank))
		given[rank] = b.add(in[rank], "Placeholder", g.Rank(), attrs{"dtype": tf.Float, "shape": tf.MakeShape(int64(x.parts[rank]))})
	}
	own := make([]tf.Output, g.Size()) // part of this process' rank, of each
	for rank := range own {
		own[rank] = given[rank]
		if rank != g.Rank() {
			b.put("part", rank, given[rank])
			own[rank] = b.take("part", rank)
		}
	}
	// One after the other: AddN begins with whichever of them it may write its sum to, which is not the same one in each run.
	sum := own[0]
	for rank, part := range own[1:] {
		sum = b.add(fmt.Sprint("sum", 1+rank), "AddV2", g.Rank(), nil, sum, part)
	}
	for rank := range given {
		all := sum
		if rank != g.Rank() {
			b.put("sum", rank, sum)
			all = b.take("sum", rank)
		}
		b.add(out[rank], "Identity", g.Rank(), nil, all)
	}
	if b.err != nil {
		return nil, fmt.Errorf("build graph: %w", b.err)
	}
	s, err := session.Open(b.graph, g.options)
	if err != nil {
		return nil, err
	}
	if x.call, err = s.Prepare(in, out, b.puts); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return x, nil
}

// run replaces v by the sum.
func (x *exchange) run(v session.Value) error {
	rest, err := session.Data[float32](v)
	if err != nil {
		return err
	}
	values := make([]session.Value, len(x.parts))
	for rank, n := range x.parts {
		values[rank], rest = session.Vector(rest[:n]), rest[n:]
	}
	return x.call.RunTo(values, values...)
}

type attrs = map[string]any

// exchangeGraph is the graph of an exchange in the making.
type exchangeGraph struct {
	g      *Group
	graph  *tf.Graph
	number int64
	puts   []string // operations that fill queues
	err    error    // the first
}

// add adds an operation on the device of a rank.
func (b *exchangeGraph) add(name, kind string, rank int, a attrs, inputs ...tf.Input) (out tf.Output) {
	if b.err != nil {
		return out
	}
	o, err := b.graph.AddOperation(tf.OpSpec{Type: kind, Name: name, Attrs: a, Input: inputs,
		Device: device(b.g.cluster.Tasks[rank]) + "/device:CPU:0"})
	if err != nil {
		b.err = err
		return out
	}
	if o.NumOutputs() > 0 {
		out = o.Output(0)
	}
	return out
}

// queue adds the queue on the device of a rank, from which another takes what it puts there.
func (b *exchangeGraph) queue(what string, from, to int) tf.Output {
	name := fmt.Sprintf("%s%d/from%d/to%d", what, b.number, from, to)
	return b.add(name, "FIFOQueueV2", from, attrs{"component_types": []tf.DataType{tf.Float}, "shared_name": name})
}

// put has v go to the queue for another process.
func (b *exchangeGraph) put(what string, to int, v tf.Output) {
	name := fmt.Sprintf("%s%d/put", what, to)
	b.puts = append(b.puts, name)
	b.add(name, "QueueEnqueueV2", b.g.Rank(), nil,
		b.queue(what, b.g.Rank(), to), tf.OutputList{v})
}

// take returns what another process puts to the queue for this one.
func (b *exchangeGraph) take(what string, from int) tf.Output {
	return b.add(fmt.Sprintf("%s%d/take", what, from), "QueueDequeueV2", from,
		attrs{"component_types": []tf.DataType{tf.Float}}, b.queue(what, from, b.g.Rank()))
}
