package layer

import tf "github.com/galeone/tensorflow/tensorflow/go"

// Mode says in which of its forms a network is built. The zero value is inference:
// what a network computes once it has learnt.
type Mode struct {
	Training bool
	Folded   bool      // where not Training: batch norm as a part of convolutions, see Folded
	Seed     uint64    // of random layers, where Training
	Step     tf.Output // [] float32: updates done before this one, where Training
	Shared   bool      // where Training: batch norm sees the images of all processes, see sharedNorm
	BFloat16 bool      // where Training: layers behind Enter compute in bfloat16
}
