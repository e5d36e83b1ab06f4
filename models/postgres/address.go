package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Error says what is wrong with an index in a database.
type Error struct {
	At  string // URL, without what is secret
	Err error
}

func (e *Error) Error() string {
	lines := strings.Split(e.Err.Error(), "\n")
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line), " ")
	}
	lines = slices.Compact(lines) // a server that was asked with TLS and without refuses twice
	return fmt.Sprintf("index %s: %s", e.At, strings.Join(lines, " "))
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// ErrNone says that the database has no index of that name.
var ErrNone = errors.New("the database has no such index; tfpair index push writes one")

// defaultName is the index of a URL that names none.
const defaultName = "tfpair"

// names are those that an index can have.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$`)

// connectTimeout is how long a server has to answer where the URL says nothing of it.
const connectTimeout = 10 * time.Second

// address is where an index lies.
type address struct {
	config *pgxpool.Config
	name   string // of the index
	shown  string // the URL without what is secret
	secret []string
}

// Is reports whether path is a URL of a database, and no file.
func Is(path string) bool {
	return strings.HasPrefix(path, "postgres://") || strings.HasPrefix(path, "postgresql://")
}

// Shown returns path, or, of a URL, what may be shown of it: no password and no settings.
func Shown(path string) string {
	if !Is(path) {
		return path
	}
	at, err := parse(path)
	var e *Error
	if errors.As(err, &e) {
		return e.At
	}
	return at.shown
}

func (a address) String() string { return a.shown }

// parse reads a URL. The error is an *Error.
func parse(text string) (a address, err error) {
	u, err := url.Parse(text)
	if err != nil || !Is(text) { // whose text may hold the password
		return a, &Error{"postgres://…", errors.New("it is no URL such as postgres://user@host/database?index=shop")}
	}
	query := u.Query()
	a.name = defaultName
	if query.Has("index") {
		a.name = query.Get("index")
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if name := u.User.Username(); name != "" {
		shown.User = url.User(name)
	}
	if query.Has("index") {
		shown.RawQuery = "index=" + url.QueryEscape(a.name)
	}
	a.shown = shown.String()
	if !names.MatchString(a.name) {
		return a, &Error{a.shown, fmt.Errorf("the name %q of the index must be letters, digits, _, . and -, 63 at most", a.name)}
	}
	password, _ := u.User.Password()
	for _, secret := range []string{password, query.Get("password"), query.Get("sslpassword")} {
		if secret != "" {
			a.secret = append(a.secret, secret, url.QueryEscape(secret), url.PathEscape(secret))
		}
	}
	query.Del("index")
	u.RawQuery = query.Encode()
	if a.config, err = pgxpool.ParseConfig(u.String()); err != nil {
		return a, a.refused(err)
	}
	if secret := a.config.ConnConfig.Password; secret != "" { // of the environment or a file
		a.secret = append(a.secret, secret)
	}
	if a.config.ConnConfig.ConnectTimeout == 0 {
		a.config.ConnConfig.ConnectTimeout = connectTimeout
	}
	if a.config.ConnConfig.RuntimeParams["application_name"] == "" {
		a.config.ConnConfig.RuntimeParams["application_name"] = "tfpair"
	}
	return a, nil
}

// refused returns err as an *Error, without secrets; nil of nil.
func (a address) refused(err error) error {
	var e *Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	text := err.Error()
	for _, secret := range a.secret {
		if strings.Contains(text, secret) {
			return &Error{a.shown, errors.New("the server refused it, with words that hold the password")}
		}
	}
	return &Error{a.shown, err}
}
