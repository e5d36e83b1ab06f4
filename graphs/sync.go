package graphs

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"

	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
)

// Sums are the vectors that the network of training adds up over all processes, in its order: their lengths.
type Sums struct {
	Forward  []int // on the way to the embedding
	Backward []int // behind names.ChunkGradient, on the way to the gradients of a chunk
}

// inOneRun reports whether a process embeds its images and takes the gradient back in one run, in which it waits for others.
func (a *assembly) inOneRun() bool {
	return a.parts.Shared && a.parts.Spec.Train.Chunk == 0 && a.graph.Tower > 0
}

// sharesNorm reports whether batch norm sees the images of all processes.
func (p *Parts) sharesNorm() bool { return p.Shared && p.Spec.Train.SyncBN }

// fitSync says why batch norm cannot see the images of all processes, or nil.
func (p *Parts) fitSync() error {
	if t := p.Spec.Train; t.SyncBN && t.Chunk > 0 {
		return errors.New("train.sync_bn has batch norm see all images of a step at once, and train.chunk embeds them " +
			"one chunk after the other: set train.chunk=0 and train with more processes")
	}
	return nil
}

// waiting makes of g the graph of one process of several, which in the middle of a run sends to one queue, and waits for
// what comes from another one:
//
//	… → names.SumsOwn → whoever runs the graph meets the other processes → names.SumsAll → …
//
// So do, one at a time and in the same order in all processes: each operation marked names.Summed, whose vector is added up over processes; then the
// embedding, for whose gradient names.ChunkGradient waits; then each gradient of an operation that is marked. The
// runtime has an operation that adds up over processes. It has no gradient of it, and would wait without end for a process that is lost.
func (a *assembly) waiting(g *tf.Graph) (*tf.Graph, error) {
	def, err := decoded(g)
	if err != nil {
		return nil, err
	}
	embedding := a.training.embedding.Op.Name()
	outputs := []string{embedding, names.ChunkStatistics}
	for _, v := range a.graph.Trained[:a.graph.Tower] {
		outputs = append(outputs, v.Key+names.InChunk)
	}
	forward, err1 := summed(def, outputs[0])
	all, err2 := summed(def, outputs...)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	before := names.SumsOwn
	for i, n := range all {
		if i == len(forward) {
			before = a.turn(def, before)
		}
		to := &a.graph.Sums.Forward
		if i >= len(forward) {
			to = &a.graph.Sums.Backward
		}
		length, err := strconv.Atoi(message(n)[strings.LastIndex(message(n), names.Summed)+len(names.Summed):])
		if err != nil {
			return nil, fmt.Errorf("operation %q: %w", n.Name, err)
		}
		*to = append(*to, length)
		before = exchange(def, n.Name, n.Input[0], before)
	}
	if len(all) == len(forward) {
		a.turn(def, before)
	}
	queues(def)
	whole, err := def.EncodeAll()
	if err != nil {
		return nil, err
	}
	shared := tf.NewGraph()
	if err := shared.Import(whole, ""); err != nil {
		return nil, fmt.Errorf("import the graph of several processes: %w", err)
	}
	return shared, nil
}

// decoded returns the nodes of g, to be rewritten.
func decoded(g *tf.Graph) (*graphdef.Graph, error) {
	var text bytes.Buffer
	if _, err := g.WriteTo(&text); err != nil {
		return nil, fmt.Errorf("read the graph: %w", err)
	}
	return graphdef.Decode(text.Bytes())
}

// summed returns the operations marked names.Summed that outputs need, in an order of a run.
func summed(g *graphdef.Graph, outputs ...string) (list []*graphdef.Node, err error) {
	all, err := g.Needed(outputs...)
	for _, n := range all {
		if n.Op == "CheckNumerics" && strings.Contains(message(n), names.Summed) {
			list = append(list, n)
		}
	}
	return list, err
}

// message returns what an operation that is marked carries; that of a gradient has words in front.
func message(n *graphdef.Node) string { return string(n.Attr["message"].GetS()) }

// turn has names.ChunkGradient, else a feed, wait for the gradient of the embedding that is sent.
func (a *assembly) turn(g *graphdef.Graph, before string) string {
	return exchange(g, names.ChunkGradient, a.training.embedding.Op.Name(), before)
}

// exchange puts two operations in the place of the named one: one sends a value when the operation before has ended, and
// the one of that name gives what comes for it.
func exchange(g *graphdef.Graph, name, value, before string) string {
	send := name + "/send"
	g.Put(&graphdef.Node{Name: send, Op: "QueueEnqueueV2", Input: []string{names.SumsOwn, value, "^" + before},
		Attr: map[string]*graphdef.Attr{"Tcomponents": graphdef.Types(float32s), "timeout_ms": graphdef.Number(-1)}})
	g.Put(taken(name, names.SumsAll, "^"+send))
	return name
}

const float32s = types_go_proto.DataType_DT_FLOAT

// taken returns an operation that gives the next vector of a queue, once it is there.
func taken(name, queue string, behind ...string) *graphdef.Node {
	return &graphdef.Node{Name: name, Op: "QueueDequeueV2", Input: append([]string{queue}, behind...),
		Attr: map[string]*graphdef.Attr{"component_types": graphdef.Types(float32s), "timeout_ms": graphdef.Number(-1)}}
}

// queues adds both queues, and what who runs the graph needs of them.
func queues(g *graphdef.Graph) {
	var ends []string
	for _, name := range []string{names.SumsOwn, names.SumsAll} {
		g.Put(&graphdef.Node{Name: name, Op: "FIFOQueueV2", Attr: map[string]*graphdef.Attr{"component_types": graphdef.Types(float32s),
			"capacity": graphdef.Number(-1), "container": graphdef.Text(""), "shared_name": graphdef.Text(name)}})
		g.Put(&graphdef.Node{Name: name + "/close", Op: "QueueCloseV2", Input: []string{name},
			Attr: map[string]*graphdef.Attr{"cancel_pending_enqueues": graphdef.Bool(true)}})
		ends = append(ends, "^"+name+"/close")
	}
	g.Put(taken(names.SumsTake, names.SumsOwn))
	g.Put(&graphdef.Node{Name: names.SumsValue, Op: "Placeholder", Attr: map[string]*graphdef.Attr{"dtype": graphdef.Type(float32s)}})
	g.Put(&graphdef.Node{Name: names.SumsGive, Op: "QueueEnqueueV2", Input: []string{names.SumsAll, names.SumsValue},
		Attr: map[string]*graphdef.Attr{"Tcomponents": graphdef.Types(float32s), "timeout_ms": graphdef.Number(-1)}})
	g.Put(&graphdef.Node{Name: names.SumsEnd, Op: "NoOp", Input: ends})
}
