package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/tfpair/tfpair/models/index"
)

// Find returns the entry of an id; false: there is none. The error is an *Error.
func (x *Index) Find(ctx context.Context, id string) (e index.Entry, ok bool, err error) {
	var v pgvector.Vector
	err = x.pool.QueryRow(ctx, `SELECT id, path, sha256, class, coarse, learned, metadata, picture, embedding
		FROM tfpair.entry WHERE index = $1 AND id = $2`, x.now.Load().number, id).
		Scan(&e.ID, &e.Path, &e.SHA256, &e.Class, &e.Coarse, &e.Learned, &e.Metadata, &e.Picture, &v)
	if errors.Is(err, pgx.ErrNoRows) {
		return e, false, nil
	}
	e.Vector = v.Slice()
	return e, err == nil, x.at.refused(err)
}

// Thumbnail returns the thumbnail of the entry that an answer names by its row, a JPEG file; nil: it has none.
func (x *Index) Thumbnail(ctx context.Context, row int) (file []byte, err error) {
	err = x.pool.QueryRow(ctx, `SELECT picture FROM tfpair.entry WHERE index = $1 AND row = $2`, x.now.Load().number, row).Scan(&file)
	if errors.Is(err, pgx.ErrNoRows) { // it was removed
		return nil, nil
	}
	return file, x.at.refused(err)
}

// Classes returns how many classes the entries are of; those without are of none.
func (x *Index) Classes(ctx context.Context) (n int, err error) {
	err = x.pool.QueryRow(ctx, `SELECT count(DISTINCT class) FROM tfpair.entry WHERE index = $1 AND class <> ''`, x.now.Load().number).Scan(&n)
	return n, x.at.refused(err)
}
