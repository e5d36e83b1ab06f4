package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// How a peer is asked whether it is there.
const (
	askEvery  = 200 * time.Millisecond // while it is waited for
	askWithin = 2 * time.Second        // a connection, and its first answer
)

// hello opens an HTTP/2 connection, as RFC 9113, section 3.4, has it: the preface and an empty frame of
// settings. A gRPC server answers with settings of its own.
var hello = append([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 0, 0, 0, 4, 0, 0, 0, 0, 0)

// acknowledged says that the settings of the other side are taken.
var acknowledged = []byte{0, 0, 0, 4, 1, 0, 0, 0, 0}

// greet connects to the gRPC server at an address, which answers with its settings. A process that has been
// killed refuses the connection, one that stands still does not answer on it.
func greet(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if err := settle(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// settle exchanges settings on a new connection.
func settle(ctx context.Context, conn net.Conn) error {
	until, _ := ctx.Deadline()
	if err := conn.SetDeadline(until); err != nil {
		return err
	}
	if _, err := conn.Write(hello); err != nil {
		return err
	}
	var head [9]byte // of a frame: length, type, flags, stream
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	const settings = 4 // the type of such a frame
	if head[3] != settings {
		return errors.New("what answers is no TensorFlow server")
	}
	if _, err := conn.Write(acknowledged); err != nil {
		return err
	}
	return conn.SetDeadline(time.Time{})
}

// answers says why the gRPC server at an address does not answer, or nil.
func answers(ctx context.Context, address string) error {
	conn, err := greet(ctx, address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// Watch keeps a connection to every other task, and calls lost, from goroutines of its own, with each whose
// connection breaks and which does not answer on a new one: the system closes what a killed process had open.
// It ends with ctx.
func (c *Cluster) Watch(ctx context.Context, lost func(Silent)) {
	for i, t := range c.Tasks {
		if i != c.Self {
			go watch(ctx, t, lost)
		}
	}
}

func watch(ctx context.Context, t Task, lost func(Silent)) {
	for ctx.Err() == nil {
		conn, err := greet(ctx, t.Address)
		if err != nil {
			if ctx.Err() == nil {
				lost(Silent{t, err})
			}
			return
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // which ends the copy
		_, _ = io.Copy(io.Discard, conn)                            // to the end of the connection, for whatever reason
		stop()
		_ = conn.Close() // nothing is written that could be lost
	}
}

// Silent is a task that does not answer.
type Silent struct {
	Task
	Err error // why
}

// Silent asks all other tasks at once and returns those that do not answer, in order of rank. It takes
// two seconds at most.
func (c *Cluster) Silent(ctx context.Context) []Silent {
	errs := make([]error, len(c.Tasks))
	var all sync.WaitGroup
	for i, t := range c.Tasks {
		if i != c.Self {
			all.Go(func() { errs[i] = answers(ctx, t.Address) })
		}
	}
	all.Wait()
	var silent []Silent
	for i, err := range errs {
		if err != nil {
			silent = append(silent, Silent{c.Tasks[i], err})
		}
	}
	return silent
}

// JoinError says which tasks did not answer within the time for joining.
type JoinError struct {
	After  time.Duration
	Silent []Silent
}

func (e *JoinError) Error() string {
	var list []string
	for _, s := range e.Silent {
		list = append(list, fmt.Sprintf("%s at %s (%v)", s.Task, s.Address, s.Err))
	}
	return fmt.Sprintf("after %v not all processes of the cluster are there: no answer from %s", e.After, strings.Join(list, ", "))
}

// Wait waits until the servers of all other tasks answer, so long at most. Waiting is told, if it is not nil,
// each time the number of those that do not changes. The error is a *JoinError, or that of ctx.
func (c *Cluster) Wait(ctx context.Context, most time.Duration, waiting func([]Silent)) error {
	until, before := time.Now().Add(most), 0
	for {
		silent := c.Silent(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(silent) == 0 {
			return nil
		}
		if waiting != nil && len(silent) != before {
			waiting(silent)
		}
		before = len(silent)
		if !time.Now().Before(until) {
			return &JoinError{most, silent}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(askEvery):
		}
	}
}
