package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
)

// Changed is how many entries a change has changed. Those that were there as they are do not count.
type Changed struct {
	Added, Replaced int
}

// staging is the temporary table into which entries are copied. n says in which order they came.
const staging = `CREATE TEMPORARY TABLE tfpair_staging (n bigint, id text, path text, sha256 text, class text, coarse text,
	learned boolean, metadata jsonb, picture bytea, sum bytea, embedding vector) ON COMMIT DROP`

var stagingColumns = []string{"n", "id", "path", "sha256", "class", "coarse", "learned", "metadata", "picture", "sum", "embedding"}

// Put adds entries of the embedding space of the index, in place of those of the same ids. They are committed,
// all of them, when it returns, or, with an error, none is. Programs that change one index wait for one another.
// The error is an *Error, which wraps an *EntryError where an entry does not fit.
func (x *Index) Put(ctx context.Context, entries ...index.Entry) (c Changed, err error) {
	rows, err := x.rows(entries)
	if err != nil || len(rows) == 0 {
		return c, x.at.refused(err)
	}
	err = pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, staging); err != nil {
			return err
		}
		if _, err := tx.CopyFrom(ctx, pgx.Identifier{"tfpair_staging"}, stagingColumns, pgx.CopyFromRows(rows)); err != nil {
			return err
		}
		c, err = x.merge(ctx, tx, len(rows))
		return err
	})
	if err != nil {
		return Changed{}, x.at.refused(err)
	}
	return c, x.at.refused(x.refresh(ctx))
}

// merge puts what was copied into the index. Its first statement has other programs wait.
func (x *Index) merge(ctx context.Context, tx pgx.Tx, n int) (c Changed, err error) {
	now := x.now.Load()
	var first int64 // number of the first entry
	err = tx.QueryRow(ctx, `UPDATE tfpair.index SET rows = rows + $2 WHERE number = $1 RETURNING rows - $2`, now.number, int64(n)).Scan(&first)
	if err != nil {
		return c, err
	}
	_, err = tx.Exec(ctx, `DELETE FROM tfpair_staging s USING tfpair.entry e WHERE e.index = $1 AND e.id = s.id AND e.sum = s.sum`, now.number)
	if err != nil {
		return c, err
	}
	gone, err := tx.Exec(ctx, `DELETE FROM tfpair.entry e USING tfpair_staging s WHERE e.index = $1 AND e.id = s.id`, now.number)
	if err != nil {
		return c, err
	}
	come, err := tx.Exec(ctx, `INSERT INTO tfpair.entry (index, space, row, id, path, sha256, class, coarse, learned, metadata, picture, sum, embedding)
		SELECT $1, $2, $3 + n, id, path, sha256, class, coarse, learned, metadata, picture, sum, embedding FROM tfpair_staging`,
		now.number, now.about.Space, first)
	if err != nil {
		return c, err
	}
	c.Replaced = int(gone.RowsAffected())
	c.Added = int(come.RowsAffected()) - c.Replaced
	_, err = tx.Exec(ctx, `UPDATE tfpair.index SET images = images + $2 WHERE number = $1`, now.number, c.Added)
	return c, err
}

// Remove removes the entries of ids, and returns how many there were. It is committed as Put is.
func (x *Index) Remove(ctx context.Context, ids ...string) (n int, err error) {
	number := x.now.Load().number
	err = pgx.BeginFunc(ctx, x.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT FROM tfpair.index WHERE number = $1 FOR NO KEY UPDATE`, number); err != nil {
			return err
		}
		gone, err := tx.Exec(ctx, `DELETE FROM tfpair.entry WHERE index = $1 AND id = ANY($2)`, number, ids)
		if err != nil {
			return err
		}
		n = int(gone.RowsAffected())
		_, err = tx.Exec(ctx, `UPDATE tfpair.index SET images = images - $2 WHERE number = $1`, number, n)
		return err
	})
	if err == nil {
		err = x.refresh(ctx)
	}
	return n, x.at.refused(err)
}

// rows returns entries as they are copied. Of several of one id the last counts.
func (x *Index) rows(entries []index.Entry) ([][]any, error) {
	last := make(map[string]int, len(entries))
	for i, e := range entries {
		last[e.ID] = i
	}
	rows := make([][]any, 0, len(last))
	for i, e := range entries {
		if last[e.ID] != i {
			continue
		}
		if err := x.check(e); err != nil {
			return nil, &EntryError{e.ID, err}
		}
		metadata, sum, err := summed(e)
		if err != nil {
			return nil, err
		}
		rows = append(rows, []any{int64(len(rows)), e.ID, e.Path, e.SHA256, e.Class, e.Coarse, e.Learned, metadata, picture(e), sum, pgvector.NewVector(e.Vector)})
	}
	return rows, nil
}

// picture returns that of e, nil, which is NULL, where it has none.
func picture(e index.Entry) []byte {
	if len(e.Picture) == 0 {
		return nil
	}
	return e.Picture
}

// EntryError says why an entry cannot be put into an index.
type EntryError struct {
	ID  string
	Err error
}

func (e *EntryError) Error() string { return fmt.Sprintf("entry %.80q: %v", e.ID, e.Err) }

// Unwrap returns the reason.
func (e *EntryError) Unwrap() error { return e.Err }

// shortest is the energy of a vector below which it has no direction: see distance.Divisor.
const shortest = 1e-12

// check says why an entry cannot be put into the index.
func (x *Index) check(e index.Entry) error {
	words := []string{e.ID, e.Path, e.SHA256, e.Class, e.Coarse}
	for name, value := range e.Metadata {
		words = append(words, name, value)
	}
	for _, word := range words {
		if !utf8.ValidString(word) || strings.ContainsRune(word, 0) {
			return errors.New("its words must be UTF-8 without zero bytes")
		}
	}
	about := x.now.Load().about
	switch {
	case e.ID == "":
		return errors.New("it has no id")
	case len(e.Vector) != about.Dim:
		return fmt.Errorf("a vector of length %d, want %d", len(e.Vector), about.Dim)
	case x.between.Directions() && distance.Energy(e.Vector) <= shortest:
		return errors.New("its embedding is 0 or nearly so, which has no direction: pgvector does not find it by cosine")
	}
	for i, v := range e.Vector {
		if v-v != 0 {
			return fmt.Errorf("number %d of its embedding is %g, want a finite one", i, v)
		}
	}
	return nil
}

// summed returns the metadata of e as JSON, nil for none, and the SHA-256 of all that is stored of e.
func summed(e index.Entry) (metadata, sum []byte, err error) {
	if len(e.Metadata) > 0 {
		if metadata, err = json.Marshal(e.Metadata); err != nil {
			return nil, nil, err
		}
	}
	h := sha256.New()
	head, err := json.Marshal(struct {
		index.Item
		Learned bool
		Vector  index.Vectors
	}{e.Item, e.Learned, e.Vector})
	if err != nil {
		return nil, nil, err
	}
	for _, part := range [][]byte{head, metadata, e.Picture} {
		fmt.Fprintf(h, "%d\n", len(part)) // a hash never returns an error
		h.Write(part)
	}
	return metadata, h.Sum(nil), nil
}
