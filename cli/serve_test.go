package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/urfave/cli/v2"
)

// served MODEL FLAGS…: tfpair serve answers with the model, to a picture of it, and ends with exit code 0 at
// SIGTERM. Its output is in the files stdout.txt and stderr.txt.
func servedCommand(ts *testscript.TestScript, _ bool, args []string) {
	flags := []string{"serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--grace", "10ms", "--model"}
	c := exec.Command("tfpair", slices.Concat(flags, args)...)
	path, err := exec.LookPath("tfpair") // testscript has put it there
	ts.Check(err)
	c.Path, c.Dir = path, ts.Getenv("WORK")
	c.Env = append(os.Environ(), "TFPAIR_RUNTIME="+ts.Getenv("TFPAIR_RUNTIME"))
	var said, printed bytes.Buffer
	c.Stderr = &said
	pipe, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }() // both fail where it has ended
	timer := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	ready := regexp.MustCompile(`^ready +(\S+)`)
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		printed.WriteString(lines.Text() + "\n")
		if at := ready.FindStringSubmatch(lines.Text()); at != nil {
			askServed(ts, at[1])
			ts.Check(c.Process.Signal(syscall.SIGTERM))
		}
	}
	err = c.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("stdout.txt"), printed.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("stderr.txt"), said.Bytes(), 0o600))
	if err != nil {
		ts.Fatalf("tfpair serve ends with %v:\n%s%s", err, &printed, &said)
	}
}

// askServed asks for the embedding of a picture of the demo, and for the nearest ones.
func askServed(ts *testscript.TestScript, at string) {
	for path, want := range map[string]string{"/v1/embed": `"embeddings":[[`, "/v1/search?k=1": `"id":`, "/metrics": "tfpair_model_info"} {
		method, file := http.MethodPost, []byte(ts.ReadFile("demo/pictures/test/house/000.png"))
		if path == "/metrics" {
			method, file = http.MethodGet, nil
		}
		request, err := http.NewRequest(method, at+path, bytes.NewReader(file))
		ts.Check(err)
		r, err := http.DefaultClient.Do(request)
		ts.Check(err)
		body, err := io.ReadAll(r.Body)
		ts.Check(err)
		_ = r.Body.Close()
		if r.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(want)) {
			ts.Fatalf("%s: %d %.300s, want %q", path, r.StatusCode, body, want)
		}
	}
}

// TestServeDocs: docs/serve.md has a row for each flag that is about limits, with its variable and its default.
func TestServeDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/serve.md")
	if err != nil {
		t.Fatal(err)
	}
	var o serveLimits
	c := &cli.Command{}
	o.addFlags(c)
	var rows strings.Builder
	for _, f := range c.Flags {
		of := f.(cli.DocGenerationFlag)
		fmt.Fprintf(&rows, "| `--%s` | `%s` | %s | %s |\n", f.Names()[0], variableOf(f), of.GetValue(), strings.ReplaceAll(of.GetUsage(), "`", ""))
	}
	if !strings.Contains(string(text), rows.String()) {
		t.Errorf("docs/serve.md lacks the rows\n%s", &rows)
	}
}

// TestServeVariables: each flag is also set by a variable of the environment.
func TestServeVariables(t *testing.T) {
	for _, f := range newServeCommand(IO{}).Flags {
		of, ok := f.(cli.DocGenerationFlag)
		if want := variableOf(f); !ok || !slices.Equal(of.GetEnvVars(), []string{want}) {
			t.Errorf("--%s is not set by %s alone: %q", f.Names()[0], want, of.GetEnvVars())
		}
	}
}

// TestReached: a client on this machine gets an address that answers it.
func TestReached(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0:80": "localhost:80", "[::]:8080": "localhost:8080", "127.0.0.1:9000": "localhost:9000",
		"10.0.0.7:8080": "10.0.0.7:8080", "[fd00::1]:8080": "[fd00::1]:8080",
	} {
		if got := reached(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address))); got != want {
			t.Errorf("%s is reached at %s, want %s", address, got, want)
		}
	}
}
