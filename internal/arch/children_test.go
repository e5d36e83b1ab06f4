package arch

import (
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
)

// children lists the files that start other programs, and why a program or a module of the current
// folder, which may be a stranger's, is not run.
var children = map[string]string{
	"internal/pip/pip.go":                          "python3 -I in a folder of its own; a test puts pip.py, ssl.py and python3 beside pictures",
	"internal/libtensorflow/stub.go":               "cc and strip in a folder of its own; a test puts them beside pictures",
	"models/postgres/postgrestest/postgrestest.go": "PostgreSQL by its whole path, in a folder of its own; for tests, not in the program",
	"internal/venv/venv.go":                        "python3 -I; for tests and benchmarks, not in the program",
	"internal/browser/browser.go":                  "a browser from PATH, which os/exec does not take from the current folder; for tests and benchmarks, not in the program",
	"models/isolated.go":                           "the program that its caller names: of tfpair serve its own, by its whole path",
	"cli/cluster.go":                               "tfpair itself, by its whole path",
	"cli/tfpair-env/main.go":                       "go env, which os/exec does not take from the current folder; a test puts one there",
	"internal/tracer/tracer.go":                    "the program under test, which its caller has found; by hand, not in the program",
	"cli/faults/campaign.go":                       "go build of this module and the program that it made; by hand, not in the program",
	"cli/stories/play.go":                          "bash, which os/exec does not take from the current folder, in a folder of its own; in CI, not in the program",
}

var (
	starts   = regexp.MustCompile(`exec\.Command(Context)?\(|os\.StartProcess\(|syscall\.(ForkExec|Exec)\(`)
	isolated = regexp.MustCompile(`\bpython3?\b[^|;&"]* -m `)
)

// TestChildrenAreListed: whoever starts another program says why nothing of the current folder runs.
func TestChildrenAreListed(t *testing.T) {
	list := exec.Command("git", "ls-files", "*.go", "*.sh", ".ci", "Makefile", "Dockerfile", ":!bench", ":!testdata")
	list.Dir = "../.."
	files, err := list.Output()
	if err != nil {
		t.Skipf("this is no checkout: %v", err)
	}
	found := map[string]bool{}
	for name := range strings.Lines(string(files)) {
		name = strings.TrimSpace(name)
		text, err := os.ReadFile(path.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, ".go") {
			if call := isolated.FindString(string(text)); call != "" && !strings.Contains(call, " -I ") {
				t.Errorf("%s runs %q: add -I, or a module of the current folder takes the place of the one that is meant", name, call)
			}
			continue
		}
		if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "names_gen.go") || !starts.Match(text) {
			continue
		}
		found[name] = true
		if _, ok := children[name]; !ok {
			t.Errorf("%s starts a program: add it to the list, with the reason why nothing of the current folder runs", name)
		}
	}
	for name := range children {
		if !found[name] {
			t.Errorf("%s starts nothing any more: take it out of the list", name)
		}
	}
}
