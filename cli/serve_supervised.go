package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/tfpair/tfpair/runner/serve"
)

// States of a service, as systemd's sd_notify(3) has them.
const (
	notifyReady    = "READY=1"
	notifyStopping = "STOPPING=1"
	notifyAlive    = "WATCHDOG=1"
)

// notify tells systemd the state of a unit of Type=notify. It does nothing where no one wants to know.
func notify(state string) error {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("tell systemd %s: %w", state, err)
	}
	_, err = conn.Write([]byte(state))
	return cmp.Or(err, conn.Close())
}

// announce tells systemd that the service is ready, and then, where its unit has WatchdogSec, that it is alive. That goes on until
// the process ends, since stopping may take longer.
func announce(s *serve.Service, log *slog.Logger) error {
	if every := watchdogEvery(); every > 0 {
		go func() {
			log.Error("systemd is not told any more that the service is alive", "error", keepWatchdog(time.Tick(every), s.Alive))
		}()
	}
	return notify(notifyReady)
}

// watchdogEvery returns how often systemd wants to hear from a unit with WatchdogSec: twice in that time. It is 0 where systemd
// does not want to.
func watchdogEvery() time.Duration {
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0 // it is meant for the process that started this one
	}
	within, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || within < 2 {
		return 0
	}
	return time.Duration(within) * time.Microsecond / 2
}

// keepWatchdog tells systemd at each tick that the service is alive, until it is not: systemd then starts it again.
func keepWatchdog(ticks <-chan time.Time, alive func() error) error {
	for range ticks {
		if err := alive(); err != nil {
			return err
		}
		if err := notify(notifyAlive); err != nil {
			return err
		}
	}
	return nil
}

// probeTimeout is how long a service may take to say that it is alive.
const probeTimeout = 3 * time.Second

// probeAlive asks the service of this machine whether it is alive: an image without curl checks its health by it.
func (o serveOptions) probeAlive(ctx context.Context) error {
	host, port, err := net.SplitHostPort(o.limits.listen)
	if err != nil {
		return usagef("--listen must be host:port, got %q", o.limits.listen)
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	scheme := "http"
	if o.limits.certificate != "" {
		scheme = "https"
	}
	at := scheme + "://" + net.JoinHostPort(host, port) + "/livez"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	// The certificate is for the name that clients use, and nothing secret is asked.
	client := http.Client{Timeout: probeTimeout, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // see above
	defer client.CloseIdleConnections()
	got, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("the service does not answer: %w", err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		return fmt.Errorf("the service at %s answers %s", at, got.Status)
	}
	return nil
}
