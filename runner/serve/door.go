package serve

import (
	"cmp"
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
//
// It also bounds who is in: where all places are taken, it hangs up on who has been idle for longest, else on who has sent
// no whole header for longest, else on who takes longest to send a body or to take an answer. Where nobody is so slow,
// newcomers wait outside.
type door struct {
	net.Listener
	most int // connections

	mu    sync.Mutex
	shut  bool
	seats map[net.Conn]seat // who is in
	left  *sync.Cond        // somebody left, or has become idle, or the door is closed
	last  time.Time         // when one came in or was read
}

// seat is what a connection does, and since when.
type seat struct {
	state http.ConnState
	since time.Time
	slow  bool // as slow as its client: a body is on its way here, or an answer to it
}

// listen returns a door at a TCP address.
func listen(address string, most int) (*door, error) {
	var config net.ListenConfig
	config.SetMultipathTCP(false) // the default since Go 1.24: such sockets do not know the option of keep
	l, err := config.Listen(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	d := &door{Listener: l, most: most, seats: map[net.Conn]seat{}}
	d.left = sync.NewCond(&d.mu)
	return d, nil
}

// Accept waits until there is a place.
func (d *door) Accept() (net.Conn, error) {
	d.makeRoom()
	return d.Listener.Accept()
}

// Close closes the listener.
func (d *door) Close() error {
	d.mu.Lock()
	d.shut = true
	d.mu.Unlock()
	d.left.Broadcast()
	return d.Listener.Close()
}

// How long one may take for the header of a request, and for a body or an answer, while others wait for the place. They may be
// probes, and a service that does not answer those is started again.
const (
	patience     = 2 * time.Second
	bodyPatience = 5 * time.Second
)

// makeRoom waits until fewer than most are in. Once the door is shut, all may come in who are on their way.
func (d *door) makeRoom() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for !d.shut && len(d.seats) >= d.most {
		if conn := d.dullest(); conn != nil {
			delete(d.seats, conn)
			_ = conn.Close() // it has gone, or goes now
			continue
		}
		timer := time.AfterFunc(patience/4, d.left.Broadcast) // one may have lost our patience by then
		d.left.Wait()
		timer.Stop()
	}
}

// dullest returns who is idle for longest, else who has kept us waiting for a header for longest, else for a body or with an answer, or
// nil. d.mu is held.
func (d *door) dullest() net.Conn {
	var dullest [3]net.Conn // by how little is lost
	for conn, s := range d.seats {
		rank, after := 0, time.Duration(0)
		switch {
		case s.state == http.StateIdle:
		case s.state == http.StateNew:
			rank, after = 1, patience
		case s.slow:
			rank, after = 2, bodyPatience
		default: // it waits for us
			continue
		}
		if before := dullest[rank]; time.Since(s.since) >= after && (before == nil || s.since.Before(d.seats[before].since)) {
			dullest[rank] = conn
		}
	}
	return cmp.Or(dullest[0], dullest[1], dullest[2])
}

// seatKey is the key of a *place in the context of a request.
type seatKey struct{}

// place is a connection at a door.
type place struct {
	door *door
	conn net.Conn
}

// known is the ConnContext of the server.
func (d *door) known(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, seatKey{}, &place{d, conn})
}

// slow says that the client of a request has all the time from now on, if it came through a door; false: that we have.
func slow(r *http.Request, yes bool) {
	p, ok := r.Context().Value(seatKey{}).(*place)
	if !ok || r.ProtoMajor > 1 { // one connection of HTTP/2 has other requests, too
		return
	}
	p.door.mu.Lock()
	defer p.door.mu.Unlock()
	if s, in := p.door.seats[p.conn]; in {
		p.door.seats[p.conn] = seat{s.state, time.Now(), yes}
	}
}

// watch is the ConnState of the server.
func (d *door) watch(conn net.Conn, state http.ConnState) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if d.seats[conn].state == http.StateNew {
		d.last = now
	}
	if state == http.StateClosed || state == http.StateHijacked {
		delete(d.seats, conn)
	} else {
		d.seats[conn] = seat{state: state, since: now}
	}
	if state != http.StateActive {
		d.left.Signal()
	}
	if state == http.StateNew && d.shut {
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
	d.left.Broadcast()
	for end := time.Now().Add(longest); time.Now().Before(end) && !d.quiet(); {
		time.Sleep(settled / 10)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return nil // some may have come in between this and the end, and are hung up on
	}
	return err
}

// quiet reports whether all requests have come of those who are in.
func (d *door) quiet() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.seats {
		if s.state == http.StateNew {
			return false
		}
	}
	return time.Since(d.last) > settled
}
