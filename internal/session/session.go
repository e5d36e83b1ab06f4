//go:build tensorflow && cgo

package session

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	config "github.com/galeone/tensorflow/tensorflow/go/core/protobuf/for_core_protos_go_proto"
	"google.golang.org/protobuf/proto"

	"github.com/tfpair/tfpair/internal/libtensorflow/load"
)

// Session is an open session on one finished graph. Its Calls may run at the same time.
type Session struct {
	session *tf.Session
	graph   *tf.Graph
	timeout time.Duration // 0: none
	apart   int           // runs at a time that have one thread each; 0: one run, which has all of them
	single  *Session      // of one thread, for runs of one image; nil: they are like others
	// first calls the first run of a Call: the runtime optimizes the graph and makes its kernels in it, on the thread that
	// asks. nil: like any other.
	first   func(run func() error) error
	late    *atomic.Bool // a run took longer, and may go on for ever
	trace   *Trace       // nil: runs are not traced
	tracing sync.Mutex   // held while a run is added to trace
}

// Ready loads the TensorFlow runtime where that has not happened yet. Call it before
// a graph is built: a missing runtime is an error here, and the end of the process
// at the first operation. Errors are those of load.Load.
func Ready(o Options) error {
	if err := ownPools(); err != nil {
		return err
	}
	return load.Load(string(o.Device))
}

// poolVariable has the runtime make threads for the operations of each session. Without it the process has one
// set, as the first session asks for it, and an operation on one image waits for those of another session's batch.
const poolVariable = "TF_OVERRIDE_GLOBAL_THREADPOOL"

// ownPools sets poolVariable, once and before the runtime reads it, unless it is set already.
var ownPools = sync.OnceValue(func() error {
	if _, ok := os.LookupEnv(poolVariable); ok {
		return nil
	}
	return os.Setenv(poolVariable, "1")
})

// Open opens a session on g, which must not change any more. It loads the
// TensorFlow runtime where that has not happened yet; its errors are those of
// load.Load, or ErrNoGPU, or the runtime's.
func Open(g *tf.Graph, o Options) (*Session, error) {
	options, err := o.toTF()
	if err != nil {
		return nil, err
	}
	var s *tf.Session
	if err := o.make(func() (err error) { s, err = tf.NewSession(g, options); return err }); err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	return newSession(s, g, o)
}

// OpenDef is Open of a serialized GraphDef.
func OpenDef(def []byte, o Options) (*Session, error) {
	if err := Ready(o); err != nil {
		return nil, err
	}
	g := tf.NewGraph()
	if err := g.Import(def, ""); err != nil {
		return nil, fmt.Errorf("import graph: %w", err)
	}
	return Open(g, o)
}

