package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"
)

// Opening is how long a page took to open, in milliseconds from the moment at which the browser asked for it.
type Opening struct {
	Paint    float64 `json:"paint"`    // to its first text or picture on the screen
	Complete float64 `json:"complete"` // to the end of its scripts, with all pictures read: domComplete
	Shown    float64 `json:"shown"`    // to the second frame after that: it is there, and answers
	Busy     float64 `json:"busy"`     // that tasks of over 50 ms took of the page's thread, until then
}

// stopwatch tells the server how long the page took.
const stopwatch = `<script>
{
  let busy = 0;
  new PerformanceObserver(l => { for (const e of l.getEntries()) busy += e.duration; }).observe({type: "longtask", buffered: true});
  addEventListener("load", () => requestAnimationFrame(() => requestAnimationFrame(() => {
    const shown = performance.now();
    setTimeout(() => {
      const paint = performance.getEntriesByName("first-contentful-paint")[0], page = performance.getEntriesByType("navigation")[0];
      fetch("/opened", {method: "POST", body: JSON.stringify({paint: paint ? paint.startTime : -1, complete: page.domComplete, shown, busy})});
    }, 500);
  })));
}
</script>`

// Time opens the page of a file in a browser of its own, without a window, and returns how long that took by the browser's clock. The
// page comes from an address of this machine, and may talk to that; everything else is as it is in the file.
func Time(ctx context.Context, file string) (o Opening, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return o, err
	}
	at := bytes.LastIndex(text, []byte("</body>"))
	if at < 0 {
		return o, fmt.Errorf("%s has no </body>, want a whole page", file)
	}
	policy := []byte("default-src 'none'")
	head := bytes.Replace(text[:at], policy, append(policy, "; connect-src 'self'"...), 1)
	page := append(append(bytes.Clone(head), stopwatch...), text[at:]...)

	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return o, err
	}
	told := make(chan []byte, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page) // a browser that went away opens nothing, which is said below
	})
	mux.HandleFunc("POST /opened", func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(io.LimitReader(r.Body, 1<<10)); err == nil {
			select {
			case told <- body:
			default:
			}
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(l) }()   // until it is closed
	defer func() { _ = server.Close() }() // nothing is lost

	path, err := Path()
	if err != nil {
		return o, err
	}
	profile, err := os.MkdirTemp("", "tfpair-browser-")
	if err != nil {
		return o, err
	}
	defer os.RemoveAll(profile)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var said strings.Builder
	c := command(ctx, path, profile, &said, "http://"+l.Addr().String()+"/")
	if err := c.Start(); err != nil {
		return o, err
	}
	var wrong error
	ended := make(chan struct{})
	go func() {
		wrong = c.Wait()
		close(ended)
	}()
	select {
	case body := <-told:
		cancel()
		<-ended
		return o, json.Unmarshal(body, &o)
	case <-ended:
		return o, errors.Join(fmt.Errorf("%s ended before the page of %s had opened: %s", path, file, said.String()), wrong)
	}
}
