//go:build linux && amd64 && tensorflow

package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"hash/fnv"
	draw "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tfpair/tfpair/internal/libtensorflow"
	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/internal/tracer"
)

// campaign is a series of faults.
type campaign struct {
	options
	ctx     context.Context
	work    string // folder of all that is made
	runtime string // folder of the TensorFlow runtime
	// installer is a program that takes a tiny wheel for that of the runtime; see tinyWheel.
	installer string

	mu    sync.Mutex
	count int      // of folders that were made
	rows  []row    // of the report
	wrong []string // what went wrong, in words
}

// row is a line of the report: faults of one kind in one scenario.
type row struct {
	scenario, part string
	cases, wrong   int
	note           string
}

// limit is how long a command may take. It takes a second or two on an idle machine.
const limit = 2 * time.Minute

// at is the path of something in the work folder.
func (c *campaign) at(names ...string) string {
	return filepath.Join(append([]string{c.work}, names...)...)
}

// clean removes what was made, unless it is to be looked at.
func (c *campaign) clean() {
	if c.keep && len(c.wrong) > 0 {
		fmt.Fprintf(os.Stderr, "what went wrong lies in %s\n", c.work)
		return
	}
	os.RemoveAll(c.work)
}

// command runs a tool in the module.
func (c *campaign) command(name string, args ...string) error {
	cmd := exec.CommandContext(c.ctx, name, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// stage makes what scenarios need.
func (c *campaign) stage() error {
	stage := c.at("stage")
	if err := sample.Write(filepath.Join(stage, "data"), sample.Options{Classes: 3, Train: 6, Test: 3, Size: 16}); err != nil {
		return err
	}
	for name, text := range props {
		if err := os.WriteFile(filepath.Join(stage, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	if err := os.Mkdir(filepath.Join(stage, "tmp"), 0o755); err != nil {
		return err
	}
	if err := errors.Join(c.copies(stage), writeKey(filepath.Join(stage, "key.pem"))); err != nil {
		return err
	}
	for _, line := range scenery {
		if end := c.runs(stage, scenario{args: line}); end.code != 0 {
			return fmt.Errorf("tfpair %s: exit code %d\n%s", line, end.code, end.stderr)
		}
	}
	cached := filepath.Join(cacheFolder(), "tfpair", "weights", "efficientnet-lite0-57934424.pth")
	if err := copyFile(cached, filepath.Join(stage, "weights.pth")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// copies makes a folder of pictures in which some are there twice.
func (c *campaign) copies(stage string) error {
	folder := filepath.Join(stage, "copies")
	if err := copyTree(filepath.Join(stage, "data", "train"), folder); err != nil {
		return err
	}
	for i := range 3 {
		name := fmt.Sprintf("%03d.png", i)
		if err := copyFile(filepath.Join(folder, "arrow", name), filepath.Join(folder, "bars", "again-"+name)); err != nil {
			return err
		}
	}
	return nil
}

// writeKey writes a new private key, as openssl does.
func writeKey(path string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	text, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: text}), 0o600)
}

func cacheFolder() string {
	folder, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return folder
}

// set makes a folder with what a scenario needs, for one case.
func (c *campaign) set(s scenario) (string, error) {
	c.mu.Lock()
	c.count++
	folder := c.at(fmt.Sprintf("case-%06d", c.count))
	c.mu.Unlock()
	if err := os.MkdirAll(filepath.Join(folder, "tmp"), 0o755); err != nil {
		return "", err
	}
	for _, name := range s.needs {
		if err := copyTree(c.at("stage", name), filepath.Join(folder, name)); err != nil {
			return "", err
		}
	}
	if s.first != "" {
		if end := c.runs(folder, scenario{args: s.first}); end.code != 0 {
			return "", fmt.Errorf("tfpair %s: exit code %d\n%s", s.first, end.code, end.stderr)
		}
	}
	return folder, nil
}

// copyTree copies a file or a folder.
func copyTree(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(to, os.DirFS(from))
	}
	return copyFile(from, to)
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}

// ending is how a command ended.
type ending struct {
	code   int // -1: by a signal
	stderr string
	took   time.Duration
}

// cacheName is the user's cache in the folder of a case, where there is one.
const cacheName = "cache"

// environment is that of the command of a scenario. Its temporary files lie in the folder, too, and so
// does a runtime that it installs.
func (c *campaign) environment(folder string, s scenario) []string {
	runtime := c.runtime
	if s.installs {
		runtime = filepath.Join(folder, "runtime")
	}
	list := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LANG=C.UTF-8",
		"TMPDIR=" + filepath.Join(folder, "tmp"), libtensorflow.FolderVariable + "=" + runtime,
		"PIP_NO_INDEX=1", "PIP_FIND_LINKS=" + filepath.Join(folder, "wheels"),
		"TF_CPP_MIN_LOG_LEVEL=3", "OMP_NUM_THREADS=1", "GODEBUG=asyncpreemptoff=1"}
	if s.remembers {
		list = append(list, "XDG_CACHE_HOME="+filepath.Join(folder, cacheName))
	}
	return list
}

// program is the program that a scenario runs.
func (c *campaign) program(s scenario) string {
	if s.installs {
		return c.installer
	}
	return c.binary
}

// runs runs the command of a scenario in a folder, undisturbed. The thread that starts it does nothing else until it
// has ended: a tracer on that thread would take its end for that of a process of its own.
func (c *campaign) runs(folder string, s scenario) ending {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithTimeout(c.ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.program(s), s.arguments()...)
	cmd.Dir, cmd.Env = folder, c.environment(folder, s)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if s.stdout != "" {
		out, err := os.Create(filepath.Join(folder, s.stdout))
		if err != nil {
			return ending{code: -1, stderr: err.Error()}
		}
		defer out.Close()
		cmd.Stdout = out
	}
	start := time.Now()
	err := cmd.Run()
	end := ending{code: cmd.ProcessState.ExitCode(), stderr: stderr.String(), took: time.Since(start)}
	if err != nil && end.stderr == "" {
		end.stderr = err.Error()
	}
	return end
}

// traced runs the command of a scenario in a folder, and has decide meddle with it. It is
// killed after a time, if that is not 0.
func (c *campaign) traced(folder string, s scenario, command tracer.Command) (tracer.Result, string, error) {
	command.Path, command.Args = c.program(s), s.arguments()
	command.Dir, command.Env, command.Below = folder, c.environment(folder, s), folder
	if command.Timeout == 0 {
		command.Timeout = limit
	}
	stderr, err := os.CreateTemp(c.work, "stderr-")
	if err != nil {
		return tracer.Result{}, "", err
	}
	defer os.RemoveAll(stderr.Name())
	defer stderr.Close()
	command.Stderr = stderr
	if s.stdout != "" {
		out, err := os.Create(filepath.Join(folder, s.stdout))
		if err != nil {
			return tracer.Result{}, "", err
		}
		defer out.Close()
		command.Stdout = out
	}
	result, err := tracer.Run(command)
	text, readErr := os.ReadFile(stderr.Name())
	return result, string(text), errors.Join(err, readErr)
}

// each runs cases, several at once, and stops at the first error.
func (c *campaign) each(cases []func() error) error {
	queue := make(chan func() error)
	failed := make(chan error, c.jobs)
	var group sync.WaitGroup
	for range c.jobs {
		group.Go(func() {
			var first error
			for work := range queue {
				if first == nil && c.ctx.Err() == nil {
					first = work()
				}
			}
			failed <- first
		})
	}
	for _, work := range cases {
		queue <- work
	}
	close(queue)
	group.Wait()
	close(failed)
	errs := []error{c.ctx.Err()}
	for err := range failed {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// draw returns the source of what is drawn for one purpose: equal seeds draw the same.
func (c *campaign) draw(purpose string) *draw.Rand {
	h := fnv.New64()
	fmt.Fprint(h, purpose)
	return draw.New(draw.NewPCG(c.seed, h.Sum64()))
}

// share is one of several equal shares of a campaign; the zero value is the whole of it.
type share struct{ part, of int }

// String returns the form that Set reads.
func (s share) String() string {
	if s.of == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.part, s.of)
}

// Set reads a share: 2/8 is the second of eight.
func (s *share) Set(text string) error {
	part, of, _ := strings.Cut(text, "/")
	var err error
	if s.part, err = strconv.Atoi(part); err == nil {
		s.of, err = strconv.Atoi(of)
	}
	if err != nil || s.part < 1 || s.part > s.of {
		return fmt.Errorf("want I/N with 1 <= I <= N, such as 2/8")
	}
	return nil
}

// shared returns what of a list is in a share: every entry is in exactly one share.
func shared[T any](s share, list []T) []T {
	var kept []T
	for i, v := range list {
		if s.of == 0 || i%s.of == s.part-1 {
			kept = append(kept, v)
		}
	}
	return kept
}

// some keeps n of a list in quick campaigns, drawn for a purpose.
func some[T any](c *campaign, purpose string, n int, list []T) []T {
	if !c.quick || len(list) <= n {
		return list
	}
	picked := make([]T, n)
	for i, at := range c.draw(purpose).Perm(len(list))[:n] {
		picked[i] = list[at]
	}
	return picked
}
