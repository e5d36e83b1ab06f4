package main

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tfpair/tfpair/runner/serve/client"
)

// served is a running tfpair serve.
type served struct {
	*child
	address   string
	announced int // MiB
}

// startService starts a service of the model in folder, with more flags, and waits until it is ready.
func startService(ctx context.Context, tfpair, folder string, more ...string) (*served, error) {
	c, err := start(ctx, "tfpair serve", append([]string{tfpair, "serve", "--model", folder, "--listen", "127.0.0.1:0",
		"--admin", "off", "--log", "text", "--grace", "200ms", "--json", "--quiet"}, more...))
	if err != nil {
		return nil, err
	}
	var ready struct {
		Address  string `json:"address"`
		Requests int64  `json:"request_bytes"`
		InUse    int64  `json:"in_use_bytes"`
	}
	if err := c.await("ready", &ready); err != nil {
		return nil, err
	}
	return &served{c, "http://" + ready.Address, int((ready.Requests + ready.InUse) >> 20)}, nil
}

// client returns a client with connections of its own. transport may be nil.
func (s *served) client(transport http.RoundTripper) *client.Client {
	if transport == nil {
		transport = &http.Transport{MaxIdleConnsPerHost: serveClients}
	}
	return &client.Client{Address: s.address, HTTP: &http.Client{Transport: transport, Timeout: 2 * time.Minute}}
}

// stop sends SIGTERM and waits: the service must end well.
func (s *served) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.end()
}

// kill ends what an error has left.
func (s *served) kill() { _ = s.cmd.Process.Kill() }

// peak returns the most memory that the service has held, in MiB (Linux), 0 where that is not to be had.
func (s *served) peak() float64 {
	mib, _ := mostResident(s.cmd.Process.Pid)
	return mib
}

// processor returns the processor seconds that the service has taken (Linux), 0 where that is not to be had.
func (s *served) processor() float64 {
	seconds, _ := processorTime(s.cmd.Process.Pid)
	return seconds
}

// metrics returns the lines of /metrics that are one number: its name, with its labels, and its value.
func (s *served) metrics(ctx context.Context) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.address+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		at := strings.LastIndexByte(line, ' ')
		if value, err := strconv.ParseFloat(strings.TrimSpace(line[at+1:]), 64); err == nil && line[0] != '#' {
			values[line[:at]] = value
		}
	}
	return values, nil
}

// timed is a transport that keeps what Server-Timing says of decoding and running.
type timed struct {
	http.Transport
	inside float64 // milliseconds of the last answer
}

// RoundTrip implements http.RoundTripper.
func (t *timed) RoundTrip(r *http.Request) (*http.Response, error) {
	got, err := t.Transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	t.inside = 0
	for part := range strings.SplitSeq(got.Header.Get("Server-Timing"), ", ") {
		name, value, _ := strings.Cut(part, ";dur=")
		if took, err := strconv.ParseFloat(value, 64); err == nil && name != "queue" {
			t.inside += took
		}
	}
	return got, nil
}

// answers are what came of requests.
type answers struct {
	Status  map[string]int `json:"status"`
	Lost    int            `json:"lost"`            // without any answer, or with half of one
	Refused int            `json:"refused"`         // connections: nobody listened
	Slowest float64        `json:"slowest_seconds"` // of all answers
	P99     float64        `json:"p99_seconds"`     // of those that were answered 200
}

// tally counts what comes of requests.
type tally struct {
	mu   sync.Mutex
	good []float64 // seconds of those that were answered 200
	answers
}

// add counts one.
func (t *tally) add(took time.Duration, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Status == nil {
		t.Status = map[string]int{}
	}
	var refused *client.Error
	switch {
	case err == nil:
		t.Status["200"]++
		t.good = append(t.good, took.Seconds())
	case errors.As(err, &refused):
		t.Status[strconv.Itoa(refused.Status)]++
	case errors.Is(err, syscall.ECONNREFUSED):
		t.Refused++
		return
	default:
		t.Lost++
		return
	}
	t.Slowest = max(t.Slowest, took.Seconds())
}

