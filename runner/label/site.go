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
	"syscall"

	"github.com/disintegration/imaging"
)

//go:embed page.html
var page []byte

// policy lets the page load nothing but itself, and talk to this program only.
const policy = "default-src 'none'; connect-src 'self'; img-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const (
	shownSide    = 512      // of a picture, pixels
	shownQuality = 85       // of its JPEG
	mostBody     = 64 << 10 // bytes of a request
	groupSize    = 20       // pictures
)

// Site is the page of a session. Its address holds a token, so that other programs and pages on this machine cannot use it.
type Site struct {
	Session *Session
	Picture func(number int) (image.Image, error)
	token   string
	mux     *http.ServeMux
}

// NewSite returns the page of a session, whose pictures are opened by their numbers.
func NewSite(s *Session, picture func(number int) (image.Image, error)) *Site {
	t := &Site{Session: s, Picture: picture, token: rand.Text(), mux: http.NewServeMux()}
	at := "/" + t.token
	t.mux.HandleFunc("GET "+at+"/{$}", t.page)
	t.mux.HandleFunc("GET "+at+"/next", t.next)
	t.mux.HandleFunc("GET "+at+"/group", t.group)
	t.mux.HandleFunc("GET "+at+"/quality", t.quality)
	t.mux.HandleFunc("GET "+at+"/picture/{number}", t.picture)
	t.mux.HandleFunc("POST "+at+"/answer", t.answer)
	t.mux.HandleFunc("POST "+at+"/skip", t.skip)
	t.mux.HandleFunc("POST "+at+"/undo", t.undo)
	t.mux.HandleFunc("POST "+at+"/group", t.answerGroup)
	return t
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

func (t *Site) page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(page)
}

// asked is a question as the page shows it.
type asked struct {
	Left     int      `json:"left"`
	Right    int      `json:"right"`
	Paths    []string `json:"paths"`
	Done     bool     `json:"done"` // there is nothing left to ask
	Progress Progress `json:"progress"`
}

func (t *Site) next(w http.ResponseWriter, r *http.Request) {
	q, err := t.Session.Next(r.URL.Query().Get("name"))
	if errors.Is(err, ErrNothingLeft) {
		t.write(w, asked{Done: true, Progress: t.Session.Progress()})
		return
	}
	if err != nil {
		refuse(w, err)
		return
	}
	t.write(w, t.asked(q))
}

func (t *Site) asked(q Question) asked {
	paths := t.Session.pictures.Paths
	return asked{Left: q.Left, Right: q.Right, Paths: []string{paths[q.Left], paths[q.Right]}, Progress: t.Session.Progress()}
}

// said is what the page is told of an answer that is on the disk.
type said struct {
	Contradiction *Contradiction `json:"contradiction"`
	Progress      Progress       `json:"progress"`
	Agreements    []Agreement    `json:"agreements"`
}

func (t *Site) answer(w http.ResponseWriter, r *http.Request) {
	var a struct {
		Left, Right int
		Same        *bool
		Name        string
	}
	if !read(w, r, &a) {
		return
	}
	if a.Same == nil {
		refuse(w, errors.New(`"same" is not given, want true or false`))
		return
	}
	c, err := t.Session.Say(a.Left, a.Right, *a.Same, a.Name)
	t.told(w, c, err)
}

func (t *Site) answerGroup(w http.ResponseWriter, r *http.Request) {
	var a struct {
		Pictures []int
		Same     []bool
		Name     string
	}
	if !read(w, r, &a) {
		return
	}
	c, err := t.Session.SayGroup(a.Pictures, a.Same, a.Name)
	t.told(w, c, err)
}

func (t *Site) told(w http.ResponseWriter, c *Contradiction, err error) {
	if err != nil {
		refuse(w, err)
		return
	}
	t.write(w, said{c, t.Session.Progress(), t.Session.Agreements()})
}

func (t *Site) skip(w http.ResponseWriter, r *http.Request) {
	var a struct{ Left, Right int }
	if !read(w, r, &a) {
		return
	}
	if err := t.Session.Skip(a.Left, a.Right); err != nil {
		refuse(w, err)
		return
	}
	t.write(w, said{Progress: t.Session.Progress()})
}

func (t *Site) undo(w http.ResponseWriter, _ *http.Request) {
	q, ok, err := t.Session.Undo()
	switch {
	case err != nil:
		refuse(w, err)
	case !ok:
		t.write(w, asked{Done: true, Progress: t.Session.Progress()})
	default:
		t.write(w, t.asked(q))
	}
}

// grouped is pictures that seem to be the same as the first one.
type grouped struct {
	Pictures []int    `json:"pictures"` // none: there is no such group
	Paths    []string `json:"paths"`
}

func (t *Site) group(w http.ResponseWriter, _ *http.Request) {
	g := grouped{Pictures: t.Session.Group(groupSize)}
	for _, i := range g.Pictures {
		g.Paths = append(g.Paths, t.Session.pictures.Paths[i])
	}
	t.write(w, g)
}

func (t *Site) quality(w http.ResponseWriter, _ *http.Request) {
	q, ok := t.Session.Quality()
	if !ok {
		t.write(w, nil)
		return
	}
	t.write(w, q)
}

func (t *Site) picture(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("number"))
	if err != nil || n < 0 || n >= len(t.Session.pictures.Paths) {
		http.NotFound(w, r)
		return
	}
	img, err := t.Picture(n)
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

func (t *Site) write(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}
