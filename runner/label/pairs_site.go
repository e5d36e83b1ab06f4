package label

import (
	"errors"
	"image"
	"net/http"
)

// groupSize is how many pictures a group has at most.
const groupSize = 20

// pairsSite is the page that asks about two pictures, or a group.
type pairsSite struct{ session *Session }

// NewSite returns the page of a session, whose pictures are opened by their numbers.
func NewSite(s *Session, picture func(number int) (image.Image, error)) *Site {
	p, t := pairsSite{s}, newSite(pairsPage, len(s.pictures.Paths), picture)
	t.handle("GET", "next", p.next)
	t.handle("GET", "group", p.group)
	t.handle("GET", "quality", p.quality)
	t.handle("POST", "answer", p.answer)
	t.handle("POST", "skip", p.skip)
	t.handle("POST", "undo", p.undo)
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

func (p pairsSite) next(w http.ResponseWriter, r *http.Request) {
	q, err := p.session.Next(r.URL.Query().Get("name"))
	if errors.Is(err, ErrNothingLeft) {
		write(w, asked{Done: true, Progress: p.session.Progress()})
		return
	}
	if err != nil {
		refuse(w, err)
		return
	}
	write(w, p.asked(q))
}

func (p pairsSite) asked(q Question) asked {
	paths := p.session.pictures.Paths
	return asked{Left: q.Left, Right: q.Right, Paths: []string{paths[q.Left], paths[q.Right]}, Progress: p.session.Progress()}
}

// said is what the page is told of an answer that is on the disk.
type said struct {
	Contradiction *Contradiction `json:"contradiction"`
	Progress      Progress       `json:"progress"`
	Agreements    []Agreement    `json:"agreements"`
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

func (p pairsSite) told(w http.ResponseWriter, c *Contradiction, err error) {
	if err != nil {
		refuse(w, err)
		return
	}
	write(w, said{c, p.session.Progress(), p.session.Agreements()})
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

func (p pairsSite) undo(w http.ResponseWriter, _ *http.Request) {
	q, ok, err := p.session.Undo()
	switch {
	case err != nil:
		refuse(w, err)
	case !ok:
		write(w, asked{Done: true, Progress: p.session.Progress()})
	default:
		write(w, p.asked(q))
	}
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

func (p pairsSite) quality(w http.ResponseWriter, _ *http.Request) {
	q, ok := p.session.Quality()
	if !ok {
		write(w, nil)
		return
	}
	write(w, q)
}
