package label

import (
	"errors"
	"image"
	"net/http"
)

// matchingSite is the page that asks which label image stands for a photo.
type matchingSite struct {
	asker[Suggestion, MatchProgress]
	session *Matching
}

// NewMatchingSite returns the page of a session. Pictures are opened by their numbers: photos first, then label images.
func NewMatchingSite(m *Matching, picture func(number int) (image.Image, error)) *Site {
	p, t := matchingSite{session: m}, newSite(matchingPage, len(m.photos.Paths)+len(m.labels.Paths), picture)
	p.asker = asker[Suggestion, MatchProgress]{m, func(s Suggestion) any { return p.suggested(s) },
		func() any { return suggested{Done: true, Progress: m.Progress()} }}
	p.on(t)
	t.handle("GET", "quality", quality(m.Quality))
	t.handle("POST", "choose", p.choose)
	t.handle("POST", "none", p.none)
	t.handle("POST", "skip", p.skip)
	return t
}

// suggested is a question as the page shows it.
type suggested struct {
	Photo    int            `json:"photo"`
	Path     string         `json:"path"`
	Labels   []labelPicture `json:"labels"`
	Done     bool           `json:"done"` // there is nothing left to ask
	Progress MatchProgress  `json:"progress"`
}

// labelPicture is a label image as the page shows it.
type labelPicture struct {
	Label   int    `json:"label"`
	Picture int    `json:"picture"` // number of its picture
	Path    string `json:"path"`
}

func (p matchingSite) suggested(s Suggestion) suggested {
	shown := suggested{Photo: s.Photo, Path: p.session.photos.Paths[s.Photo], Progress: p.session.Progress()}
	for _, l := range s.Labels {
		shown.Labels = append(shown.Labels, labelPicture{l, len(p.session.photos.Paths) + l, p.session.labels.Paths[l]})
	}
	return shown
}

func (p matchingSite) choose(w http.ResponseWriter, r *http.Request) {
	var a struct {
		Photo int
		Label *int
		Name  string
	}
	if !read(w, r, &a) {
		return
	}
	if a.Label == nil {
		refuse(w, errors.New(`"label" is not given, want the number of a label image`))
		return
	}
	c, err := p.session.Choose(a.Photo, *a.Label, a.Name)
	p.told(w, c, err)
}

func (p matchingSite) none(w http.ResponseWriter, r *http.Request) {
	var a struct {
		Photo  int
		Labels []int
		Name   string
	}
	if !read(w, r, &a) {
		return
	}
	c, err := p.session.None(a.Photo, a.Labels, a.Name)
	p.told(w, c, err)
}

func (p matchingSite) skip(w http.ResponseWriter, r *http.Request) {
	var a struct{ Photo int }
	if read(w, r, &a) {
		p.told(w, nil, p.session.Skip(a.Photo))
	}
}
