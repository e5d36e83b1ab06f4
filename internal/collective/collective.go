// Package collective lets the processes of a cluster add up vectors and tell each other things, by
// TensorFlow's own gRPC server and collective operations:
//
//	cluster.Cluster → Join → Group: Sum, Share, all at once in all processes → Leave
//
// Every process calls the same functions in the same order with vectors of the same lengths, and all get
// the same bits. A process that is lost ends the call of all others with a *LostError that names it: the
// group finds that out by itself, by a pulse once a second, however long the others compute between
// two calls. So does a process that answers and does not get on. A server that runs cannot be stopped, and a
// call that waits for a lost process may never return inside TensorFlow: who gets a *LostError ends the process.
package collective

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/tfpair/tfpair/internal/cluster"
	"github.com/tfpair/tfpair/internal/session"
)

// logLevel is the environment variable that says from which level on TensorFlow writes to stderr: 3 is nothing
// that a program survives. It is read when the library is loaded.
const logLevel = "TF_CPP_MIN_LOG_LEVEL"

// Group is the processes that train together. One goroutine may use it, but for Alive and Lost.
type Group struct {
	cluster *cluster.Cluster
	options session.Options
	waits   Waits
	ops     map[key]adder
	next    int64   // number of the next operation
	memory  *memory // nil: processes send each other what they add up
	buffer  []int32 // of what is sent, or of float32; each call uses it again

	sent int64         // bytes, by this process, to add up and to share
	took time.Duration // of all calls, waiting for the others included

	pulse *op
	state atomic.Int32    // of this process, see stall
	quiet context.Context // ends with Leave: who is silent then has ended in order
	leave context.CancelFunc
	once  sync.Once
	lost  chan struct{} // closed once err is set
	err   error
}

// Waits is how long the processes of a group wait for each other at most.
type Waits struct {
	Join  time.Duration // until all are there
	Stall time.Duration // for one that answers, and neither gets on nor waits itself
}

// Join starts this process' server and waits until those of all others answer. Waiting is as in cluster.Wait.
// Errors are those of session.Server.Start and cluster.Wait, and *LostError.
func Join(ctx context.Context, c *cluster.Cluster, o session.Options, w Waits, waiting func([]cluster.Silent)) (*Group, error) {
	self := c.Tasks[c.Self]
	s := session.Server{Jobs: map[string]map[int32]string{}, Job: self.Job, Task: int32(self.Index), Leader: device(c.Tasks[0])}
	for _, t := range c.Tasks {
		if s.Jobs[t.Job] == nil {
			s.Jobs[t.Job] = map[int32]string{}
		}
		s.Jobs[t.Job][int32(t.Index)] = t.Address
	}
	o.Device = session.CPU // what is added up lies in memory
	session.KeepFreed()
	if os.Getenv(logLevel) == "" {
		if err := os.Setenv(logLevel, "3"); err != nil { // of a lost process the error says enough
			return nil, err
		}
	}
	remote, err := s.Start(o)
	if err != nil {
		return nil, serverError(self, err)
	}
	if err := c.Wait(ctx, w.Join, waiting); err != nil {
		return nil, err
	}
	o.Remote = remote
	g := &Group{cluster: c, options: o, waits: w, ops: map[key]adder{}, next: 1, lost: make(chan struct{})}
	g.quiet, g.leave = context.WithCancel(context.WithoutCancel(ctx))
	met := make(chan error, 1) // nobody may be there to take it
	go func() { met <- g.meet() }()
	select {
	case err = <-met:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(w.Join): // the runtime waits for a process that was lost just now, without end
		err = fmt.Errorf("no meeting of all within %v", w.Join)
	}
	if err != nil {
		g.fail(err)
		return nil, g.err
	}
	go g.beat()
	g.cluster.Watch(g.quiet, func(s cluster.Silent) { g.fail(s.Err) })
	if err := g.shareMemory(); err != nil {
		return nil, err
	}
	return g, nil
}

// PortError says that the server of this process cannot listen on its port.
type PortError struct {
	Task cluster.Task
	Err  error // the system's
}

func (e *PortError) Error() string { return fmt.Sprintf("%s at %s: %v", e.Task, e.Task.Address, e.Err) }

// Unwrap returns the system's error.
func (e *PortError) Unwrap() error { return e.Err }

// serverError returns why the server of a task was not started. The runtime does not say it of a port that cannot be had, which is
// asked for once more here: a *PortError.
func serverError(self cluster.Task, err error) error {
	_, port, bad := net.SplitHostPort(self.Address)
	if bad != nil {
		return errors.Join(err, bad)
	}
	l, taken := net.Listen("tcp", ":"+port)
	if taken != nil {
		return &PortError{self, taken}
	}
	return errors.Join(fmt.Errorf("%s at %s: %w", self, self.Address, err), l.Close())
}

// meet opens what the pulse needs, and waits until all processes have come so far.
func (g *Group) meet() (err error) {
	if g.pulse, err = g.open(key{pulseLength(g.Size()), true}, pulseWithin); err != nil {
		return err
	}
	first, err := g.open(key{g.Size(), true}, g.waits.Join)
	if err != nil {
		return err
	}
	return first.run(session.Vector(make([]int32, g.Size())))
}

// device is the name of a task in TensorFlow.
func device(t cluster.Task) string {
	return fmt.Sprintf("/job:%s/replica:0/task:%d", t.Job, t.Index)
}

// Rank returns which of the processes this is, from 0: the chief.
func (g *Group) Rank() int { return g.cluster.Self }

// Size returns how many processes there are.
func (g *Group) Size() int { return len(g.cluster.Tasks) }

// Name names the process of a rank: "worker 1".
func (g *Group) Name(rank int) string { return g.cluster.Tasks[rank].String() }

