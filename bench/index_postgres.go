package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
	"github.com/tfpair/tfpair/models/postgres/postgrestest"
)

// databaseTimes is an index in PostgreSQL on the same machine.
type databaseTimes struct {
	Vectors int             `json:"vectors"`
	Queries int             `json:"queries"`
	Kinds   []databaseTimed `json:"kinds"`
}

// databaseTimed is one kind of it.
type databaseTimed struct {
	Kind   string    `json:"kind"`
	Push   float64   `json:"push_seconds"` // the graph included
	Again  float64   `json:"again_seconds"`
	Search quantiles `json:"search_seconds"` // one query at a time
	Equal  float64   `json:"equal"`          // share of the queries whose ten answers are those of flat, with their order and distances
	Recall float64   `json:"recall"`         // share of the ten nearest of flat that are found
	Says   float64   `json:"says"`           // the recall that the push measured
}

// databaseQueries is how many searches are compared with flat.
const databaseQueries = 200

// inDatabase pushes an index of n vectors into a server of its own, and compares searches with flat.
func inDatabase(ctx context.Context, n int) (databaseTimes, error) {
	return withFolder(func(folder string) (t databaseTimes, err error) {
		t.Vectors, t.Queries = n, databaseQueries
		server, stop, err := postgrestest.Run(ctx)
		if err != nil {
			return t, err
		}
		defer func() { err = errors.Join(err, stop()) }()
		path := filepath.Join(folder, "x.index")
		if err := vectorIndex(path, "flat", unitVectors(4, n)); err != nil {
			return t, err
		}
		x, err := index.Read(path)
		if err != nil {
			return t, err
		}
		for _, o := range []postgres.Options{{Flat: true}, {}, {Half: true}} {
			k, err := pushedTo(ctx, server.URL("postgres")+"?index=", x, o, unitVectors(5, databaseQueries))
			if err != nil {
				return t, err
			}
			t.Kinds = append(t.Kinds, k)
		}
		return t, nil
	})
}

// pushedTo measures one kind, with queries [Q,D].
func pushedTo(ctx context.Context, url string, x *index.Index, o postgres.Options, queries []float32) (k databaseTimed, err error) {
	k.Kind = "hnsw"
	if o.Flat {
		k.Kind = "flat"
	} else if o.Half {
		k.Kind = "hnsw-half"
	}
	began := time.Now()
	first, _, err := postgres.Push(ctx, url+k.Kind, x, o)
	if err != nil {
		return k, err
	}
	k.Push = time.Since(began).Seconds()
	if err := first.Close(); err != nil {
		return k, err
	}
	began = time.Now()
	there, p, err := postgres.Push(ctx, url+k.Kind, x, o)
	if err != nil {
		return k, err
	}
	defer func() { err = errors.Join(err, there.Close()) }()
	if k.Again = time.Since(began).Seconds(); p.Same != x.Len() {
		return k, errors.New("a push again has changed the database")
	}
	k.Says = there.Recall()
	return k, k.searched(ctx, there, x, queries)
}

// searched compares searches with those of flat.
func (k *databaseTimed) searched(ctx context.Context, there, flat index.Searched, queries []float32) error {
	var seconds []float64
	dim := flat.About().Dim
	equal, found, asked := 0, 0, len(queries)/dim
	for i := range asked {
		query := queries[i*dim:][:dim]
		want, err := flat.Answers(ctx, query, indexK)
		if err != nil {
			return err
		}
		began := time.Now()
		got, err := there.Answers(ctx, query, indexK)
		if err != nil {
			return err
		}
		seconds = append(seconds, time.Since(began).Seconds())
		ids := map[string]bool{}
		for _, a := range got[0] {
			ids[a.ID] = true
		}
		same := len(got[0]) == len(want[0])
		for rank, a := range want[0] {
			if ids[a.ID] {
				found++
			}
			same = same && got[0][rank].ID == a.ID && got[0][rank].Distance == a.Distance
		}
		if same {
			equal++
		}
	}
	k.Search = spread(seconds)
	k.Equal, k.Recall = float64(equal)/float64(asked), float64(found)/float64(asked*indexK)
	return nil
}
