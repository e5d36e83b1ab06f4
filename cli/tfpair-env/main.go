// Command tfpair-env prints the environment that building with TensorFlow needs, and
// installs what is missing for it:
//
//	eval "$(go run ./cli/tfpair-env)"
//	go build ./...
//
// It is pure Go, so a stranger needs nothing built first, and runs from another module as
// `go run github.com/tfpair/tfpair/cli/tfpair-env`. Progress goes to stderr. It needs
// python3 with pip, cc and ar. With -device gpu it is the GPU build that is installed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/tfpair/tfpair/internal/libtensorflow"
)

func main() {
	device := flag.String("device", string(libtensorflow.CPU), "the build to install: cpu or gpu")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *device, os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "tfpair-env: %v\n", err)
		os.Exit(1)
	}
}

// run finds or installs the runtime and writes the two export lines.
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
	_, err = fmt.Fprintf(stdout, "export CGO_CFLAGS=%s\nexport CGO_LDFLAGS=%s\n",
		shellQuote(env.CFlags), shellQuote(env.LDFlags))
	return err
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
