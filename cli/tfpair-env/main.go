// Command tfpair-env prints the environment that building with TensorFlow needs, and
// installs what is missing for it:
//
//	eval "$(go run ./cli/tfpair-env)"
//	go build ./...
//
// It is pure Go, so a stranger needs nothing built first, and runs from another module as
// `go run github.com/tfpair/tfpair/cli/tfpair-env`. Progress goes to stderr. It needs
// python3 with pip, and cc. With -device gpu it is the GPU build that is installed.
// GOFLAGS gets the build tag tensorflow, with which programs link TensorFlow, and, where HDF5 is
// found (see internal/libhdf5), the tag hdf5, with which they read Keras' weight files.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/tfpair/tfpair/internal/libhdf5"
	"github.com/tfpair/tfpair/internal/libtensorflow"
)

func main() {
	device := flag.String("device", string(libtensorflow.CPU), "the build to install: cpu or gpu")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *device, environment, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "tfpair-env: %v\n", err)
		os.Exit(1)
	}
}

// environment is os.Getenv, but for GOFLAGS, which the go command may keep in a file.
func environment(name string) string {
	value := os.Getenv(name)
	if name == "GOFLAGS" && value == "" {
		if out, err := exec.Command("go", "env", name).Output(); err == nil {
			return strings.TrimSpace(string(out))
		}
	}
	return value
}

// run finds or installs the runtime and writes the export lines.
func run(ctx context.Context, device string, getenv libtensorflow.Getenv,
	stdout, stderr io.Writer) error {
	if getenv("CGO_ENABLED") == "0" {
		fmt.Fprintln(stderr, "tfpair-env: CGO_ENABLED is 0: building with TensorFlow needs 1, and a C compiler")
	}
	d, err := libtensorflow.ParseDevice(device)
	if err != nil {
		return err
	}
	folder, err := libtensorflow.Find(getenv, d)
	if missing := (*libtensorflow.MissingError)(nil); errors.As(err, &missing) {
		folder, err = install(ctx, d, getenv, stderr)
	}
	if err != nil {
		return err
	}
	env, err := libtensorflow.Prepare(ctx, folder, getenv)
	if err != nil {
		return err
	}
	library, tagged := libhdf5.Find(getenv)
	if tagged && library != (libhdf5.Library{}) {
		if env, err = env.Add(library.Include, library.Lib, ""); err != nil {
			return err
		}
	}
	flags := withTag(getenv("GOFLAGS"), libtensorflow.Tag)
	if tagged {
		flags = withTag(flags, libhdf5.Tag)
	}
	_, err = fmt.Fprintf(stdout, "export CGO_CFLAGS=%s\nexport CGO_LDFLAGS=%s\nexport GOFLAGS=%s\n",
		shellQuote(env.CFlags), shellQuote(env.LDFlags), shellQuote(flags))
	return err
}

// withTag adds a build tag to the flags of the go command: to the last -tags, which is
// the one that counts, or in one of its own.
func withTag(flags, tag string) string {
	list := strings.Fields(flags)
	for i := len(list) - 1; i >= 0; i-- {
		if tags, ok := strings.CutPrefix(strings.TrimLeft(list[i], "-"), "tags="); ok {
			if !strings.Contains(","+tags+",", ","+tag+",") {
				list[i] += "," + tag
			}
			return strings.Join(list, " ")
		}
	}
	return strings.Join(append(list, "-tags="+tag), " ")
}

// install installs the build for a device and returns its folder.
func install(ctx context.Context, d libtensorflow.Device, getenv libtensorflow.Getenv,
	stderr io.Writer) (string, error) {
	folder, err := libtensorflow.Folder(getenv, d)
	if err != nil {
		return "", err
	}
	return folder, libtensorflow.Install(ctx, libtensorflow.Options{
		Dir: folder,
		GPU: d == libtensorflow.GPU,
		Progress: func(line string) {
			fmt.Fprintln(stderr, "tfpair-env: "+line)
		},
	})
}

// shellQuote quotes a text for a POSIX shell.
func shellQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
