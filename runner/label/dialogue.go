package label

import (
	"errors"
	"net/http"
)

// dialogue is a session that asks questions Q, and tells how far it is by P.
type dialogue[Q, P any] interface {
	Next(name string) (Q, error)
	Undo() (q Q, ok bool, err error)
	Progress() P
	Agreements() []Agreement
}

// asker answers what the pages of all sessions ask alike.
type asker[Q, P any] struct {
	session dialogue[Q, P]
	shown   func(Q) any // a question as the page shows it
	done    func() any  // the same where there is nothing left to ask
}

// on has t answer these requests.
func (a asker[Q, P]) on(t *Site) {
	t.handle("GET", "next", a.next)
	t.handle("POST", "undo", a.undo)
}

func (a asker[Q, P]) next(w http.ResponseWriter, r *http.Request) {
	q, err := a.session.Next(r.URL.Query().Get("name"))
	switch {
	case errors.Is(err, ErrNothingLeft):
		write(w, a.done())
	case err != nil:
		refuse(w, err)
	default:
		write(w, a.shown(q))
	}
}

func (a asker[Q, P]) undo(w http.ResponseWriter, _ *http.Request) {
	q, ok, err := a.session.Undo()
	switch {
	case err != nil:
		refuse(w, err)
	case !ok:
		write(w, a.done())
	default:
		write(w, a.shown(q))
	}
}

// said is what a page is told of an answer that is on the disk.
type said struct {
	Contradiction any         `json:"contradiction"` // null: none
	Progress      any         `json:"progress"`
	Agreements    []Agreement `json:"agreements"`
}

// told answers that err was in the way of an answer, or that it is on the disk and what it contradicts.
func (a asker[Q, P]) told(w http.ResponseWriter, contradiction any, err error) {
	if err != nil {
		refuse(w, err)
		return
	}
	write(w, said{contradiction, a.session.Progress(), a.session.Agreements()})
}

// quality answers how good a session is: null where it does not know.
func quality[Q any](of func() (Q, bool)) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		q, ok := of()
		if !ok {
			write(w, nil)
			return
		}
		write(w, q)
	}
}
