package collective

import (
	"errors"
	"fmt"
	"time"

	tf "github.com/galeone/tensorflow/tensorflow/go"

	"github.com/tfpair/tfpair/internal/session"
)

// How many numbers are added up at once: 16 MB at most. Long vectors are exchanged, others go around a ring.
const (
	bucket   = 1 << 22
	longFrom = 1 << 16
	shortest = 1 << 8
)

// groupKey is the number of the group of all processes, which is the only one.
const groupKey = 1

// key says which operation adds up a vector.
type key struct {
	length int
	whole  bool // int32; else float32
}

// op is one collective operation, in a session of its own.
type op struct{ call *session.Call }

// open makes an operation that adds up vectors, for a time at most that 0 does not limit. All processes make
// the same ones in the same order: its number is how they find each other.
func (g *Group) open(k key, within time.Duration) (*op, error) {
	number := g.next
	g.next++
	dtype := tf.Float
	if k.whole {
		dtype = tf.Int32
	}
	here := device(g.cluster.Tasks[g.cluster.Self]) + "/device:CPU:0"
	graph := tf.NewGraph()
	in, err1 := graph.AddOperation(tf.OpSpec{Type: "Placeholder", Name: "in", Device: here,
		Attrs: map[string]any{"dtype": dtype, "shape": tf.MakeShape(int64(k.length))}})
	if err1 != nil {
		return nil, fmt.Errorf("build graph: %w", err1)
	}
	sum, err2 := graph.AddOperation(tf.OpSpec{Type: "CollectiveReduce", Name: "sum", Device: here, Input: []tf.Input{in.Output(0)},
		Attrs: map[string]any{"group_size": int64(g.Size()), "group_key": int64(groupKey), "instance_key": number,
			"merge_op": "Add", "final_op": "Id", "subdiv_offsets": []int64{0}}})
	if err2 != nil {
		return nil, fmt.Errorf("build graph: %w", err2)
	}
	if _, err := graph.AddOperation(tf.OpSpec{Type: "Identity", Name: "out", Device: here, Input: []tf.Input{sum.Output(0)}}); err != nil {
		return nil, fmt.Errorf("build graph: %w", err)
	}
	o := g.options
	o.Timeout = within
	s, err := session.Open(graph, o)
	if err != nil {
		return nil, err
	}
	call, err := s.Prepare([]string{"in"}, []string{"out"}, nil)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &op{call}, nil
}

// run replaces v by the sum.
func (o *op) run(v session.Value) error { return o.call.RunTo([]session.Value{v}, v) }
