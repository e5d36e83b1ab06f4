package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestMain runs the service itself where a test has started this program as a service.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_SERVICE") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// setting returns the number in an environment variable, or else usual.
func setting(t *testing.T, name string, usual int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s must be a whole number from 1 on, got %q", name, text)
	}
	return n
}

// photo returns a JPEG of 12 megapixels, as phones make them.
func photo(t *testing.T) []byte {
	t.Helper()
	img := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = uint8(i/4000/16 + i*i>>7&31) // a gradient, and grain
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = uint8(i>>9), 128
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// process is a service that runs.
type process struct {
	*exec.Cmd
	errors bytes.Buffer
}

// run starts the service at an address, with at most 4 GB of memory for data, and waits until it
// answers.
func run(t *testing.T, address string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command("sh", "-c", `ulimit -d 4000000 && exec "$0" "$@"`, os.Args[0], os.Getenv("MODEL"), address)}
	p.Env, p.Stderr = append(os.Environ(), "RUN_SERVICE=1"), &p.errors
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() }) // both fail where it has ended
	for range 600 {
		r, err := http.Get("http://" + address + "/readyz")
		if err == nil {
			_ = r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return p
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("the service does not answer:\n%s", &p.errors)
	return nil
}

// peak returns the most memory that the service has had, in MB.
func (p *process) peak(t *testing.T) int {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(text), " kB"))
			if err != nil {
				t.Fatal(err)
			}
			return kb / 1000
		}
	}
	t.Fatal("no VmHWM")
	return 0
}

// stop has the service end, which must go well.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("SIGTERM: %v\n%s", err, &p.errors)
	}
	if err := p.Wait(); err != nil {
		t.Fatalf("the service ends with %v:\n%s", err, &p.errors)
	}
}

// tally counts how requests ended.
type tally struct {
	sync.Mutex
	statuses map[int]int
	refused  int      // connections that nobody took: no request was sent
	lost     []string // requests that were sent and have no whole answer
}

// count adds a request: its status and the rest of its answer, or its error.
func (y *tally) count(status int, body []byte, err error) {
	y.Lock()
	defer y.Unlock()
	var got embedded
	var dial *net.OpError
	switch {
	case errors.As(err, &dial) && dial.Op == "dial":
		y.refused++
	case err != nil:
		y.lost = append(y.lost, err.Error())
	case status == http.StatusOK && (json.Unmarshal(body, &got) != nil || len(got.Embeddings) != 1 || len(got.Embeddings[0]) == 0):
		y.lost = append(y.lost, fmt.Sprintf("half an answer: %q", body))
	case status == http.StatusOK, status == http.StatusRequestEntityTooLarge, status == http.StatusTooManyRequests,
		status == http.StatusServiceUnavailable:
		y.statuses[status]++
	default:
		y.lost = append(y.lost, fmt.Sprintf("status %d: %s", status, body))
	}
}

// clients has n clients send a picture again and again, each one request at a time, until ctx is
// done or each has sent most. Every second one opens a connection for each request.
func clients(ctx context.Context, n, most int, address string, picture []byte, y *tally) *sync.WaitGroup {
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			transport := &http.Transport{DisableKeepAlives: i%2 == 1}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport, Timeout: 2 * time.Minute}
			for sent := 0; sent < most && ctx.Err() == nil; sent++ {
				status, body, err := send(client, "http://"+address+"/v1/embed", picture)
				y.count(status, body, err)
				if err != nil {
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
	return &wait
}

// send posts a picture, and never again: the transport may not repeat it.
func send(client *http.Client, url string, picture []byte) (status int, body []byte, err error) {
	r, err := client.Post(url, "image/jpeg", struct{ io.Reader }{bytes.NewReader(picture)})
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = r.Body.Close() }()
	body, err = io.ReadAll(r.Body)
	return r.StatusCode, body, err
}

// free returns an address that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// report fails where a request was lost.
func (y *tally) report(t *testing.T) {
	t.Helper()
	t.Logf("answers by status %v, not connected %d, lost %d", y.statuses, y.refused, len(y.lost))
	for _, text := range y.lost[:min(5, len(y.lost))] {
		t.Errorf("a request was lost: %s", text)
	}
	if y.statuses[http.StatusOK] == 0 {
		t.Error("no request was answered with 200")
	}
}

// TestStops: a service that is told to stop under load answers every request that it has got. STOPS
// and CLIENTS say how often and how many.
func TestStops(t *testing.T) {
	stops, n := setting(t, "STOPS", 3), setting(t, "CLIENTS", 16)
	picture, address := photo(t), free(t)
	y := &tally{statuses: map[int]int{}}
	for range stops {
		p := run(t, address)
		ctx, cancel := context.WithCancel(t.Context())
		wait := clients(ctx, n, 1000, address, picture, y)
		time.Sleep(2 * time.Second) // under load
		p.stop(t)
		cancel()
		wait.Wait()
	}
	y.report(t)
}

// TestOverload: four times as many clients as TestStops has do not end a service that has 4 GB.
func TestOverload(t *testing.T) {
	n := 4 * setting(t, "CLIENTS", 16)
	picture, address := photo(t), free(t)
	y := &tally{statuses: map[int]int{}}
	p := run(t, address)
	clients(t.Context(), n, 3, address, picture, y).Wait()
	if status, _, err := send(http.DefaultClient, "http://"+address+"/v1/embed", picture); err != nil || status != http.StatusOK {
		t.Errorf("after %d clients: status %d, %v; want 200", n, status, err)
	}
	peak := p.peak(t)
	t.Logf("%d clients, pictures of %d kB, at most %d MB of memory", n, len(picture)/1000, peak)
	if peak > 4000 {
		t.Errorf("the service had %d MB, want at most 4000", peak)
	}
	p.stop(t)
	y.report(t)
}
