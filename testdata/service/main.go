// Command service answers over HTTP with an exported model: POST /embed takes an
// image, POST /search one to find in the model's gallery, POST /compare a form with the
// files left and right.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/pipeline/decode"
)

func main() {
	model, err := models.Load(os.Args[1]) // once: any number of requests share it
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server := &http.Server{Addr: "localhost:8080", Handler: service(model)}
	context.AfterFunc(ctx, func() { _ = server.Shutdown(context.Background()) }) // finishes what runs
	log.Print(server.ListenAndServe())
	log.Print(model.Close()) // waits for calls in progress
}

func service(model *models.Model) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /embed", answer(func(r *http.Request) (any, error) {
		img, err := decode.Read(r.Body, decode.Limits{})
		if err != nil {
			return nil, err
		}
		return model.Embed(r.Context(), img) // stops when the client goes
	}))
	mux.HandleFunc("POST /search", answer(func(r *http.Request) (any, error) {
		img, err := decode.Read(r.Body, decode.Limits{})
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
		a, errLeft := decode.Read(left, decode.Limits{})
		b, errRight := decode.Read(right, decode.Limits{})
		if err := errors.Join(errLeft, errRight); err != nil {
			return nil, err
		}
		return model.Compare(r.Context(), a, b)
	}))
	return mux
}

func answer(f func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 16<<20)
		v, err := f(r)
		if errors.Is(err, models.ErrClosed) {
			http.Error(w, "shutting down", http.StatusServiceUnavailable)
		} else if err != nil {
			http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		} else {
			_ = json.NewEncoder(w).Encode(v) // the client may have gone
		}
	}
}
