package network

import (
	"errors"
	"fmt"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline"
)

// sumCalls are the runs that a shared one is spoken to by; nil: not prepared yet.
type sumCalls struct{ take, give, end *session.Call }

// sharedRun is a run of the network of training, on this process' own images, that waits for other processes in its middle:
//
//	begin → what it sends is taken, and what it waits for is given, in its order → end, or giveUp
//
// A process without images runs nothing: it takes nothing, gives to nobody, and adds zeros.
type sharedRun struct {
	n      *Network
	peers  Peers
	absent bool
	done   chan ended
}

// ended is what comes of a run, once.
type ended struct {
	gradients *session.Held // of the tower
	err       error
}

// begin starts the run of own images.
func (n *Network) begin(own *pipeline.Batch, step int, p Peers) (*sharedRun, error) {
	if err := n.prepareSums(); err != nil {
		return nil, err
	}
	r := &sharedRun{n: n, peers: p, absent: len(own.Images) == 0, done: make(chan ended, 1)}
	if r.absent {
		return r, nil
	}
	name, seen := n.seen(own)
	if err := n.prepareChunks(name); err != nil {
		return nil, err
	}
	go func() {
		gradients, err := n.chunk.tower.Hold(seen, session.Scalar(float32(step)))
		r.done <- ended{gradients, err}
	}()
	return r, nil
}

// add adds up vectors of these lengths over all processes, one after the other.
func (r *sharedRun) add(lengths []int) error {
	for _, length := range lengths {
		sum := make([]float32, length)
		own, err := r.take()
		if err != nil {
			return err
		}
		if !r.absent && copy(sum, own) != len(own) {
			return fmt.Errorf("a batch norm sends %d numbers, want %d", len(own), length)
		}
		if err := r.peers.Sum(sum); err != nil {
			return err
		}
		if err := r.give(session.Vector(sum)); err != nil {
			return err
		}
	}
	return nil
}

// take returns what the run sends next, nil where there is no run. Where the run ends before, that is an error.
func (r *sharedRun) take() ([]float32, error) {
	if r.absent {
		return nil, nil
	}
	type answer struct {
		values []session.Value
		err    error
	}
	taken := make(chan answer, 1) // nobody may be there to take it
	go func() {
		values, err := r.n.sums.take.Run()
		taken <- answer{values, err}
	}()
	select {
	case a := <-taken:
		if a.err != nil {
			return nil, a.err
		}
		return session.Data[float32](a.values[0])
	case e := <-r.done:
		r.done <- e
		if e.err == nil {
			e.err = errors.New("the network has ended without waiting for the others")
		}
		return nil, e.err
	}
}

// give gives the run what it waits for.
func (r *sharedRun) give(v session.Value) error {
	if r.absent {
		return nil
	}
	_, err := r.n.sums.give.Run(v)
	return err
}

// end waits for the end of the run, if there is one, and returns the gradients of the tower.
func (r *sharedRun) end() (*session.Held, error) {
	if r.absent {
		return &session.Held{}, nil
	}
	e := <-r.done
	return e.gradients, e.err
}

// giveUp has the run end that waits for what does not come, because of err. The network makes no more shared steps.
func (r *sharedRun) giveUp(err error) error {
	_, closed := r.n.sums.end.Run()
	if closed == nil {
		if held, ended := r.end(); ended == nil { // else it follows from err
			held.Free()
		}
	}
	return errors.Join(err, closed)
}

func (n *Network) prepareSums() (err error) {
	if n.sums.take != nil {
		return nil
	}
	var c sumCalls
	var errs [3]error
	c.take, errs[0] = n.session.Prepare(nil, []string{names.SumsTake}, nil)
	c.give, errs[1] = n.session.Prepare([]string{names.SumsValue}, nil, []string{names.SumsGive})
	c.end, errs[2] = n.session.Prepare(nil, nil, []string{names.SumsEnd})
	if err = errors.Join(errs[:]...); err == nil {
		n.sums = sumCalls{c.take.Untraced(), c.give.Untraced(), c.end.Untraced()}
	}
	return err
}
