// Command bump pins another release of TensorFlow: make runtime-bump runs it from the root of
// a checkout.
//
//	version → wheels by pip → C functions, headers ↔ the pinned ones → pin.go, and each file that names the release
//
// It writes to stdout what differs, as Markdown. A release that lacks a C function that the binding calls is
// refused, and then no file is changed. The checksums of CUDA's packages (cuda.txt) stay: they are changed by hand.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/pip"
)

const (
	pinFile   = "internal/libtensorflow/pin.go"
	namesFile = "internal/libtensorflow/stub/names.txt"
)

func main() {
	only := flag.Bool("cpu-only", false, "leave the wheels of the GPU and of arm64 as they are: for a trial, not for a release")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := bump(ctx, flag.Arg(0), *only)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "bump: %v\n", err)
		os.Exit(1)
	}
}

var release = regexp.MustCompile(`^([0-9]+\.[0-9]+\.[0-9]+)(?:-?(rc[0-9]+))?$`)

// libraryVersion returns a release as the library names itself: "2.22.0-rc0" where pip lists 2.22.0rc0.
// pip takes both.
func libraryVersion(version string) (string, error) {
	parts := release.FindStringSubmatch(version)
	switch {
	case parts == nil:
		return "", fmt.Errorf("want one release such as 2.20.0 or 2.22.0rc0, got %q", version)
	case parts[2] == "":
		return parts[1], nil
	}
	return parts[1] + "-" + parts[2], nil
}

// bump downloads the wheels of a release, compares and pins them.
func bump(ctx context.Context, version string, cpuOnly bool) (err error) {
	if version, err = libraryVersion(version); err != nil {
		return err
	}
	source, err := os.ReadFile(pinFile)
	if err != nil {
		return fmt.Errorf("run it from the root of a checkout: %w", err)
	}
	work, err := os.MkdirTemp("", "bump-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	fmt.Printf("# TensorFlow %s after %s\n\n", version, libtensorflow.Version)
	pinned := string(source)
	var megabytes [2]string // of the CPU wheel, before and now
	for i, row := range rows.FindAllString(pinned, -1) {
		if i > 0 && cpuOnly {
			break
		}
		w, err := fetch(ctx, filepath.Join(work, fmt.Sprint(i)), row, version)
		if err != nil {
			return err
		}
		fmt.Printf("- `%s`, %d MB, SHA-256 `%s`\n", w.name, w.size/1e6, w.sha256)
		if i == 0 { // all wheels hold the same C API; that of the CPU is looked into
			c, err := open(w.path, work)
			if err != nil {
				return err
			}
			if pinned, err = c.compare(pinned); err != nil {
				return err
			}
			megabytes = [2]string{sizeOf(row), fmt.Sprintf("%d MB", w.size/1e6)}
		}
		pinned = strings.Replace(pinned, row, w.row(row), 1)
		if err := os.Remove(w.path); err != nil {
			return err
		}
	}
	constant := `const Version = "` + libtensorflow.Version + `"`
	pinned = strings.Replace(pinned, constant, strings.Replace(constant, libtensorflow.Version, version, 1), 1)
	if err := os.WriteFile(pinFile, []byte(pinned), 0o644); err != nil {
		return err
	}
	return rename(libtensorflow.Version, version, megabytes)
}

// named are the other files that name the release or the size of its wheel.
var named = []string{"README.md", "CONTRIBUTING.md", "Dockerfile", "docs/container.md", "docs/machines.md", "cli/runtime.go",
	"cli/testdata/script/usage.txtar", "internal/libtensorflow/*_test.go"}

// rename writes the new release, and the size of its wheel, into each file that names the old one.
func rename(from, to string, megabytes [2]string) error {
	replace := strings.NewReplacer(from, to, megabytes[0], megabytes[1])
	for _, pattern := range named {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			return fmt.Errorf("no file %s (%v)", pattern, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			if strings.HasSuffix(file, "cuda_test.go") {
				continue // it is about cuda.txt
			}
			if err := os.WriteFile(file, []byte(replace.Replace(string(text))), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// rows finds the wheels in pin.go, and the parts of each.
var rows = regexp.MustCompile(`(Wheel: +")([^"]+)(",\s+SHA256: +")([0-9a-f]{64})(",\s+Size: +)([0-9]+)`)

// wheel is one that was downloaded.
type wheel struct {
	path, name, sha256 string
	size               int64 // bytes
}

// fetch downloads the wheel that takes the place of the one in a row of pin.go.
func fetch(ctx context.Context, into, row, version string) (w wheel, err error) {
	before := rows.FindStringSubmatch(row)[2]
	project, _, _ := strings.Cut(before, "-")
	project = strings.ReplaceAll(project, "_", "-")
	machine := "x86_64"
	if strings.Contains(before, "aarch64") {
		machine = "aarch64"
	}
	args := []string{"--no-deps", project + "==" + version}
	for _, standard := range []string{"_2_17", "_2_27", "_2_28", "_2_34", "2014"} { // that wheels were built for, or may be
		args = append(args, "--platform", "manylinux"+standard+"_"+machine)
	}
	label := project + " " + version + " for " + machine
	options := pip.Options{Staging: into, Into: filepath.Join(into, "wheel"), Label: "downloading " + label,
		Offline: "there is no other way", Progress: func(line string) { fmt.Fprintln(os.Stderr, "bump: "+line) }}
	if err := pip.Download(ctx, options, args...); err != nil {
		return w, fmt.Errorf("%s: %w", label, err)
	}
	found, err := filepath.Glob(filepath.Join(options.Into, "*.whl"))
	if err != nil || len(found) != 1 {
		return w, fmt.Errorf("%s: pip fetched %d wheels, want 1 (%v)", label, len(found), err)
	}
	w.path, w.name = found[0], filepath.Base(found[0])
	w.sha256, w.size, err = pip.Sum(w.path)
	return w, err
}

// row returns the row of pin.go that pins the wheel instead of another.
func (w wheel) row(before string) string {
	return rows.ReplaceAllString(before, fmt.Sprintf("${1}%s${3}%s${5}%d", w.name, w.sha256, w.size))
}

// sizeOf returns the size in a row of pin.go as help and docs name it: "273 MB".
func sizeOf(row string) string {
	bytes := rows.FindStringSubmatch(row)[6]
	return bytes[:len(bytes)-6] + " MB"
}
