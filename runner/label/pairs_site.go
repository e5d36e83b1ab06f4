package label

import (
	"errors"
	"image"
	"net/http"
)

// groupSize is how many pictures a group has at most.
const groupSize = 20

// pairsSite is the page that asks about two pictures, or a group.
type pairsSite struct {
	asker[Question, Progress]
	session *Session
}

// NewSite returns the page of a session, whose pictures are opened by their numbers.
func NewSite(s *Session, picture func(number int) (image.Image, error)) *Site {
	p, t := pairsSite{session: s}, newSite(pairsPage, len(s.pictures.Paths), picture)
	p.asker = asker[Question, Progress]{s, func(q Question) any { return p.asked(q) },
		func() any { return asked{Done: true, Progress: s.Progress()} }}
	p.on(t)
	t.handle("GET", "group", p.group)
	t.handle("GET", "quality", quality(s.Quality))
	t.handle("POST", "answer", p.answer)
	t.handle("POST", "skip", p.skip)
	t.handle("POST", "group", p.answerGroup)
	return t
}

// asked is a question as the page shows it.
type asked struct {
	Left     int      `json:"left"`
	Right    int      `json:"right"`
	Paths    []string `json:"paths"`
	Done     bool     `json:"done"` // there is nothing left to ask
	Progress Progress `json:"progress"`
}

func (p pairsSite) asked(q Question) asked {
	paths := p.session.pictures.Paths
	return asked{Left: q.Left, Right: q.Right, Paths: []string{paths[q.Left], paths[q.Right]}, Progress: p.session.Progress()}
}

func (p pairsSite) answer(w http.ResponseWriter, r *http.Request) {
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
	c, err := p.session.Say(a.Left, a.Right, *a.Same, a.Name)
	p.told(w, c, err)
}

func (p pairsSite) answerGroup(w http.ResponseWriter, r *http.Request) {
	var a struct {
		Pictures []int
		Same     []bool
		Name     string
	}
	if !read(w, r, &a) {
		return
	}
	c, err := p.session.SayGroup(a.Pictures, a.Same, a.Name)
	p.told(w, c, err)
}

func (p pairsSite) skip(w http.ResponseWriter, r *http.Request) {
	var a struct{ Left, Right int }
	if !read(w, r, &a) {
		return
	}
	if err := p.session.Skip(a.Left, a.Right); err != nil {
		refuse(w, err)
		return
	}
	write(w, said{Progress: p.session.Progress()})
}

// grouped is pictures that seem to be the same as the first one.
type grouped struct {
	Pictures []int    `json:"pictures"` // none: there is no such group
	Paths    []string `json:"paths"`
}

func (p pairsSite) group(w http.ResponseWriter, _ *http.Request) {
	g := grouped{Pictures: p.session.Group(groupSize)}
	for _, i := range g.Pictures {
		g.Paths = append(g.Paths, p.session.pictures.Paths[i])
	}
	write(w, g)
}