// finish returns them, quantiles filled in.
func (t *tally) finish() answers {
	if slices.Sort(t.good); len(t.good) > 0 {
		t.P99 = t.good[len(t.good)*99/100]
	}
	return t.answers
}

// send sends a picture and counts what comes of it.
func (t *tally) send(ctx context.Context, c *client.Client, picture []byte) {
	began := time.Now()
	_, err := c.Embed(ctx, picture)
	t.add(time.Since(began), err)
}

// closedLoop has n clients send a picture again and again until ctx is done, and waits for the last answers.
func closedLoop(ctx context.Context, c *client.Client, picture []byte, n int, t *tally) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for ctx.Err() == nil {
				t.send(context.WithoutCancel(ctx), c, picture)
			}
		})
	}
	all.Wait()
}

// openLoop sends so many requests a second, whatever comes of them, until ctx is done. It returns how many it had no
// core to send: it does not send them later, all at once.
func openLoop(ctx context.Context, c *client.Client, picture []byte, perSecond float64, t *tally) (leftOut int) {
	every := time.Duration(float64(time.Second) / max(1, perSecond))
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var all sync.WaitGroup
	began, sent := time.Now(), 0
	for ; ctx.Err() == nil; sent++ {
		all.Go(func() { t.send(context.WithoutCancel(ctx), c, picture) })
		<-ticker.C
	}
	leftOut = max(0, int(time.Since(began)/every)-sent)
	all.Wait()
	return leftOut
}

// sendAll sends bodies, 32 at a time.
func sendAll(ctx context.Context, c *client.Client, t *tally, bodies ...[]byte) {
	var all sync.WaitGroup
	free := make(chan struct{}, 32)
	for _, body := range bodies {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			t.send(ctx, c, body)
		})
	}
	all.Wait()
}

// jpegOf returns a JPEG with structure of many sizes.
func jpegOf(width, height int) []byte {
	img := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = uint8(i/width/16 + i*i>>7&31)
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = uint8(i>>9), 128
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		panic(fmt.Sprintf("bench: %v", err)) // a buffer takes everything
	}
	return b.Bytes()
}

// garbage returns 3,000 bodies: noise, headers of pictures with noise, and pictures with broken bytes.
func garbage(picture []byte) (bodies [][]byte) {
	r := rand.New(rand.NewPCG(18, 0))
	for i := range 3000 {
		body := make([]byte, r.IntN(4000))
		for k := range body {
			body[k] = uint8(r.UintN(256))
		}
		switch i % 3 {
		case 1:
			body = append([]byte([]string{"\x89PNG\r\n\x1a\n", "\xff\xd8\xff\xe0", "GIF89a", "RIFF\x00\x10\x00\x00WEBPVP8 ", "BM", "II*\x00"}[i/3%6]), body...)
		case 2:
			body = slices.Clone(picture[:len(picture)/2])
			for range 20 {
				body[r.IntN(len(body))] = uint8(r.UintN(256))
			}
		}
		bodies = append(bodies, body)
	}
	return bodies
}

// bomb returns a PNG of 10,000 by 10,000 pixels, 381 MB when decoded.
func bomb() []byte {
	const side = 10000
	b := bytes.NewBufferString("\x89PNG\r\n\x1a\n")
	chunk := func(name string, data []byte) {
		b.Write(binary.BigEndian.AppendUint32(nil, uint32(len(data))))
		data = append([]byte(name), data...)
		b.Write(data)
		b.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(data)))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, side), side)
	chunk("IHDR", append(head, 8, 6, 0, 0, 0)) // RGBA
	var pixels bytes.Buffer
	w := zlib.NewWriter(&pixels)
	for range side {
		_, _ = w.Write(make([]byte, 1+4*side)) // a buffer takes everything
	}
	_ = w.Close()
	chunk("IDAT", pixels.Bytes())
	chunk("IEND", nil)
	return b.Bytes()
}

// singleUse is a transport that opens a connection for each request.
type singleUse struct{}

// RoundTrip implements http.RoundTripper.
func (*singleUse) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Close = true
	return http.DefaultTransport.RoundTrip(r)
}
