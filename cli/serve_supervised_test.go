package cli

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// TestNotify: systemd's socket hears the state, and without one nothing is said.
func TestNotify(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Skipf("no datagrams by path here: %v", err)
	}
	defer func() { _ = conn.Close() }()
	t.Setenv("NOTIFY_SOCKET", path)
	if err := notify(notifyReady); err != nil {
		t.Fatal(err)
	}
	heard := make([]byte, 100)
	n, err := conn.Read(heard)
	if err != nil || string(heard[:n]) != "READY=1" {
		t.Errorf("systemd hears %q, %v", heard[:n], err)
	}
	t.Setenv("NOTIFY_SOCKET", "")
	if err := notify(notifyStopping); err != nil {
		t.Errorf("without a socket: %v", err)
	}
	t.Setenv("NOTIFY_SOCKET", path+"gone")
	if err := notify(notifyStopping); err == nil {
		t.Error("a socket that is not there: no error")
	}
}

// TestProbeAlive: what /livez says decides.
func TestProbeAlive(t *testing.T) {
	status := http.StatusOK
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	for _, secure := range []bool{false, true} {
		var o serveOptions
		start := httptest.NewServer
		if secure {
			start, o.limits.certificate = httptest.NewTLSServer, "a.pem"
		}
		server := start(mux)
		o.limits.listen = server.Listener.Addr().String()
		status = http.StatusOK
		if err := o.probeAlive(t.Context()); err != nil {
			t.Errorf("alive, TLS %v: %v", secure, err)
		}
		status = http.StatusServiceUnavailable
		if err := o.probeAlive(t.Context()); err == nil || !strings.Contains(err.Error(), "503") {
			t.Errorf("stuck, TLS %v: %v", secure, err)
		}
		server.Close()
		if err := o.probeAlive(t.Context()); err == nil {
			t.Errorf("gone, TLS %v: no error", secure)
		}
	}
}
