package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tfpair/tfpair/runner/serve/client"
)

const (
	serveSingles = 1000             // requests of row latency
	serveBatch   = 32               // pictures of a request of rows processor
	serveTurns   = 5                // of rows processor
	serveTurn    = 10 * time.Second // of each side
	serveClients = 64
)

// serveBench is what command serve measures with.
type serveBench struct {
	options options
	results *results
	program string // folder of the exported tower of program 1
	lite0   string // and of EfficientNet-Lite0
	photo   []byte // JPEG of 12 megapixels
	small   []byte // JPEG of 256×256
}

// serving measures tfpair serve.
func serving(ctx context.Context, o options) error {
	r, err := openResults(o, "serve")
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "tfpair-serve-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	b := serveBench{options: o, results: r, lite0: filepath.Join(folder, "lite0"), photo: jpegOf(4000, 3000), small: jpegOf(256, 256)}
	if b.program, err = export(ctx, o, folder); err != nil {
		return err
	}
	if _, err := complete(ctx, "tfpair export", []string{o.tfpair, "export", "--json", "--weights", "efficientnet-lite0",
		"--out", b.lite0}, &line{}); err != nil {
		return err
	}
	for _, name := range o.rows {
		measure, ok := serveRows[name]
		if !ok {
			return fmt.Errorf("row %q is none of these: %s", name, strings.Join(slices.Sorted(maps.Keys(serveRows)), ", "))
		}
		if err := measure(b, ctx); err != nil {
			return err
		}
	}
	return nil
}

// serveRows are what command serve can measure, and serveUsual what it measures unless -rows says otherwise.
var (
	serveRows = map[string]func(serveBench, context.Context) error{
		"latency": serveBench.latency, "processor": serveBench.processor, "drift": serveBench.drift, "beside": serveBench.beside,
		"photos": serveBench.photos, "overload": serveBench.overload, "hostile": serveBench.hostile,
		"reloads": serveBench.reloads, "stops": serveBench.stops, "steady": serveBench.steady}
	serveUsual = []string{"latency", "processor", "drift", "beside", "photos", "overload", "hostile", "reloads", "stops"}
)

// added is milliseconds of a request beyond decoding and running the network, as its client sees it.
type added struct {
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	Whole float64 `json:"whole_p50_ms"`
	// Bare are requests, in turns with those, to a server that reads the body and answers as many bytes: what the
	// machine takes for any request.
	Bare quantiled `json:"bare"`
}

func (b serveBench) latency(ctx context.Context) error {
	a, err := row(b.options, b.results, "latency", func() (a added, err error) {
		s, err := startService(ctx, b.options.tfpair, b.program)
		if err != nil {
			return a, err
		}
		defer s.kill()
		timing := &timed{}
		c := s.client(timing)
		answer, err := c.Embed(ctx, b.small)
		if err != nil {
			return a, err
		}
		bare, stop, err := bareServer(answer)
		if err != nil {
			return a, err
		}
		defer stop()
		var beyond, whole, nothing []float64
		for range serveSingles {
			sent := time.Now()
			if _, err := bare.Embed(ctx, b.small); err != nil {
				return a, err
			}
			nothing = append(nothing, 1e3*time.Since(sent).Seconds())
			began := time.Now()
			if _, err := c.Embed(ctx, b.small); err != nil {
				return a, err
			}
			took := 1e3 * time.Since(began).Seconds()
			whole, beyond = append(whole, took), append(beyond, took-timing.inside)
		}
		slices.Sort(beyond)
		slices.Sort(whole)
		slices.Sort(nothing)
		return added{beyond[len(beyond)/2], beyond[len(beyond)*99/100], whole[len(whole)/2],
			quantiled{nothing[len(nothing)/2], nothing[len(nothing)*99/100]}}, s.stop()
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(b.options.out, "one request at a time: %.2f ms at p50 and %.2f ms at p99 beyond decoding and network; %.2f ms and %.2f ms of a server that does nothing\n",
		a.P50, a.P99, a.Bare.P50, a.Bare.P99)
	return nil
}

// bareServer returns a client of a server that reads bodies and gives one answer.
func bareServer(answer any) (*client.Client, func(), error) {
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, nil, err
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			_, _ = w.Write(text) // its client sees what is lost
		}
	}))
	return &client.Client{Address: s.URL}, s.Close, nil
}

// burden is seconds of processor time of an image, per turn.
type burden struct {
	Bare   []float64 `json:"bare"`
	Served []float64 `json:"served"`
}

func (b serveBench) processor(ctx context.Context) error {
	for _, of := range []struct{ name, folder string }{{"program1", b.program}, {"efficientnet-lite0", b.lite0}} {
		p, err := row(b.options, b.results, "processor/"+of.name, func() (burden, error) { return b.burden(ctx, of.folder) })
		if err != nil {
			return err
		}
		var ratios []float64
		for i := range p.Served {
			ratios = append(ratios, p.Bare[i]/p.Served[i])
		}
		q := spread(ratios)
		fmt.Fprintf(b.options.out, "%s: a bare session takes %.2f of the service's processor time (%.2f to %.2f in %d turns)\n",
			of.name, q.Median, q.Low, q.High, len(ratios))
	}
	return nil
}

