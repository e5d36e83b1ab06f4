package network

import (
	"errors"
	"fmt"

	"github.com/tfpair/tfpair/internal/names"
	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/pipeline"
)

// sumCalls are the runs that exchange what batch norms add up over processes; nil: not prepared yet.
type sumCalls struct{ take, give, end *session.Call }

// beside calls do, which runs the network of training on this process' own images, and adds up over all processes what that
// sends on its way: vectors of these lengths, in this order. The sums of a run before are handed on once more, as far as there are
// any: it had the same images and weights. It returns all sums. A process without images adds zeros.
//
//	do: … → its own sums → Peers.Sum → those of all → …
func (n *Network) beside(p Peers, own *pipeline.Batch, lengths []int, before [][]float32, do func() error) (sums [][]float32, err error) {
	if len(lengths) == 0 {
		return nil, do()
	}
	if err := n.prepareSums(); err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	absent := len(own.Images) == 0
	if absent {
		done <- do()
	} else {
		go func() { done <- do() }()
	}
	for i, length := range lengths {
		sum := make([]float32, length)
		if !absent {
			if sum, err = n.take(length, done); err != nil {
				return nil, err
			}
		}
		if i < len(before) {
			sum = before[i]
		} else if err := p.Sum(sum); err != nil {
			return nil, n.endSums(err, absent, done)
		}
		sums = append(sums, sum)
		if !absent {
			if _, err := n.sums.give.Run(session.Vector(sum)); err != nil {
				return nil, n.endSums(err, absent, done)
			}
		}
	}
	return sums, <-done
}

// take returns what the run sends next. Where the run ends before, as done says, nothing more comes.
func (n *Network) take(length int, done chan error) ([]float32, error) {
	type answer struct {
		values []session.Value
		err    error
	}
	taken := make(chan answer, 1)
	go func() {
		values, err := n.sums.take.Run()
		taken <- answer{values, err}
	}()
	select {
	case a := <-taken:
		if a.err != nil {
			return nil, n.endSums(a.err, false, done)
		}
		sum, err := session.Data[float32](a.values[0])
		if err == nil && len(sum) != length {
			err = fmt.Errorf("a batch norm sends %d numbers, want %d", len(sum), length)
		}
		if err != nil {
			return nil, n.endSums(err, false, done)
		}
		return sum, nil
	case err := <-done:
		if err == nil {
			err = errors.New("the network has ended before its batch norms were added up")
		}
		_, closed := n.sums.end.Run()
		<-taken
		return nil, errors.Join(err, closed)
	}
}

// endSums has the run end that waits for a sum which does not come, because of err. No run that adds up works afterwards.
func (n *Network) endSums(err error, absent bool, done chan error) error {
	_, closed := n.sums.end.Run()
	if !absent && closed == nil {
		<-done // its error follows from err
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
		n.sums = c
	}
	return err
}
