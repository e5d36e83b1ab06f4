package label

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"image"
	"image/jpeg"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"

	"github.com/disintegration/imaging"
)

//go:embed page.html
var pairsPage string

//go:embed matching.html
var matchingPage string

//go:embed page.css
var style string

//go:embed page.js
var script string

// policy lets the page load nothing but itself, and talk to this program only.
const policy = "default-src 'none'; connect-src 'self'; img-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const (
	shownSide    = 512      // of a picture, pixels
	shownQuality = 85       // of its JPEG
	mostBody     = 64 << 10 // bytes of a request
)

// Site is the page of a session. Its address holds a token, so that other programs and pages on this machine cannot use it.
type Site struct {
	pictures int
	open     func(number int) (image.Image, error)
	token    string
	mux      *http.ServeMux
}

// newSite returns a page, whose pictures are opened by their numbers.
func newSite(page string, pictures int, open func(number int) (image.Image, error)) *Site {
	t := &Site{pictures: pictures, open: open, token: rand.Text(), mux: http.NewServeMux()}
	text := []byte(strings.NewReplacer("{{style}}", style, "{{script}}", script).Replace(page))
	t.handle("GET", "{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(text)
	})
	t.handle("GET", "picture/{number}", t.picture)
	return t
}

// handle answers requests below the token.
func (t *Site) handle(method, path string, answer http.HandlerFunc) {
	t.mux.HandleFunc(method+" "+t.Path()+path, answer)
}

// Path returns the path of the page, which holds the token.
func (t *Site) Path() string { return "/" + t.token + "/" }

// ServeHTTP answers requests that come to this machine by a name of its own: another name leads here only by a trick.
func (t *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		http.Error(w, "this page answers this machine only", http.StatusForbidden)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	t.mux.ServeHTTP(w, r)
}

func (t *Site) picture(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil || n < 0 || n >= t.pictures {
		http.NotFound(w, r)
		return
	}
	img, err := t.open(n)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, imaging.Fit(img, shownSide, shownSide, imaging.Linear), &jpeg.Options{Quality: shownQuality}); err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "private, max-age=3600")
	_, _ = w.Write(b.Bytes())
}

// read reads the JSON of a request. What is wrong with it is answered.
func read(w http.ResponseWriter, r *http.Request, to any) bool {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostBody)).Decode(to); err != nil {
		refuse(w, err)
		return false
	}
	return true
}

// refuse answers what went wrong. An answer that is not acknowledged is not on the disk.
func refuse(w http.ResponseWriter, err error) {
	code := http.StatusBadRequest
	var disk syscall.Errno
	if errors.As(err, &disk) {
		code = http.StatusInternalServerError
	}
	http.Error(w, err.Error(), code)
}

func write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