// burden measures a service and a bare session in turns.
func (b serveBench) burden(ctx context.Context, folder string) (p burden, err error) {
	s, err := startService(ctx, b.options.tfpair, folder)
	if err != nil {
		return p, err
	}
	defer s.kill()
	c := s.client(nil)
	list, err := c.Models(ctx)
	if err != nil {
		return p, err
	}
	c.Model = list[0].Model
	size := list[0].Size
	pixels := make([]uint8, serveBatch*size*size*3)
	for i := range pixels {
		pixels[i] = uint8(i * i >> 8)
	}
	for range serveTurns {
		var bare struct{ Seconds []float64 }
		if _, err := complete(ctx, "embedder", []string{b.options.embedder, "bare", filepath.Join(folder, "1"), strconv.Itoa(serveBatch)}, &bare); err != nil {
			return p, err
		}
		before, images := s.processor(), 0
		for began := time.Now(); time.Since(began) < serveTurn; images += serveBatch {
			if _, err := c.EmbedPixels(ctx, size, pixels); err != nil {
				return p, err
			}
		}
		p.Bare = append(p.Bare, spread(bare.Seconds).Median)
		p.Served = append(p.Served, (s.processor()-before)/float64(images))
	}
	return p, s.stop()
}

// pressed is what a service did under more than it can do.
type pressed struct {
	answers
	Announced int     `json:"announced_mib"` // by the service at its start: requests and what the models take
	Peak      float64 `json:"peak_mib"`
	Alone     float64 `json:"alone_ms"`             // of one request before
	Normal    float64 `json:"normal_after_seconds"` // until one request takes at most twice that again
}

func (b serveBench) photos(ctx context.Context) error {
	p, err := row(b.options, b.results, "photos", func() (pressed, error) {
		return b.press(ctx, b.photo, func(ctx context.Context, c *client.Client, t *tally) { closedLoop(ctx, c, b.photo, serveClients, t) })
	})
	return b.say("64 clients with photos of 12 megapixels", p, err)
}

func (b serveBench) overload(ctx context.Context) error {
	picture := jpegOf(1600, 1200)
	p, err := row(b.options, b.results, "overload", func() (pressed, error) {
		return b.press(ctx, picture, func(ctx context.Context, c *client.Client, t *tally) {
			short, cancel := context.WithTimeout(ctx, b.options.load/6)
			defer cancel()
			var first tally
			closedLoop(short, c, picture, 4, &first)
			openLoop(ctx, c, picture, 4*float64(first.Status["200"])/(b.options.load/6).Seconds(), t)
		})
	})
	return b.say("4 times what it can do", p, err)
}

func (b serveBench) say(what string, p pressed, err error) error {
	if err != nil {
		return err
	}
	fmt.Fprintf(b.options.out, "%s: %v, lost %d, slowest answer %.1f s, slowest 200 at p99 %.1f s; %.0f MiB of %d announced; normal after %.1f s\n",
		what, p.Status, p.Lost, p.Slowest, p.P99, p.Peak, p.Announced, p.Normal)
	return nil
}

// press puts load on a service for options.load.
func (b serveBench) press(ctx context.Context, picture []byte, load func(context.Context, *client.Client, *tally)) (p pressed, err error) {
	s, err := startService(ctx, b.options.tfpair, b.program)
	if err != nil {
		return p, err
	}
	defer s.kill()
	p.Announced = s.announced
	c := s.client(nil)
	if p.Alone, err = alone(ctx, c, picture); err != nil {
		return p, err
	}
	loading, cancel := context.WithTimeout(ctx, b.options.load)
	defer cancel()
	var t tally
	load(loading, c, &t)
	for ended := time.Now(); ; {
		took, err := alone(ctx, c, picture)
		var refused *client.Error
		if err != nil && !errors.As(err, &refused) {
			return p, err
		}
		if p.Normal = time.Since(ended).Seconds(); (err == nil && took <= 2*p.Alone) || p.Normal > 60 {
			break
		}
	}
	p.answers = t.finish()
	p.Peak = s.peak()
	return p, s.stop()
}

// alone returns the milliseconds of one request, the median of three.
func alone(ctx context.Context, c *client.Client, picture []byte) (float64, error) {
	var list []float64
	for range 3 {
		began := time.Now()
		if _, err := c.Embed(ctx, picture); err != nil {
			return 0, err
		}
		list = append(list, 1e3*time.Since(began).Seconds())
	}
	return spread(list).Median, nil
}

// hostility is what a service did with bodies that are no pictures or are too much.
type hostility struct {
	answers
	Peak float64 `json:"peak_mib"`
}

func (b serveBench) hostile(ctx context.Context) error {
	h, err := row(b.options, b.results, "hostile", func() (h hostility, err error) {
		s, err := startService(ctx, b.options.tfpair, b.program)
		if err != nil {
			return h, err
		}
		defer s.kill()
		var t tally
		sendAll(ctx, s.client(nil), &t, garbage(b.small)...)
		sendAll(ctx, s.client(nil), &t, slices.Repeat([][]byte{bytes.Repeat([]byte{0xff, 0xd8}, 50<<20)}, 8)...)
		sendAll(ctx, s.client(nil), &t, slices.Repeat([][]byte{bomb()}, 32)...)
		if _, err := s.client(nil).Embed(ctx, b.small); err != nil {
			return h, fmt.Errorf("after the hostile bodies: %w", err)
		}
		return hostility{t.finish(), s.peak()}, s.stop()
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(b.options.out, "hostile bodies: %v, lost %d, %.0f MiB\n", h.Status, h.Lost, h.Peak)
	return nil
}
