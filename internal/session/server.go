//go:build tensorflow && cgo

package session

import (
	"fmt"

	config "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/internal/libtensorflow/load"
)

// Server describes TensorFlow's gRPC server of one process of several that compute together.
type Server struct {
	Jobs   map[string]map[int32]string // address of each task, by the name of its job and its index
	Job    string                      // of this process
	Task   int32                       // index of this process in Job
	Leader string                      // "/job:worker/replica:0/task:0": who numbers the operations of all
}

// Remote says on which server of this process a session runs. Server.Start returns it.
type Remote struct{ target, leader string }

// Start starts the server: it listens on the port of its own address, on all interfaces, until the process
// ends. TensorFlow cannot stop it before. Errors are those of Ready, and the runtime's.
func (s Server) Start(o Options) (*Remote, error) {
	r := &Remote{leader: s.Leader}
	o.Remote = r
	c, _, err := o.config()
	if err != nil {
		return nil, err
	}
	// The server sends a message of a collective operation as one piece then, and not as pieces of 4 KiB, each with memory of its own.
	c.Experimental.RecvBufMaxChunk = -1
	def := &config.ServerDef{JobName: s.Job, TaskIndex: s.Task, Protocol: "grpc",
		DefaultSessionConfig: c, Cluster: &config.ClusterDef{}}
	for name, tasks := range s.Jobs {
		def.Cluster.Job = append(def.Cluster.Job, &config.JobDef{Name: name, Tasks: tasks})
	}
	text, err := proto.Marshal(def)
	if err != nil {
		return nil, fmt.Errorf("encode the server's description: %w", err)
	}
	if r.target, err = load.StartServer(text); err != nil {
		return nil, fmt.Errorf("start server: %w", err)
	}
	return r, nil
}

// remote changes options to those of a session on the server that o names.
func (o Options) remote(c *config.ConfigProto) (target string) {
	if o.Remote == nil {
		return ""
	}
	c.Experimental = &config.ConfigProto_Experimental{CollectiveGroupLeader: o.Remote.leader}
	c.InterOpParallelismThreads = 2 // an operation that waits for others does not keep one from starting
	c.UsePerSessionThreads = false  // the server has its own
	return o.Remote.target
}
