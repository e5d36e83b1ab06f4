// Command service answers over HTTP with an exported model:
//
//	service MODEL ADDRESS
package main

import (
	"context"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/tfpair/tfpair/runner/serve"
)

func main() {
	service, err := serve.New(serve.Config{
		Models: []serve.Source{serve.Folder("photos", os.Args[1], "")}, // searched in its gallery
		Log:    slog.Default(),
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := (serve.Server{Address: os.Args[2]}).Run(ctx, service); err != nil { // until a signal comes
		log.Fatal(err)
	}
}
