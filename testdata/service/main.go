// Command service answers over HTTP with an exported model:
//
//	service MODEL ADDRESS
//
// POST /embed takes an image, POST /search one to find in the model's gallery, POST /compare a form
// with the files left and right. GET /ready is 503 once the service is told to stop.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/pipeline/decode"
)

func main() {
	model, err := models.Load(os.Args[1]) // once: any number of requests share it
	if err != nil {
		log.Fatal(err)
	}
	door, err := listen(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server := &http.Server{Handler: service(model), ConnState: door.watch,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute}
	done := make(chan error)
	go func() {
		<-ctx.Done()
		stopping.Store(true)                // GET /ready is 503, and each answer closes its connection
		time.Sleep(notice)                  // while all are answered as before
		err := door.close(10 * time.Second) // takes no more; without it Shutdown hangs up on some
		done <- errors.Join(err, server.Shutdown(context.Background()))
	}()
	if err := server.Serve(door); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	if err := errors.Join(<-done, model.Close()); err != nil { // Serve returns before Shutdown is done
		log.Fatal(err)
	}
}

// notice is how long clients and load balancers have to see that the service stops.
const notice = 2 * time.Second

var stopping atomic.Bool

func service(model *models.Model) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(w http.ResponseWriter, _ *http.Request) {
		if stopping.Load() {
			http.Error(w, "shutting down", http.StatusServiceUnavailable)
		}
	})
	mux.HandleFunc("POST /embed", answer(func(r *http.Request) (any, error) {
		img, err := read(r.Body)
		if err != nil {
			return nil, err
		}
		return model.Embed(r.Context(), img) // stops when the client goes
	}))
	mux.HandleFunc("POST /search", answer(func(r *http.Request) (any, error) {
		img, err := read(r.Body)
		if err != nil {
			return nil, err
		}
		return model.Search(r.Context(), []image.Image{img}, 5)
	}))
	mux.HandleFunc("POST /compare", answer(func(r *http.Request) (any, error) {
		left, _, errLeft := r.FormFile("left")
		right, _, errRight := r.FormFile("right")
		if err := errors.Join(errLeft, errRight); err != nil {
			return nil, err
		}
		a, errLeft := read(left)
		b, errRight := read(right)
		if err := errors.Join(errLeft, errRight); err != nil {
			return nil, err
		}
		return model.Compare(r.Context(), a, b)
	}))
	return mux
}

// decoding bounds how many pictures are decoded at once: one of 12 megapixels takes 100 MB.
var decoding = make(chan struct{}, runtime.GOMAXPROCS(0))

func read(r io.Reader) (image.Image, error) {
	data, err := io.ReadAll(r) // before the wait: a slow client holds nobody up
	if err != nil {
		return nil, err
	}
	decoding <- struct{}{}
	defer func() { <-decoding }()
	return decode.Decode(data, decode.Limits{})
}

// held bounds how many requests have their body in memory, 16 MiB each at most.
var held = make(chan struct{}, 32)

func answer(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if stopping.Load() {
			w.Header().Set("Connection", "close") // an idle one would be closed under the next request
		}
		select {
		case held <- struct{}{}:
			defer func() { <-held }()
		case <-time.After(5 * time.Second):
			_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 16<<20)) // a client that still sends sees no answer
			w.Header().Set("Retry-After", "5")
			http.Error(w, "too many requests at once", http.StatusServiceUnavailable)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 16<<20)
		v, err := f(r)
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large):
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		case errors.Is(err, models.ErrClosed):
			http.Error(w, "shutting down", http.StatusServiceUnavailable)
		case err != nil:
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		default:
			_ = json.NewEncoder(w).Encode(v) // the client may have gone
		}
	}
}
