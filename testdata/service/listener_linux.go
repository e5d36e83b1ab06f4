package main

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
)

// listen returns a listener that answers those who wait when it is closed.
func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return &listener{TCPListener: l.(*net.TCPListener)}, nil
}

// listener accepts, when it is closed, those whose connection the kernel has made already. A closed
// socket hangs up on them, though they may have sent their request.
type listener struct {
	*net.TCPListener
	closing sync.Mutex // guards last
	last    []net.Conn // accepted by Close, and not yet returned by Accept
}

func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.TCPListener.Accept()
	if err == nil {
		return conn, nil
	}
	l.closing.Lock()
	defer l.closing.Unlock()
	if len(l.last) == 0 {
		return nil, err
	}
	conn, l.last = l.last[0], l.last[1:]
	return conn, nil
}

func (l *listener) Close() error {
	l.closing.Lock()
	defer l.closing.Unlock()
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(socket uintptr) {
		// From here on the kernel drops what would make a new connection; clients try again, and are refused.
		failed = syscall.AttachLsf(int(socket), []syscall.SockFilter{{Code: syscall.BPF_RET | syscall.BPF_K}})
		if errors.Is(failed, errors.ErrUnsupported) {
			failed = nil // a sandbox without filters: a connection made after the last Accept4 is hung up on
		}
		for {
			fd, _, err := syscall.Accept4(int(socket), syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
			if errors.Is(err, syscall.EINTR) || errors.Is(err, syscall.ECONNABORTED) {
				continue
			}
			if err != nil { // EAGAIN: nobody waits
				break
			}
			file := os.NewFile(uintptr(fd), "waiting")
			conn, err := net.FileConn(file)
			failed = errors.Join(failed, err, file.Close()) // conn has a copy
			if err == nil {
				l.last = append(l.last, conn)
			}
		}
		_ = syscall.Shutdown(int(socket), syscall.SHUT_RDWR) // now: Close waits for Accept to return
	})
	return errors.Join(failed, err, l.TCPListener.Close())
}
