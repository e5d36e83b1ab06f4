package serve

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/tfpair/tfpair/models/modelstest"
)

// running has a server answer at a free address until stop is called, which returns what Run does.
func running(t *testing.T, s *Service, o Server) (address, admin string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	listening := make(chan [2]string, 1)
	o.Listening = func(at, admin net.Addr) {
		both := [2]string{at.String()}
		if admin != nil {
			both[1] = admin.String()
		}
		listening <- both
	}
	o.Address = "127.0.0.1:0"
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx, s) }()
	select {
	case both := <-listening:
		address, admin = both[0], both[1]
	case err := <-ended:
		t.Fatal(err)
	}
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = stop() }) // the test has looked at it
	until(t, "ready", s.started.Load)
	return address, admin, stop
}

// tally counts how requests ended.
type tally struct {
	sync.Mutex
	answered, refused int      // refused: nobody took the connection, no request was sent
	lost              []string // requests that were sent and have no whole answer
}

// send posts a picture, and never again: the transport may not repeat it.
func (y *tally) send(client *http.Client, address string, file []byte) {
	r, err := client.Post("http://"+address+"/v1/embed", "image/png", struct{ io.Reader }{bytes.NewReader(file)})
	var got embedded
	if err == nil {
		err = json.NewDecoder(r.Body).Decode(&got)
		_ = r.Body.Close()
		if err == nil && (r.StatusCode != http.StatusOK || len(got.Embeddings) != 1) {
			err = fmt.Errorf("status %d", r.StatusCode)
		}
	}
	y.Lock()
	defer y.Unlock()
	var dial *net.OpError
	switch {
	case err == nil:
		y.answered++
	case errors.As(err, &dial) && dial.Op == "dial":
		y.refused++
	default:
		y.lost = append(y.lost, err.Error())
	}
}

// TestRunStops: a server that is told to stop under load answers every request that it has got, and ends
// well. Every second client opens a connection for each request.
func TestRunStops(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere the door hangs up on those who come as it closes")
	}
	file, y := picture(t, red), &tally{}
	for range 3 {
		model := &modelstest.Model{Before: func(context.Context, int) error { time.Sleep(5 * time.Millisecond); return nil }}
		s, err := New(Config{Models: []Source{fake(t, "photos", model)}})
		if err != nil {
			t.Fatal(err)
		}
		address, _, stop := running(t, s, Server{Grace: 50 * time.Millisecond})
		ctx, cancel := context.WithCancel(t.Context())
		var clients sync.WaitGroup
		for i := range 64 {
			clients.Go(func() {
				transport := &http.Transport{DisableKeepAlives: i%2 == 1}
				defer transport.CloseIdleConnections()
				for client := (&http.Client{Transport: transport, Timeout: time.Minute}); ctx.Err() == nil; {
					y.send(client, address, file)
				}
			})
		}
		time.Sleep(100 * time.Millisecond) // under load
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
		cancel()
		clients.Wait()
		if !model.Closed() {
			t.Error("the model is not closed")
		}
	}
	t.Logf("answered %d, not connected %d, lost %d", y.answered, y.refused, len(y.lost))
	for _, text := range y.lost[:min(5, len(y.lost))] {
		t.Errorf("a request was lost: %s", text)
	}
	if y.answered == 0 {
		t.Error("no request was answered")
	}
}

// TestConnections: clients that are idle, or send their header slowly, take nobody's place.
func TestConnections(t *testing.T) {
	s, err := New(Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	if err != nil {
		t.Fatal(err)
	}
	address, _, stop := running(t, s, Server{Grace: time.Millisecond, Connections: 4, Header: time.Minute})
	for i := range 10 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()          // the server may have hung up
		text := "GET /livez HTTP/1.1\r\nHost: a\r\n" // and no more
		if i%2 == 0 {
			text += "\r\n" // answered, then idle
		}
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
	}
	y, file := &tally{}, picture(t, red)
	for range 4 {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
		y.send(client, address, file)
	}
	if y.answered != 4 {
		t.Errorf("answered %d of 4 beside slow clients, lost %v", y.answered, y.lost)
	}
	if err := stop(); err != nil {
		t.Errorf("Run = %v", err)
	}
}

// TestRunFails: a model that cannot be opened ends the server with the reason.
func TestRunFails(t *testing.T) {
	reason := errors.New("no such model")
	s, err := New(Config{Models: []Source{{Name: "a", Open: func() (Opened, error) { return Opened{}, reason }}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := (Server{Address: "127.0.0.1:0"}).Run(t.Context(), s); !errors.Is(err, reason) {
		t.Errorf("Run = %v, want %v", err, reason)
	}
	if err := (Server{Address: "127.0.0.1:0", Certificate: "a.pem"}).Run(t.Context(), s); err == nil {
		t.Error("Run with half of a certificate = nil")
	}
}

// pemPair writes a certificate for 127.0.0.1, signed by itself, and its key.
func pemPair(t *testing.T, folder string, serial int64) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{{127, 0, 0, 1}}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for path, block := range map[string]*pem.Block{certificate: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certificate, key
}

// TestTLS: a server with a certificate answers over TLS, with the next certificate once the files have
// changed, and ends well.
func TestTLS(t *testing.T) {
	folder := t.TempDir()
	certificate, key := pemPair(t, folder, 1)
	s, err := New(Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	if err != nil {
		t.Fatal(err)
	}
	address, _, stop := running(t, s, Server{Grace: time.Millisecond, Certificate: certificate, Key: key})
	serial := func() int64 {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
		r, err := client.Get("https://" + address + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if r.StatusCode != http.StatusOK {
			t.Errorf("readyz over TLS: %d", r.StatusCode)
		}
		return r.TLS.PeerCertificates[0].SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Errorf("certificate %d, want 1", got)
	}
	pemPair(t, folder, 2)
	until(t, "the next certificate", func() bool { return serial() == 2 })
	if err := stop(); err != nil {
		t.Errorf("Run = %v", err)
	}
}

// TestDoorHangsUp: where all places are taken, who does not send a body, or does not take an answer, gives way to others. Nobody else does.
func TestDoorHangsUp(t *testing.T) {
	d, err := listen("127.0.0.1:0", 2)
	if err != nil {
		t.Fatal(err)
	}
	took, leave := make(chan struct{}), make(chan struct{})
	defer close(leave)
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}})
	server, err := Server{}.WithDefaults().httpServer(s, d)
	if err != nil {
		t.Fatal(err)
	}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/answer" {
			slow(r, true)
			took <- struct{}{}
			<-leave
			return
		}
		s.ServeHTTP(w, r)
	})
	served := make(chan error, 1)
	go func() { served <- serving(server, d, false) }()
	defer func() {
		_ = server.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	send := func(text string) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", d.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() }) // the server may have hung up
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	slowSeats := func() (n int) {
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, seat := range d.seats {
			if seat.slow {
				n++
			}
		}
		return n
	}
	send("POST /v1/embed HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nno more")
	send("GET /answer HTTP/1.1\r\nHost: a\r\n\r\n")
	<-took
	until(t, "two slow clients", func() bool { return slowSeats() == 2 })
	d.mu.Lock()
	if conn := d.dullest(); conn != nil {
		t.Error("it hangs up on one who has just come")
	}
	for conn, seat := range d.seats {
		seat.since = seat.since.Add(-bodyPatience)
		d.seats[conn] = seat
	}
	d.mu.Unlock()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	for range 2 {
		r, err := client.Get("http://" + d.Addr().String() + "/livez")
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		if r.StatusCode != http.StatusOK {
			t.Errorf("a probe beside slow clients: %d", r.StatusCode)
		}
	}
}
