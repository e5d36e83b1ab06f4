package cli

import (
	"context"
	"net"

	"github.com/tfpair/tfpair/runner/serve"
)

// curl returns a command that asks the service with a photo.
func (o serveOptions) curl(at net.Addr, path string) commandLine {
	line := commandLine{"curl"}
	if o.tokens != "" {
		line = append(line, "-H", "Authorization: Bearer TOKEN")
	}
	return append(line, "--data-binary", "@photo.jpg", o.scheme()+"://"+reached(at)+path)
}

// scheme is that of the service's URL.
func (o serveOptions) scheme() string {
	if o.limits.certificate != "" {
		return "https"
	}
	return "http"
}

// undecided names the models whose searches accept nothing, and the request with a threshold to begin with.
func (o serveOptions) undecided(ctx context.Context, out output, service *serve.Service, at net.Addr) {
	if out.quiet {
		return
	}
	for _, u := range service.Undecided(ctx) {
		out.say("model %s accepts no answer of a search: no threshold for a search of this size: %s", u.Model, noThreshold(u.Reason))
		if u.Suggested != nil {
			out.say("%s", suggested(*u.Suggested))
			out.say("next: %s", o.curl(at, "/v1/search?model="+u.Model+"&threshold="+number4(*u.Suggested)))
		}
	}
}

// reached returns host and port where a client on this machine reaches an address.
func reached(at net.Addr) string {
	host, port, err := net.SplitHostPort(at.String())
	if err != nil {
		return at.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() || ip.IsLoopback() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
