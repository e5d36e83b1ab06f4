// Package browser opens pages in a browser without a window, for tests and measurements:
//
//	address → Chromium runs the scripts of the page → what the page is then, and what the browser complained about
package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"testing"
	"time"
)

// Open returns the page at an address once its scripts have run for so many milliseconds of the browser's own
// time, and what the browser said meanwhile: complaints of scripts have the word CONSOLE. Without a
// browser the test is skipped.
func Open(t *testing.T, address string, milliseconds int) (dom, log string) {
	t.Helper()
	path, err := Path()
	if err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, said bytes.Buffer
	c := command(ctx, path, t.TempDir(), &said, fmt.Sprintf("--virtual-time-budget=%d", milliseconds), "--dump-dom", address)
	c.Stdout = &out
	if err := c.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", c.Path, err, said.String())
	}
	return out.String(), said.String()
}

// command returns a browser without a window, whose profile lies in a folder and whose complaints go to said.
func command(ctx context.Context, path, profile string, said io.Writer, arguments ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, path, append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir=" + profile, "--enable-logging=stderr"}, arguments...)...)
	c.Stderr, c.WaitDelay = said, 10*time.Second
	return c
}

// Path returns the path of a browser.
func Path() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no chromium, chromium-browser or google-chrome in PATH; .ci/chromium installs one")
}
