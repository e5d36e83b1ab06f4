package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// door is a listener that can stop to let people in before it hangs up on anybody. Shutdown of an
// http.Server alone hangs up on those who wait to be accepted, and on those whose request is read
// after it has begun.
type door struct {
	net.Listener

	mu     sync.Mutex
	shut   bool
	silent map[net.Conn]bool // came in, and their first request is not read yet
	last   time.Time         // when one came in or was read
}

// listen returns a door at a TCP address.
func listen(address string) (*door, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // the default since Go 1.24: such sockets do not know the option of keep
	l, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	return &door{Listener: l, silent: map[net.Conn]bool{}}, nil
}

// watch is the ConnState of the server.
func (d *door) watch(conn net.Conn, state http.ConnState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if state != http.StateNew {
		if d.silent[conn] {
			d.last = time.Now()
		}
		delete(d.silent, conn)
		return
	}
	d.silent[conn], d.last = true, time.Now()
	if d.shut {
		_ = keep(conn, conn.LocalAddr(), false) // it was on its way, and has this from its listener; fails where it has gone
	}
}

// settled is how long nobody may have come in before all are in.
const settled = 250 * time.Millisecond

// close lets nobody else in, and returns when the server has the requests of all who are in, or
// after a time. To those outside it is as if no answer came: they try again, and are refused then.
func (d *door) close(longest time.Duration) error {
	d.mu.Lock()
	d.shut, d.last = true, time.Now()
	err := keep(d.Listener, d.Addr(), true)
	d.mu.Unlock()
	for end := time.Now().Add(longest); time.Now().Before(end) && !d.quiet(); {
		time.Sleep(settled / 10)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return nil // some may have come in between this and the end, and are hung up on
	}
	return err
}

func (d *door) quiet() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.silent) == 0 && time.Since(d.last) > settled
}
