package arch

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDependenciesDocumented: docs/dependencies.md tells of each module that go.mod requires directly.
func TestDependenciesDocumented(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	requires := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(string(mod), -1)
	if len(requires) == 0 {
		t.Fatal("go.mod requires nothing")
	}
	for _, r := range requires {
		name := strings.TrimPrefix(r[1], "golang.org/x/") // one row has all of them
		if !strings.Contains(string(page), name) {
			t.Errorf("docs/dependencies.md does not tell of %s", r[1])
		}
	}
}
