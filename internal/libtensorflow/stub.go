package libtensorflow

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/tfpair/tfpair/internal/aside"
)

//go:generate go run names_gen.go

// The C half of the stub, and the names that it stands for: every function of the C
// API that the Go binding calls.
var (
	//go:embed stub/stub.c
	stubC string
	//go:embed stub/names.txt
	stubNames string
)

// stubFolder is the name of the folder of this program's stub inside a runtime: its
// hash lets checkouts of different age share one runtime.
func stubFolder(platform string) (string, error) {
	asm, err := stubAssembly(platform, strings.Fields(stubNames))
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(Version + "\n" + stubC + "\n" + asm))
	return fmt.Sprintf("stub-%x", sum[:6]), nil
}

// EnsureStub builds the stub inside a runtime folder unless it is there, and returns
// its folder, which holds libtensorflow.a. It needs cc.
func EnsureStub(ctx context.Context, folder string) (stub string, err error) {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	name, err := stubFolder(platform)
	if err != nil {
		return "", err
	}
	target := filepath.Join(folder, name)
	if _, err := os.Stat(filepath.Join(target, "libtensorflow.a")); err == nil {
		return target, nil
	}
	staging, err := aside.CreateFolder(folder, ".stub-")
	if err != nil {
		return "", fmt.Errorf("stub: %w", err)
	}
	defer func() { err = errors.Join(err, staging.Cleanup()) }()
	if err := buildStub(ctx, staging.Path(), platform); err != nil {
		return "", fmt.Errorf("stub: %w", err)
	}
	if err := staging.Publish(target); err != nil {
		// Another process may have been first; what it built is the same. Where the name could not be
		// synced, a power cut may take the stub, and it is built again.
		if _, there := os.Stat(filepath.Join(target, "libtensorflow.a")); there != nil {
			return "", fmt.Errorf("stub: %w", err)
		}
	}
	return target, nil
}

// buildStub writes the sources of the stub into a folder and makes libtensorflow.a of
// them there.
func buildStub(ctx context.Context, folder, platform string) error {
	asm, err := stubAssembly(platform, strings.Fields(stubNames))
	if err != nil {
		return err
	}
	sources := map[string]string{"stub.c": stubC, "slots.S": asm}
	for name, text := range sources {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	objects, err := os.MkdirTemp(folder, "objects-*")
	if err != nil {
		return err
	}
	compile := []string{"-c", "-O2", "-fPIC", "-DTFPAIR_VERSION=\"" + Version + "\"",
		"../stub.c", "../slots.S"}
	if err := tool(ctx, objects, "cc", compile...); err != nil {
		return err
	}
	if err := archive(filepath.Join(folder, "libtensorflow.a"), filepath.Join(objects, "stub.o"), filepath.Join(objects, "slots.o")); err != nil {
		return err
	}
	return os.RemoveAll(objects)
}

// tool runs a build tool in a folder that is removed afterwards: its temporary files lie there too, and
// some tools leave them without a word. Its error shows what the tool said.
func tool(ctx context.Context, folder, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "TMPDIR=.")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
