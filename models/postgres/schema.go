package postgres

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/models/index"
)

// schema makes the tables.
//
//go:embed schema.sql
var schema string

// schemaVersion is that of schema.sql.
const schemaVersion = 1

// schemaLock is the advisory lock of whoever makes the tables or an index: "tfpair" in ASCII.
const schemaLock = 0x746670616972

// oldest is the version of pgvector that is needed: it goes on with a search until k are found.
const oldest = "0.8"

// connect returns a connection.
func (a address) connect(ctx context.Context) (*pgx.Conn, error) {
	return pgx.ConnectConfig(ctx, a.config.ConnConfig.Copy())
}

// version makes sure that the database has tables of this version.
func (a address) version(ctx context.Context) error {
	c, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }() // nothing is lost with it
	there, err := hasTables(ctx, c)
	if err == nil && !there {
		err = ErrNone
	}
	return err
}

// hasTables reports whether the tables are there. The error says that they, or pgvector, are of another version.
func hasTables(ctx context.Context, q querier) (bool, error) {
	var table *string
	if err := q.QueryRow(ctx, `SELECT to_regclass('tfpair.version')::text`).Scan(&table); err != nil || table == nil {
		return false, err
	}
	var version int
	if err := q.QueryRow(ctx, `SELECT max(version) FROM tfpair.version`).Scan(&version); err != nil {
		return false, err
	}
	if version != schemaVersion {
		return false, fmt.Errorf("its tables are of version %d, and this tfpair knows version %d", version, schemaVersion)
	}
	var extension string
	if err := q.QueryRow(ctx, `SELECT extversion FROM pg_extension WHERE extname = 'vector'`).Scan(&extension); err != nil {
		return false, err
	}
	if before(extension, oldest) {
		return false, fmt.Errorf("it has pgvector %s, want %s or later: ALTER EXTENSION vector UPDATE", extension, oldest)
	}
	return true, nil
}

// before reports whether version a is older than b, by their first two numbers.
func before(a, b string) bool {
	number := func(text string) (n [2]int) {
		for i, part := range strings.SplitN(text, ".", 3) {
			if i < 2 {
				n[i], _ = strconv.Atoi(part) // a word counts as 0
			}
		}
		return n
	}
	x, y := number(a), number(b)
	return x[0] < y[0] || x[0] == y[0] && x[1] < y[1]
}

// prepare makes the tables and the index where they are not there, and sees that an index that is there
// takes vectors of about.
func (a address) prepare(ctx context.Context, about index.About, half bool) (err error) {
	if _, err := distance.ByName(about.Distance); err != nil {
		return fmt.Errorf("distance %q is a program's own, which a database does not know", about.Distance)
	}
	c, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(context.WithoutCancel(ctx)) }() // what was done is committed
	return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(schemaLock)); err != nil {
			return err
		}
		there, err := hasTables(ctx, tx)
		if err != nil {
			return err
		}
		if !there {
			if _, err := tx.Exec(ctx, schema); err != nil {
				return explained(err)
			}
			if _, err := hasTables(ctx, tx); err != nil {
				return err
			}
		}
		now, err := a.catalogue(ctx, tx)
		if errors.Is(err, ErrNone) {
			return a.create(ctx, tx, about, half)
		}
		if err != nil {
			return err
		}
		return fits(now, about, half)
	})
}

// explained says what an administrator has to do.
func explained(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case "58P01", "0A000": // undefined_file, feature_not_supported: the extension is not on the machine
		return fmt.Errorf("pgvector is not installed on the server: %w", err)
	case "42501": // insufficient_privilege
		return fmt.Errorf("this user may not make the tables: an administrator runs models/postgres/schema.sql once: %w", err)
	}
	return err
}

// create makes an index of no entries.
func (a address) create(ctx context.Context, tx pgx.Tx, about index.About, half bool) error {
	var number int
	err := tx.QueryRow(ctx, `INSERT INTO tfpair.index (name, space, model, distance, dim, root, thumbnails, no_accept, kind, half)
		VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, $9) RETURNING number`,
		a.name, about.Space, about.Model, about.Distance, about.Dim, about.Root, about.Thumbnails, about.Kind, half).Scan(&number)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, fmt.Sprintf(`CREATE TABLE tfpair.entry_%d PARTITION OF tfpair.entry FOR VALUES IN (%d)`, number, number))
	return err
}

// fits says why vectors of about cannot be put into the index that is there.
func fits(now *catalogue, about index.About, half bool) error {
	switch is := now.about; {
	case is.Space != about.Space:
		return fmt.Errorf("it is of embedding space %.12s… and this index of %.12s…: two models' embeddings cannot be compared; "+
			"push to another name, such as ?index=next", is.Space, about.Space)
	case is.Distance != about.Distance || is.Dim != about.Dim:
		return fmt.Errorf("it is of vectors of length %d by distance %s, and this index of length %d by %s", is.Dim, is.Distance, about.Dim, about.Distance)
	case is.Kind != about.Kind || now.half != half:
		return fmt.Errorf("it is of kind %s, half-precision %v, as it was pushed first; push to another name for another kind", is.Kind, now.half)
	}
	return nil
}
