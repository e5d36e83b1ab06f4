// Package browser opens pages in a browser without a window, for tests:
//
//	address → Chromium runs the scripts of the page → what the page is then, and what the browser complained about
package browser

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"testing"
	"time"
)

// Open returns the page at an address once its scripts have run for so many milliseconds of the browser's own
// time, and what the browser said meanwhile: complaints of scripts have the word CONSOLE. Without a
// browser the test is skipped.
func Open(t *testing.T, address string, milliseconds int) (dom, log string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, find(t), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+t.TempDir(), "--enable-logging=stderr", fmt.Sprintf("--virtual-time-budget=%d", milliseconds), "--dump-dom", address)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if err := c.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", c.Path, err, said.String())
	}
	return out.String(), said.String()
}

// find returns the path of a browser.
func find(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no chromium, chromium-browser or google-chrome in PATH; .ci/chromium installs one")
	return ""
}
