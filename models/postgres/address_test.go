package postgres_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
)

// TestNoServer: pgx asks a server that refuses with TLS and without; the error says so once, in one line.
func TestNoServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil { // nobody listens there now
		t.Fatal(err)
	}
	_, err = postgres.Open(t.Context(), "postgres://shop@"+listener.Addr().String()+"/shop", func(index.About) error { return nil })
	var of *postgres.Error
	if !errors.As(err, &of) {
		t.Fatalf("Open = %v, want an *Error", err)
	}
	if text := err.Error(); strings.Count(text, "connection refused") != 1 || strings.Contains(text, "\n") {
		t.Errorf("Open = %q, want one line with one \"connection refused\"", text)
	}
}
