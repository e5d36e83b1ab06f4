package collective

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tfpair/tfpair/internal/cluster"
	"github.com/tfpair/tfpair/internal/session"
)

// How a lost process is found. Together they are less than ten seconds.
const (
	pulseEvery  = time.Second
	pulseWithin = 5 * time.Second // all processes take part in a pulse, or one is lost
	lingerFor   = 3 * time.Second // more than asking takes: a process that ends at once would look lost to others, too
)

// LostError says that a process of the cluster was lost, or has ended.
type LostError struct {
	Peers []string // "worker 1 at host:2222 (connection refused)"; none: all answer, and a call failed all the same
	Err   error    // what failed
}

func (e *LostError) Error() string {
	if len(e.Peers) == 0 {
		return fmt.Sprintf("the processes of the cluster lost each other: %v", e.Err)
	}
	return "lost " + strings.Join(e.Peers, ", ")
}

// Unwrap returns what failed.
func (e *LostError) Unwrap() error { return e.Err }

// Lost is closed once a process is lost. Err says which then.
func (g *Group) Lost() <-chan struct{} { return g.lost }

// Err returns the *LostError of a group that has lost a process.
func (g *Group) Err() error {
	select {
	case <-g.lost:
		return g.err
	default:
		return nil
	}
}

// Alive says to the others that this process gets on with what it does by itself. Any goroutine may call it.
func (g *Group) Alive() { g.state.Add(2) }

// wait notes that this process begins to wait for the others, or has done so. Both mean that it gets on.
func (g *Group) wait(begins bool) {
	if begins == (g.state.Load()&1 == 0) {
		g.state.Add(1)
	}
}

// pulseLength is how many numbers go around with a pulse: the state of each process, and the chief's time.
func pulseLength(size int) int { return size + 1 }

// beat runs the pulse until a process is lost or this one leaves. It ends with the process.
func (g *Group) beat() {
	start, s := time.Now(), &stall{after: g.waits.Stall}
	for {
		all := make([]int32, pulseLength(g.Size()))
		all[g.Rank()] = g.state.Load()
		if g.Rank() == 0 {
			all[g.Size()] = int32(time.Since(start) / time.Second)
		}
		err := g.pulse.run(session.Vector(all))
		if err == nil {
			err = s.look(g.cluster.Tasks, all[:g.Size()], time.Duration(all[g.Size()])*time.Second)
		}
		if err != nil {
			g.fail(err)
			return
		}
		select {
		case <-g.quiet.Done():
			return
		case <-time.After(pulseEvery):
		}
	}
}

// stall finds processes that answer and do not get on. All processes see the same states at the same time of the
// chief, so that all name the same ones in the same pulse.
//
// A state is a number that goes up by two where a process does something by itself. It is odd while the process
// waits for the others.
type stall struct {
	after  time.Duration // a state that stays the same
	states []int32       // of the last pulse, by rank
	since  []time.Duration
}

// look returns a *LostError where a process has not got on for too long. Where all wait, it names none.
func (s *stall) look(tasks []cluster.Task, states []int32, now time.Duration) error {
	if s.states == nil {
		s.states, s.since = make([]int32, len(states)), make([]time.Duration, len(states))
	}
	e := &LostError{}
	wait := 0 // processes that have waited for so long
	for rank, state := range states {
		if state != s.states[rank] {
			s.states[rank], s.since[rank] = state, now
		}
		switch still := now - s.since[rank]; {
		case still < s.after:
		case state&1 == 1:
			wait++
		default:
			e.Peers = append(e.Peers, fmt.Sprintf("%s at %s (it answers, and has not got on for %v)", tasks[rank], tasks[rank].Address, still))
		}
	}
	switch {
	case len(e.Peers) > 0:
		return e
	case wait == len(states):
		return &LostError{Err: fmt.Errorf("each has waited for the others for %v", s.after)}
	}
	return nil
}

// fail ends the call in progress, once. It asks who is lost, unless the cause says it.
func (g *Group) fail(cause error) {
	g.once.Do(func() {
		if g.quiet.Err() != nil {
			return
		}
		linger := time.After(lingerFor)
		var e *LostError
		if !errors.As(cause, &e) {
			e = &LostError{Err: cause}
			for _, s := range g.cluster.Silent(context.Background()) {
				e.Peers = append(e.Peers, fmt.Sprintf("%s at %s (%v)", s.Task, s.Address, s.Err))
			}
		}
		<-linger
		g.err = e
		close(g.lost)
	})
}
