package serve

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tfpair/tfpair/models/modelstest"
)

func TestTokens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	write := func(text string, after time.Duration) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	for text, says := range map[string]string{"": "no token", "# none\n\n": "no token", "# a\nshort": ":2: a token of 5 bytes"} {
		write(text, 0)
		if _, err := ReadTokens(path, nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("ReadTokens of %q = %v, want %q", text, err, says)
		}
	}
	write("# of the shop\n0123456789abcdef\n", 0)
	var log bytes.Buffer
	tokens, err := ReadTokens(path, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}, Tokens: tokens})
	status := func(path, header string, want int) {
		t.Helper()
		tokens.mu.Lock()
		tokens.looked = time.Time{}
		tokens.mu.Unlock()
		if w := ask(s, "GET", path, "", nil, "Authorization", header); w.Code != want {
			t.Errorf("%s with %q: %d, want %d", path, header, w.Code, want)
		}
	}
	for header, want := range map[string]int{"": 401, "Bearer": 401, "Bearer 0123456789abcdeF": 401, "Basic 0123456789abcdef": 401,
		"Bearer # of the shop": 401, "Bearer 0123456789abcdef": 200, "bearer 0123456789abcdef": 200} {
		status("/v1/models", header, want)
	}
	status("/metrics", "", 401)
	status("/readyz", "", 200)
	write("fedcba9876543210\n", time.Minute)
	status("/v1/models", "Bearer 0123456789abcdef", 401)
	status("/v1/models", "Bearer fedcba9876543210", 200)
	for range 3 {
		write("short", 2*time.Minute) // cannot be used, so nothing changes
		status("/v1/models", "Bearer fedcba9876543210", 200)
	}
	if got := strings.Count(log.String(), "a token of 5 bytes"); got != 1 {
		t.Errorf("the log says %d times what is wrong, want once:\n%s", got, &log)
	}
}

// TestTokensReplaced: a token that is taken out while the file is read is not known for long.
func TestTokensReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	n := 0
	replace := func() (err error) {
		for range 10 { // one of them in the middle of reading; each has another length
			n++
			next := fmt.Sprintf("%s.%d", path, n)
			err = errors.Join(err, os.WriteFile(next, fmt.Appendf(nil, "%s0123456789abcdef%d\n", strings.Repeat("#\n", n), n), 0o600), os.Rename(next, path))
		}
		return err
	}
	if err := replace(); err != nil {
		t.Fatal(err)
	}
	tokens, err := ReadTokens(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		done := make(chan error)
		go func() { done <- replace() }()
		for running := true; running; {
			select {
			case err := <-done:
				if err != nil {
					t.Fatal(err)
				}
				running = false
			default:
				tokens.looked = time.Time{}
				tokens.knows("")
			}
		}
		tokens.looked = time.Time{}
		if token := fmt.Sprintf("0123456789abcdef%d", n); !tokens.knows(token) {
			t.Fatalf("the %d. file is not read", n)
		}
	}
}

// TestLogOfProbes: what is asked every few seconds writes no line, unless a scrape is refused: nobody else says why.
func TestLogOfProbes(t *testing.T) {
	path, b := filepath.Join(t.TempDir(), "tokens"), &bytes.Buffer{}
	if err := os.WriteFile(path, []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tokens, err := ReadTokens(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := started(t, Config{Models: []Source{fake(t, "photos", &modelstest.Model{})}, Tokens: tokens, Log: slog.New(slog.NewTextHandler(b, nil))})
	b.Reset()
	for _, path := range []string{"/livez", "/readyz", "/startupz", "/metrics", "/v2/health/ready"} {
		if w := ask(s, "GET", path, "", nil, "Authorization", "Bearer 0123456789abcdef"); w.Code != 200 || b.Len() > 0 {
			t.Errorf("%s: %d, and the log says %q", path, w.Code, b)
		}
		b.Reset()
	}
	if w := ask(s, "GET", "/metrics", "", nil); w.Code != 401 || !strings.Contains(b.String(), "status=401") {
		t.Errorf("a scrape without a token: %d, and the log says %q", w.Code, b)
	}
}
