package cli

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// systemd returns a socket in the place of systemd's, and where it is.
func systemd(t *testing.T) (conn *net.UnixConn, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Skipf("no datagrams by path here: %v", err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return conn, path
}

// TestNotify: systemd's socket hears the state, and without one nothing is said.
func TestNotify(t *testing.T) {
	conn, path := systemd(t)
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

// TestWatchdog: systemd hears that the service is alive as often as that is asked, and nothing once it is not.
func TestWatchdog(t *testing.T) {
	conn, _ := systemd(t)
	const good = 3
	ticks := make(chan time.Time, good+2)
	for range good + 2 {
		ticks <- time.Time{}
	}
	asked, stuck := 0, errors.New("stuck")
	err := keepWatchdog(ticks, func() error {
		if asked++; asked > good {
			return stuck
		}
		return nil
	})
	if !errors.Is(err, stuck) || asked != good+1 {
		t.Errorf("it ends with %v after %d questions, want %v after %d", err, asked, stuck, good+1)
	}
	if err := notify(notifyStopping); err != nil { // so that there is an end to what is heard
		t.Fatal(err)
	}
	heard, text := make([]byte, 100), ""
	for n := 0; text != notifyStopping; n++ {
		length, err := conn.Read(heard)
		if err != nil {
			t.Fatal(err)
		}
		text = string(heard[:length])
		if want := map[bool]string{true: "WATCHDOG=1", false: "STOPPING=1"}[n < good]; text != want {
			t.Fatalf("message %d is %q, want %q", n, text, want)
		}
	}
}

// TestWatchdogEvery: half of what systemd says in microseconds, to this process.
func TestWatchdogEvery(t *testing.T) {
	own := strconv.Itoa(os.Getpid())
	for _, c := range []struct {
		within, pid string
		want        time.Duration
	}{
		{"", "", 0}, {"30000000", "", 15 * time.Second}, {"30000000", own, 15 * time.Second}, {"30000000", "1", 0}, {"x", own, 0}, {"0", own, 0},
	} {
		t.Setenv("WATCHDOG_USEC", c.within)
		t.Setenv("WATCHDOG_PID", c.pid)
		if got := watchdogEvery(); got != c.want {
			t.Errorf("WATCHDOG_USEC=%q WATCHDOG_PID=%q: every %v, want %v", c.within, c.pid, got, c.want)
		}
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
