package serve

import (
	"errors"
	"fmt"
	"net"
	"syscall"
)

// minHopCount is IPV6_MINHOPCOUNT of linux/in6.h, which package syscall does not have.
const minHopCount = 73

// keep has the socket at an address of this machine keep packets out, or not. It wants packets that
// no router has passed on since they were sent with 255 hops to go; systems send with 64 or 128.
// A listener still lets those in who are connecting already: the kernel does not look at their hops.
func keep(socket any, at net.Addr, out bool) error {
	if inner, ok := socket.(interface{ NetConn() net.Conn }); ok { // of TLS
		socket = inner.NetConn()
	}
	hops := 0
	if out {
		hops = 255
	}
	conn, ok := socket.(syscall.Conn)
	if !ok {
		return fmt.Errorf("a %T has no socket", socket)
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IP, syscall.IP_MINTTL, hops)
		if tcp, ok := at.(*net.TCPAddr); ok && tcp.IP.To4() == nil { // it may get packets of both kinds
			failed = errors.Join(failed, syscall.SetsockoptInt(int(fd), syscall.IPPROTO_IPV6, minHopCount, hops))
		}
	})
	return errors.Join(err, failed)
}

// descriptors returns how many files and connections the process may have open.
func descriptors() (int, bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0, false
	}
	return int(min(limit.Cur, 1<<20)), true
}
