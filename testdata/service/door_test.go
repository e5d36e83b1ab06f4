package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestDoor: whoever comes while a server ends is answered or not let in, again and again. Without
// the door about half of 64 clients are hung up on.
func TestDoor(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has the option")
	}
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		t.Run(address, func(t *testing.T) {
			if l, err := net.Listen("tcp", address); err != nil {
				t.Skipf("no such address here: %v", err)
			} else if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			y := &tally{statuses: map[int]int{}}
			for range 3 {
				endUnderLoad(t, address, y)
			}
			y.report(t)
		})
	}
}

// endUnderLoad ends a server that 64 clients talk to, and counts how their requests end.
func endUnderLoad(t *testing.T, address string, y *tally) {
	t.Helper()
	door, err := listen(address)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ConnState: door.watch, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "[[0]]")
	})}
	served := make(chan error)
	go func() { served <- server.Serve(door) }()
	ctx, cancel := context.WithCancel(t.Context())
	wait := clients(ctx, 64, 1000, door.Addr().String(), []byte(strings.Repeat("x", 1000)), 1, y)
	time.Sleep(100 * time.Millisecond) // under load
	if err := door.close(10 * time.Second); err != nil {
		t.Error(err)
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve ends with %v, want ErrServerClosed", err)
	}
	cancel()
	wait.Wait()
}