// InMemory reports whether the processes add up in memory that they share. The sum of three numbers or more then has another order
// than by connections.
func (g *Group) InMemory() bool { return g.memory != nil }

// Traffic returns how many bytes this process has sent for sums and shares so far, or has written where the others read them, and how
// long that took. It includes waiting for the others.
func (g *Group) Traffic() (sent int64, took time.Duration) { return g.sent, g.took }

// within calls f, which waits for the other processes and sends them so many bytes, unless a process is lost before it ends.
func (g *Group) within(bytes int64, f func() error) error {
	g.wait(true)
	defer func(begin time.Time) {
		g.wait(false)
		g.took += time.Since(begin)
	}(time.Now())
	g.sent += bytes
	done := make(chan error, 1) // nobody may be there to take it
	go func() { done <- f() }()
	select {
	case err := <-done:
		if err == nil || g.quiet.Err() != nil {
			return err
		}
		go g.fail(err)
		<-g.lost
	case <-g.lost:
	}
	return g.err
}

// run replaces v by the sum of an operation of this group.
func (g *Group) run(k key, v session.Value) error {
	sent := 2 * int64(g.Size()-1) * 4 * int64(k.length) / int64(g.Size()) // around the ring twice, but for its own part
	return g.within(sent, func() error {
		o, err := g.op(k)
		if err != nil {
			return err
		}
		return o.run(v)
	})
}

// op returns an operation of this group, which is opened once.
func (g *Group) op(k key) (a adder, err error) {
	a, ok := g.ops[k]
	switch {
	case ok:
		return a, nil
	case !k.whole && k.length >= longFrom:
		a, err = g.openExchange(k.length)
	default:
		a, err = g.open(k, 0)
	}
	if err == nil {
		g.ops[k] = a
	}
	return a, err
}

// adder is an operation of all processes that replaces a vector by the sum of all.
type adder interface{ run(v session.Value) error }

// Sum replaces v by the sum of what all processes call it with. The order of the additions is the same in
// all of them: they get the same bits. Where it fails, nobody may use v any more: the runtime may still do.
func (g *Group) Sum(v []float32) error { return g.SumTo([][]float32{v}, [][]float32{v}) }

// SumTo is Sum of a vector that lies in the pieces of from, to those of to, which are as long together. A piece may be in both. Where
// it fails, nobody may use their memory any more, or free it.
func (g *Group) SumTo(to, from [][]float32) error { return around(g, to, from, false) }

// Share gives all processes the numbers of each: v is as long in all of them, and each has its own in a
// place of its own, with zeros in the places of the others. Bits stay as they are.
func (g *Group) Share(v []int32) error { return around(g, [][]int32{v}, [][]int32{v}, true) }

// around adds up a vector: in memory, or in buckets. There are operations for few lengths, and the rest of a bucket is filled with
// zeros to one of them.
func around[T float32 | int32](g *Group, to, from [][]T, whole bool) error {
	length := lengthOf(from)
	if got := lengthOf(to); got != length {
		return fmt.Errorf("add up %d numbers: got room for %d", length, got)
	}
	if g.memory != nil {
		return g.within(4*int64(length), func() error { return addUp(g.memory, to, from) })
	}
	source, target := parts[T]{list: from}, parts[T]{list: to}
	if n := lengthFor(min(length, bucket)); len(g.buffer) < n {
		g.buffer = make([]int32, n)
	}
	buffer := unsafe.Slice((*T)(unsafe.Pointer(&g.buffer[0])), len(g.buffer))
	for ; length > 0; length -= bucket {
		n := min(length, bucket)
		part := buffer[:lengthFor(n)]
		clear(part[source.read(part[:n]):])
		if err := g.run(key{len(part), whole}, session.Vector(part)); err != nil {
			return err
		}
		target.write(part[:n])
	}
	return nil
}

// lengthFor returns the least length of an operation for n numbers: 8 to 15 times a power of two, which is an eighth more at most.
func lengthFor(n int) int {
	step := shortest / 8
	for n > 16*step {
		step *= 2
	}
	return max((n+step-1)/step*step, shortest)
}

// Texts gives all processes the text of each, by rank.
func (g *Group) Texts(text string) ([]string, error) {
	lengths := make([]int32, g.Size())
	lengths[g.Rank()] = int32(len(text))
	if err := g.Share(lengths); err != nil {
		return nil, err
	}
	all, at, texts := 0, 0, make([]string, g.Size())
	for _, n := range lengths {
		all += int(n)
	}
	codes := make([]int32, all) // of bytes
	for rank, n := range lengths {
		if rank == g.Rank() {
			for i := range len(text) {
				codes[at+i] = int32(text[i])
			}
		}
		at += int(n)
	}
	if err := g.Share(codes); err != nil {
		return nil, err
	}
	for rank, n := range lengths {
		read := make([]byte, n)
		for i := range read {
			read[i] = byte(codes[i])
		}
		texts[rank], codes = string(read), codes[n:]
	}
	return texts, nil
}

// ShareFloats is Share of float32, whose bits stay as they are, too.
func (g *Group) ShareFloats(v []float32) error {
	bits := make([]int32, len(v))
	for i, x := range v {
		bits[i] = int32(math.Float32bits(x))
	}
	if err := g.Share(bits); err != nil {
		return err
	}
	for i, b := range bits {
		v[i] = math.Float32frombits(uint32(b))
	}
	return nil
}

// Leave ends the group, in all processes at once: who ends afterwards is not lost. It waits a short while for
// those that are not there yet, which may still fetch from this one what was shared last.
func (g *Group) Leave() {
	g.leave()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = g.Share(make([]int32, g.Size())) // all was said before: a process that has ended is not lost
	}()
	select {
	case <-done:
	case <-time.After(pulseWithin):
	}
}
