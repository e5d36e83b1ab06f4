package serve

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

// Server answers at an address until it is told to stop, and loses no request then. A field that is zero
// has its value in DefaultServer.
type Server struct {
	Address     string        // "host:port"; the port alone is at every address of the machine
	Admin       string        // address of the routes of Service.Admin; "": there are none
	Certificate string        // file of the certificate chain in PEM, for TLS; "": there is none
	Key         string        // file of its private key; both are read again when they change
	Connections int           // at once
	Header      time.Duration // for the header of a request
	Read        time.Duration // for a whole request
	Idle        time.Duration // between two requests of a connection
	Grace       time.Duration // from the order to stop until nobody else is let in
	Drain       time.Duration // from then on, for requests that are being answered
	// Listening is called once connections are accepted; nil: nobody is told.
	Listening func(address, admin net.Addr)
	Ready     func() // called once all models are open; nil: nobody is told
}

// DefaultServer stops within Kubernetes' 30 seconds.
var DefaultServer = Server{Address: ":8080", Connections: 1024, Header: 5 * time.Second, Read: 30 * time.Second,
	Idle: 2 * time.Minute, Grace: 5 * time.Second, Drain: 20 * time.Second}

// spare is how many descriptors are left for files, libraries and connections on their way.
const spare = 64

// WithDefaults returns o with the defaults filled in. The limit of connections leaves room for other
// descriptors of the process.
func (o Server) WithDefaults() Server {
	d := DefaultServer
	o.Address, o.Connections = cmp.Or(o.Address, d.Address), cmp.Or(o.Connections, d.Connections)
	o.Header, o.Read, o.Idle = cmp.Or(o.Header, d.Header), cmp.Or(o.Read, d.Read), cmp.Or(o.Idle, d.Idle)
	o.Grace, o.Drain = cmp.Or(o.Grace, d.Grace), cmp.Or(o.Drain, d.Drain)
	if most, ok := descriptors(); ok {
		o.Connections = max(1, min(o.Connections, most-spare))
	}
	return o
}

// Run opens the models of s and answers until ctx is done. Then it stops as Stop says, waits Grace, lets
// nobody else in, finishes what is in flight, and closes the models. It returns nil after such an end,
// and else what went wrong. New versions of the models are opened as they appear: see Service.Watch.
func (o Server) Run(ctx context.Context, s *Service) (err error) {
	o = o.WithDefaults()
	door, err := listen(o.Address, o.Connections)
	if err != nil {
		return err
	}
	main, err := o.httpServer(s, door)
	if err != nil {
		return errors.Join(err, door.Close())
	}
	admin, adminDoor, err := o.adminServer(s)
	if err != nil {
		return errors.Join(err, door.Close())
	}
	g, ending := errgroup.WithContext(ctx)
	g.Go(func() error { return serving(main, door, o.Certificate != "") })
	if admin != nil {
		g.Go(func() error { return serving(admin, adminDoor, false) })
	}
	if o.Listening != nil {
		o.Listening(door.Addr(), addressOf(adminDoor))
	}
	g.Go(func() error {
		if err := s.Open(ending); err != nil {
			return err
		}
		if o.Ready != nil {
			o.Ready()
		}
		s.Watch(ending)
		return nil
	})
	g.Go(func() error {
		<-ending.Done()
		s.Stop()
		if ctx.Err() == nil { // it failed: nobody is answered
			return errors.Join(closed(main), closed(admin))
		}
		return errors.Join(o.end(s, main, door), closed(admin))
	})
	err = g.Wait()
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		err = nil // told to stop while models were opened
	}
	return errors.Join(err, s.Close())
}

// last is how long requests have that are told that their answer will not come.
const last = 2 * time.Second

// end lets requests end.
func (o Server) end(s *Service, server *http.Server, door *door) error {
	time.Sleep(o.Grace) // while all are answered as before
	until := time.Now().Add(o.Drain)
	err := door.close(o.Drain / 2) // takes no more; without it Shutdown hangs up on some
	if shutdown(server, until) == nil {
		return err
	}
	s.abort() // those who wait are told to try elsewhere, which is better than no answer
	if late := shutdown(server, time.Now().Add(last)); late != nil {
		err = errors.Join(err, fmt.Errorf("requests were cut off after %v: %w", o.Drain+last, late), server.Close())
	}
	return err
}

func shutdown(server *http.Server, until time.Time) error {
	ctx, cancel := context.WithDeadline(context.Background(), until)
	defer cancel()
	return server.Shutdown(ctx)
}

// httpServer returns the server of s behind a door.
func (o Server) httpServer(s *Service, door *door) (*http.Server, error) {
	server := &http.Server{Handler: s, ReadHeaderTimeout: o.Header, ReadTimeout: o.Read, IdleTimeout: o.Idle,
		WriteTimeout: o.Read + s.limits.Deadline + o.Header, MaxHeaderBytes: 64 << 10, ConnState: door.watch, ConnContext: door.known,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	if (o.Certificate == "") != (o.Key == "") {
		return nil, errors.New("TLS needs a certificate and its key")
	}
	if o.Certificate == "" {
		return server, nil
	}
	pair := &certificate{file: o.Certificate, key: o.Key, log: s.log}
	if err := pair.read(); err != nil {
		return nil, err
	}
	server.TLSConfig = &tls.Config{GetCertificate: pair.get, MinVersion: tls.VersionTLS12}
	return server, nil
}

// adminServer returns the server of the admin routes and its listener, nil where there is none.
func (o Server) adminServer(s *Service) (*http.Server, net.Listener, error) {
	if o.Admin == "" {
		return nil, nil, nil
	}
	listener, err := net.Listen("tcp", o.Admin)
	if err != nil {
		return nil, nil, err
	}
	return &http.Server{Handler: s.Admin(), ReadHeaderTimeout: o.Header, IdleTimeout: o.Idle,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}, listener, nil
}

// serving answers until the server is shut down.
func serving(server *http.Server, l net.Listener, secure bool) error {
	serve := server.Serve
	if secure {
		serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func closed(server *http.Server) error {
	if server == nil {
		return nil
	}
	return server.Close()
}

func addressOf(l net.Listener) net.Addr {
	if l == nil {
		return nil
	}
	return l.Addr()
}
