package libtensorflow

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// BuildEnv is what `go build` of a program that uses the binding needs.
type BuildEnv struct {
	CFlags  string // CGO_CFLAGS
	LDFlags string // CGO_LDFLAGS
}

// Prepare returns the build environment of a runtime folder, building the stub if it
// is not there. What getenv has in CGO_CFLAGS and CGO_LDFLAGS is kept.
func Prepare(ctx context.Context, folder string, getenv Getenv) (BuildEnv, error) {
	if _, err := os.Stat(filepath.Join(folder, "include", headers[0])); err != nil {
		return BuildEnv{}, fmt.Errorf("runtime %q has no C headers: %w", folder, err)
	}
	stub, err := EnsureStub(ctx, folder)
	if err != nil {
		return BuildEnv{}, err
	}
	e := BuildEnv{CFlags: getenv("CGO_CFLAGS"), LDFlags: getenv("CGO_LDFLAGS")}
	return e.Add(filepath.Join(folder, "include"), stub, " -ldl -lpthread")
}

// Add returns e with a folder of headers, one of libraries, and linker flags, each led by a
// space.
func (e BuildEnv) Add(include, lib, flags string) (BuildEnv, error) {
	i, err := flag("-I", include)
	if err != nil {
		return BuildEnv{}, err
	}
	l, err := flag("-L", lib)
	if err != nil {
		return BuildEnv{}, err
	}
	return BuildEnv{CFlags: withFlags(e.CFlags, i), LDFlags: withFlags(e.LDFlags, l+flags)}, nil
}

// flag joins a flag and a path, quoted as the go command reads its flags: a field with
// spaces stands in quotes, and nothing escapes a quote.
func flag(name, path string) (string, error) {
	joined := name + path
	switch {
	case !strings.ContainsAny(joined, " \t\n\r'\""):
		return joined, nil
	case !strings.Contains(joined, "'"):
		return "'" + joined + "'", nil
	case !strings.Contains(joined, `"`):
		return `"` + joined + `"`, nil
	}
	return "", fmt.Errorf("folder %q has both kinds of quotes in its name", path)
}

// withFlags appends flags to those of the environment unless they are there; the go
// command's own default is kept where the environment has none.
func withFlags(have, add string) string {
	if have == "" {
		have = "-g -O2" // the go command's default, which any value replaces
	}
	if strings.Contains(" "+have+" ", " "+add+" ") {
		return have
	}
	return have + " " + add
}
