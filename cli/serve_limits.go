package cli

import (
	"cmp"
	"net"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/runner/serve"
)

// serveLimits are where a service listens, and what it takes on.
type serveLimits struct {
	listen, admin       string
	certificate, key    string // files
	body, memory        int    // MiB
	pictures, side      int
	queue, connections  int
	wait, deadline, run time.Duration
	header, read, idle  time.Duration
	grace, drain        time.Duration
	batch               int
	delay               time.Duration
}

// noAdmin is the address of no admin routes.
const noAdmin = "off"

func (o *serveLimits) addFlags(c *cli.Command) {
	l, s := serve.DefaultLimits, serve.DefaultServer
	number := func(name string, to *int, value int, usage string) {
		c.Flags = append(c.Flags, &cli.IntFlag{Name: name, Destination: to, Value: value, Usage: usage})
	}
	length := func(name string, to *time.Duration, value time.Duration, usage string) {
		c.Flags = append(c.Flags, &cli.DurationFlag{Name: name, Destination: to, Value: value, Usage: usage})
	}
	word := func(name string, to *string, value, usage string) {
		c.Flags = append(c.Flags, &cli.StringFlag{Name: name, Destination: to, Value: value, Usage: usage})
	}
	word("listen", &o.listen, s.Address, "answer at `ADDRESS`, host:port")
	word("admin", &o.admin, "127.0.0.1:8081", "answer those who run the service at `ADDRESS`, or off; it asks for no token")
	word("tls-certificate", &o.certificate, "", "`FILE` of the certificate chain in PEM, for TLS")
	word("tls-key", &o.key, "", "`FILE` of its private key in PEM")
	number("max-body", &o.body, int(l.Body>>20), "refuse requests of more than `N` MiB")
	number("max-pictures", &o.pictures, l.Pictures, "refuse requests of more than `N` pictures")
	number("max-side", &o.side, l.Side, "refuse pictures of more than `N` pixels a side")
	number("memory", &o.memory, int(l.Memory>>20), "let all requests in flight hold `N` MiB, half of it to decode pictures")
	number("queue", &o.queue, l.Queue, "take `N` requests at once that have come whole, those that wait among them; more get 429")
	length("queue-wait", &o.wait, l.QueueWait, "let a request wait for its turn for `TIME`")
	length("deadline", &o.deadline, l.Deadline, "give up on a request `TIME` after it has arrived")
	length("run-timeout", &o.run, 2*time.Minute, "give up on a model whose run takes longer than `TIME`")
	number("connections", &o.connections, s.Connections, "keep `N` connections open at once, or what the limit of open files allows")
	length("header-timeout", &o.header, s.Header, "let the header of a request take `TIME`")
	length("read-timeout", &o.read, s.Read, "let a request take `TIME` to arrive")
	length("idle-timeout", &o.idle, s.Idle, "close a connection that was idle for `TIME`")
	length("grace", &o.grace, s.Grace, "when told to stop, answer as before for `TIME`, so that load balancers notice")
	length("drain", &o.drain, s.Drain, "then finish what has come within `TIME`")
	number("max-batch", &o.batch, 32, "run up to `N` pictures of several requests at once")
	length("max-delay", &o.delay, 0, "wait `TIME` for pictures to fill a batch; seldom worth it on a CPU")
}

func (o serveLimits) validate() error {
	for _, of := range []struct {
		flag  string
		value int
	}{{"max-body", o.body}, {"max-pictures", o.pictures}, {"max-side", o.side}, {"memory", o.memory}, {"queue", o.queue},
		{"connections", o.connections}, {"max-batch", o.batch}} {
		if of.value < 1 || of.value > 1<<20 {
			return usagef("--%s must be 1 to 1048576, got %d", of.flag, of.value)
		}
	}
	for _, of := range []struct {
		flag  string
		value time.Duration
	}{{"queue-wait", o.wait}, {"deadline", o.deadline}, {"run-timeout", o.run}, {"header-timeout", o.header}, {"read-timeout", o.read},
		{"idle-timeout", o.idle}, {"drain", o.drain}} {
		if of.value <= 0 {
			return usagef("--%s must be more than 0s, got %v", of.flag, of.value)
		}
	}
	if !isAddress(o.listen) {
		return usagef("--listen must be host:port, such as :8080, got %q", o.listen)
	}
	if o.admin != noAdmin && !isAddress(o.admin) {
		return usagef("--admin must be host:port or off, got %q", o.admin)
	}
	switch {
	case o.wait >= o.deadline:
		return usagef("--queue-wait must be less than --deadline, got %v and %v", o.wait, o.deadline)
	case o.grace < 0 || o.delay < 0:
		return usagef("--grace and --max-delay must be 0s or more, got %v and %v", o.grace, o.delay)
	case (o.certificate == "") != (o.key == ""):
		return usagef("--tls-certificate and --tls-key go together, got %q and %q", o.certificate, o.key)
	}
	return nil
}

// isAddress tells whether text is a host, which may be left out, and a port.
func isAddress(text string) bool {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return false
	}
	_, err = net.LookupPort("tcp", port) // a number of 0 to 65535, or a name such as http
	return err == nil && port != ""
}

func (o serveLimits) of() serve.Limits {
	return serve.Limits{Body: int64(o.body) << 20, Pictures: o.pictures, Side: o.side, Memory: int64(o.memory) << 20, Queue: o.queue,
		QueueWait: o.wait, Deadline: o.deadline}
}

func (o serveLimits) server() serve.Server {
	admin := o.admin
	if admin == noAdmin {
		admin = ""
	}
	return serve.Server{Address: o.listen, Admin: admin, Certificate: o.certificate, Key: o.key, Connections: o.connections,
		Header: o.header, Read: o.read, Idle: o.idle, Drain: o.drain,
		Grace: cmp.Or(o.grace, time.Nanosecond)} // 0 would be the default
}
