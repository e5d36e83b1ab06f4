// Command embedder is tfpair's side of the benchmarks service, export and embed: it embeds with an
// exported model as a Go service does, beside a bare session on the same model.
//
//	embedder throughput MODEL   64 goroutines with one image each, and runs of the best batch size, in turns
//	embedder latency MODEL      one image at a time through Embed, and through its parts, in turns
//	embedder first MODEL FILE   load, and embed a picture
//	embedder parts MODEL DATA   decoding alone and the network alone, of what tfpair embed does at the same time
//	embedder loads MODEL N      N loads and closes while goroutines embed
//	embedder beside MODEL       one image at a time alone, beside batches of a second model, and while others are opened
//	embedder bare MODEL N       processor time of an image in runs of N
//	embedder send ADDRESS MODEL SIZE BATCH CLIENTS   requests of BATCH pictures to a service, until the input ends
//	embedder loop               a loop on each core that only counts, until the input ends
//
// It prints {"event": "summary"} with what it measured.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"strconv"
	"time"

	"github.com/tfpair/tfpair/internal/session"
	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/pipeline/resize"
)

func main() {
	result, err := run(context.Background(), os.Args[1:])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "embedder:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (any, error) {
	switch {
	case len(args) == 2 && args[0] == "throughput":
		return with(args[1], func(b *bench) (any, error) { return b.throughput(ctx) })
	case len(args) == 2 && args[0] == "latency":
		return with(args[1], func(b *bench) (any, error) { return b.latency(ctx) })
	case len(args) == 3 && args[0] == "first":
		return first(ctx, args[1], args[2])
	case len(args) == 3 && args[0] == "parts":
		return with(args[1], func(b *bench) (any, error) { return b.parts(ctx, args[2]) })
	case len(args) == 3 && args[0] == "loads":
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return nil, err
		}
		return loads(ctx, args[1], n)
	case len(args) == 2 && args[0] == "beside":
		return with(args[1], func(b *bench) (any, error) { return b.beside(b.model.Info().Path) })
	case len(args) == 3 && args[0] == "bare":
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return nil, err
		}
		return with(args[1], func(b *bench) (any, error) { return b.processor(n) })
	case len(args) == 6 && args[0] == "send":
		return send(ctx, args[1], args[2], args[3:]...)
	case len(args) == 1 && args[0] == "loop":
		return loop(), nil
	}
	return nil, fmt.Errorf("want throughput MODEL, latency MODEL, first MODEL FILE, parts MODEL DATA, loads MODEL N, beside MODEL, bare MODEL N, " +
		"send ADDRESS MODEL SIZE BATCH CLIENTS or loop")
}

// bench is a model and a bare session on the same files.
type bench struct {
	model   *models.Model
	bare    *bareModel
	resizer resize.Resizer
}

func with(folder string, measure func(*bench) (any, error)) (any, error) {
	model, err := models.Load(folder)
	if err != nil {
		return nil, err
	}
	bare, err := openBare(model.Info().Path)
	if err != nil {
		return nil, err
	}
	resizer, err := resize.New(model.Info().Manifest.Preprocessing.Options)
	if err != nil {
		return nil, err
	}
	b := &bench{model: model, bare: bare, resizer: resizer}
	result, err := measure(b)
	if err != nil {
		return nil, err
	}
	if err := model.Close(); err != nil {
		return nil, err
	}
	return result, bare.session.Close()
}

// bareModel is a session on a model without anything around it.
type bareModel struct {
	session *session.Session
	call    *session.Call
	size    int64
}

// openBare opens a session on the model in folder, a version.
func openBare(folder string) (*bareModel, error) {
	info, err := models.Describe(folder)
	if err != nil {
		return nil, err
	}
	s, err := session.Load(folder, "serve", session.Options{})
	if err != nil {
		return nil, err
	}
	call, err := s.Prepare([]string{"serving_default_images"}, []string{"serving_default_embedding"}, nil)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &bareModel{s, call, int64(info.Manifest.Preprocessing.Size)}, nil
}

// run sends pixels [N,S,S,3] through the network.
func (m *bareModel) run(pixels []uint8) error {
	n := int64(len(pixels)) / (m.size * m.size * 3)
	_, err := m.call.Run(session.Of(pixels, n, m.size, m.size, 3))
	return err
}

// noise returns n images of the model's size.
func (b *bench) noise(n int) []uint8 {
	r := rand.New(rand.NewPCG(0, uint64(n)))
	pixels := make([]uint8, n*b.resizer.Bytes())
	for i := range pixels {
		pixels[i] = uint8(r.UintN(256))
	}
	return pixels
}

// photo returns an image that has to be resized.
func photo() *image.NRGBA {
	r := rand.New(rand.NewPCG(1, 1))
	img := image.NewNRGBA(image.Rect(0, 0, 256, 256))
	for i := range img.Pix {
		img.Pix[i] = uint8(r.UintN(256)) | uint8(i&3/3*255) // opaque
	}
	return img
}

// perSecond returns how often per second f can be called, each worth count, for a while.
func perSecond(count int, f func() error) (float64, error) {
	start, done := time.Now(), 0
	for time.Since(start) < turn {
		if err := f(); err != nil {
			return 0, err
		}
		done += count
	}
	return float64(done) / time.Since(start).Seconds(), nil
}
