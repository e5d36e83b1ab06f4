package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// States of a service, as systemd's sd_notify(3) has them.
const (
	notifyReady    = "READY=1"
	notifyStopping = "STOPPING=1"
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