// patterns are the characters of a path that TensorFlow looks for files by.
const patterns = `[]*?\`

// Load opens a session on the graph with the given tag of the SavedModel in folder,
// its variables restored. Errors are those of Open, and *LoadError.
func Load(folder, tag string, o Options) (*Session, error) {
	// Training turns the graph optimizer off; a model that only answers is worth its time.
	o.Rewrite = true
	options, err := o.toTF()
	if err != nil {
		return nil, err
	}
	var m *tf.SavedModel
	err = o.make(func() (err error) { m, err = tf.LoadSavedModel(folder, []string{tag}, options); return err })
	if err != nil && strings.ContainsAny(folder, patterns) {
		err = fmt.Errorf("TensorFlow takes the characters [ ] * ? and \\ of a path for a "+
			"pattern; give the folder a path without them (%w)", err)
	}
	if err != nil {
		return nil, &LoadError{folder, err}
	}
	return newSession(m.Session, m.Graph, o)
}

// make calls f, which has the runtime make a session and its threads.
func (o Options) make(f func() error) error {
	if o.Background {
		return inBackground(f)
	}
	return f()
}

// newSession returns s as a Session, if it has the device that o asks for.
func newSession(s *tf.Session, g *tf.Graph, o Options) (*Session, error) {
	session := &Session{session: s, graph: g, timeout: o.Timeout, late: new(atomic.Bool)}
	if o.Apart {
		session.apart = o.threads()
	}
	if o.Background {
		session.first = inBackground
	}
	if o.Device == GPU {
		if err := session.requireGPU(); err != nil {
			return nil, errors.Join(err, session.Close())
		}
	}
	return session, nil
}

// OpenSingle opens a second session on the graph of s, which Load opened with o: of one thread, in which Rows that are prepared
// later run a single image. What they fetch may use no variables, and its constants are held twice. On a GPU, and where s has
// one thread, nothing changes.
func (s *Session) OpenSingle(o Options) error {
	devices, err := s.Devices()
	if err != nil || o.threads() == 1 || slices.ContainsFunc(devices, IsGPU) {
		return err
	}
	o.Threads, o.Apart, o.Rewrite = 1, false, true
	single, err := Open(s.graph, o)
	if err != nil {
		return err
	}
	single.late, s.single = s.late, single // where one run is late, no session runs any more
	return nil
}

func (s *Session) requireGPU() error {
	devices, err := s.Devices()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(devices, IsGPU) {
		return nil
	}
	return fmt.Errorf("%w (listed: %s)", ErrNoGPU, strings.Join(devices, ", "))
}

// IsGPU reports whether a device, of those that Devices lists, is a GPU.
func IsGPU(device string) bool { return strings.Contains(device, "device:GPU:") }

// toTF returns the options in the runtime's form, after loading the runtime.
func (o Options) toTF() (*tf.SessionOptions, error) {
	c, target, err := o.config()
	if err != nil {
		return nil, err
	}
	text, err := proto.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode session options: %w", err)
	}
	return &tf.SessionOptions{Target: target, Config: text}, nil
}

// config returns the options as the runtime has them, and the address of the server that runs the graph, after loading
// the runtime.
func (o Options) config() (c *config.ConfigProto, target string, err error) {
	if err := Ready(o); err != nil {
		return nil, "", err
	}
	within, between := o.threads(), 1 // one operation at a time: each of ours fills the cores
	if o.Apart {
		within, between = between, within
	}
	c = &config.ConfigProto{
		IntraOpParallelismThreads: int32(within),
		InterOpParallelismThreads: int32(between),
		// Each session has those between operations for itself, and by ownPools the threads of an operation, too. The process has
		// them for all otherwise, and two models wait for each other: a single image takes as long as a batch of the other.
		UsePerSessionThreads: true,
		GpuOptions:           &config.GPUOptions{AllowGrowth: true},
		GraphOptions:         &config.GraphOptions{RewriteOptions: o.rewriter()},
	}
	switch o.Device {
	case "", Auto, GPU:
	case CPU:
		c.DeviceCount = map[string]int32{"GPU": 0}
	default:
		return nil, "", fmt.Errorf("unknown device %q (known: %s, %s, %s)", o.Device, Auto, CPU, GPU)
	}
	return c, o.remote(c), nil
}

// rewriter says what the runtime's graph optimizer does before the first run. It finds nothing in a training graph of ours:
// without it the first step of program 1 comes 80 ms sooner and each step takes 6 % less. Of a graph that only answers it
// fuses convolutions, biases and activations. All its passes, twice over, copy the weights dozens of times and take twice to three
// times as long as those four, which leave nothing to the others. For a GPU all are made: they change the layout, too.
func (o Options) rewriter() *config.RewriterConfig {
	c := &config.RewriterConfig{DisableMetaOptimizer: !o.Rewrite}
	if o.Rewrite && o.Device != GPU {
		c.Optimizers = []string{"pruning", "remap", "constfold", "dependency"} // fused first: see docs/decisions.md
	}
	return c
}

// Devices returns the names of the devices that the session may use.
func (s *Session) Devices() ([]string, error) {
	devices, err := s.session.ListDevices()
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	var list []string
	for _, d := range devices {
		list = append(list, d.Name)
	}
	return list, nil
}

// run calls run, a run of the graph, for the session's timeout at most. The error then is ErrTimeout.
func (s *Session) run(run func() ([]*tf.Tensor, error)) ([]*tf.Tensor, error) {
	if s.timeout <= 0 {
		return run()
	}
	if s.late.Load() {
		return nil, ErrTimeout
	}
	type answer struct {
		results []*tf.Tensor
		err     error
	}
	done := make(chan answer, 1) // nobody may be there to take it
	go func() {
		results, err := run()
		done <- answer{results, err}
	}()
	timer := time.NewTimer(s.timeout)
	defer timer.Stop()
	select {
	case a := <-done:
		return a.results, a.err
	case <-timer.C:
		s.late.Store(true)
		return nil, ErrTimeout
	}
}

// Close waits for running Calls and frees the session with its variables. It does not wait for a
// run that took longer than the timeout: what that uses is freed when it ends, and the error wraps
// ErrTimeout.
func (s *Session) Close() error {
	if s.late.Load() {
		go func() { _ = s.free() }() // nobody is there to hear of it
		return fmt.Errorf("close session: its memory stays in use: %w", ErrTimeout)
	}
	if err := s.free(); err != nil {
		return fmt.Errorf("close session: %w", err)
	}
	return nil
}

// free waits for running Calls.
func (s *Session) free() error {
	err := s.session.Close()
	if s.single != nil {
		err = errors.Join(err, s.single.session.Close())
	}
	giveBack()
	return err
}
