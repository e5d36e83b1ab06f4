// Package postgres keeps an index in PostgreSQL, where pgvector searches it:
//
//	index folder → Push → tables of schema.sql ← Put, Remove of any number of programs
//	                              ↓
//	            Open → Answers(queries [Q,D], k) → answers [Q][k]
//
// A database holds any number of indexes, by name. Without a graph a search compares all
// vectors and gives the answers of models/index; with one, hnsw, it finds most of them.
// Passwords are in no error.
package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxvector "github.com/pgvector/pgvector-go/pgx"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
)

// Kinds are the ways to search, in the column kind.
const (
	Flat = "flat" // compares all vectors
	HNSW = "hnsw" // walks through a graph
)

// refreshEvery is how often an open index reads again what the index is, at most.
const refreshEvery = time.Second

// patience is how long a search or a change may take where the caller says nothing of it.
const patience = 30 * time.Second

// Index is an index in a database. It is safe for any number of goroutines, and so are searches
// while programs change the index. It is closed after use.
type Index struct {
	at      address
	pool    *pgxpool.Pool
	between distance.Distance
	now     atomic.Pointer[catalogue]
	read    atomic.Int64 // when now was read, in nanoseconds since 1970
}

// catalogue is a row of tfpair.index.
type catalogue struct {
	number   int
	about    index.About
	half     bool
	ef       int
	recall   float64
	measured int
	images   int
}

// graph reports whether there is one.
func (c catalogue) graph() bool { return c.ef > 0 }

// Open returns the index at a URL: postgres://USER@HOST/DATABASE?index=NAME. The name is "tfpair" if
// the URL has none. The environment says what the URL leaves out, as for psql: PGPASSWORD or a file
// .pgpass the password. fits, unless it is nil, says why the caller cannot search vectors like these. The error is
// an *Error, which wraps what fits says.
func Open(ctx context.Context, url string, fits func(index.About) error) (*Index, error) {
	at, err := parse(url)
	if err != nil {
		return nil, err
	}
	if err := at.version(ctx); err != nil {
		return nil, at.refused(err)
	}
	x, err := open(ctx, at)
	if err != nil || fits == nil {
		return x, err
	}
	if err := fits(x.About()); err != nil {
		return nil, errors.Join(&Error{x.Name(), err}, x.Close())
	}
	return x, nil
}

// open opens what is there.
func open(ctx context.Context, at address) (_ *Index, err error) {
	config := at.config.Copy()
	config.AfterConnect = pgxvector.RegisterTypes
	x := &Index{at: at}
	if x.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, at.refused(err)
	}
	c, err := at.catalogue(ctx, x.pool)
	if err == nil {
		x.between, err = distance.ByName(c.about.Distance)
	}
	if err != nil {
		x.pool.Close()
		return nil, at.refused(err)
	}
	x.keep(c)
	return x, nil
}

// keep has searches go by c.
func (x *Index) keep(c *catalogue) {
	x.now.Store(c)
	x.read.Store(time.Now().UnixNano())
}

// Close closes the connections.
func (x *Index) Close() error {
	x.pool.Close()
	return nil
}

// Name returns the URL without what is secret.
func (x *Index) Name() string { return x.at.String() }

// About returns what the vectors are. It has no threshold where the index has grown or shrunk by a
// quarter since that was chosen: see Renew.
func (x *Index) About() index.About {
	c := x.current()
	about := c.about
	if why := c.outgrown(); why != "" {
		about.Accept, about.NoAccept = nil, why
	}
	return about
}

// Len returns the number of images.
func (x *Index) Len() int { return x.current().images }

// Recall returns the share of the ten nearest that searches find, as it was measured at the last push; 1: all.
func (x *Index) Recall() float64 { return x.current().recall }

// current returns what the index is, a second old at most where the database answers.
func (x *Index) current() *catalogue {
	now, last := time.Now().UnixNano(), x.read.Load()
	if now-last >= int64(refreshEvery) && x.read.CompareAndSwap(last, now) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = x.refresh(ctx) // what was known stays, and the next search says why
	}
	return x.now.Load()
}

// refresh reads again what the index is.
func (x *Index) refresh(ctx context.Context) error {
	c, err := x.at.catalogue(ctx, x.pool)
	if err == nil {
		x.keep(c)
	}
	return err
}

// querier is a connection, a pool of them, or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// catalogue reads what the index is.
func (a address) catalogue(ctx context.Context, q querier) (*catalogue, error) {
	var c catalogue
	var accept []byte
	of := &c.about
	err := q.QueryRow(ctx, `SELECT number, space, model, distance, dim, root, thumbnails, accept, no_accept,
		kind, half, ef, recall, measured, images FROM tfpair.index WHERE name = $1`, a.name).
		Scan(&c.number, &of.Space, &of.Model, &of.Distance, &of.Dim, &of.Root, &of.Thumbnails, &accept, &of.NoAccept,
			&of.Kind, &c.half, &c.ef, &c.recall, &c.measured, &c.images)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, ErrNone
	case err != nil:
		return nil, err
	case accept != nil:
		err = json.Unmarshal(accept, &of.Accept)
	}
	c.recall = math.Round(c.recall*1e6) / 1e6 // it is a float32 there
	return &c, err
}
