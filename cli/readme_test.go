package cli

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestReadmeList: the README's table names what the tables have.
func TestReadmeList(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	names := map[string][]string{}
	for _, e := range entries() {
		if e.Kind == "preset" {
			continue
		}
		if names[e.Kind] == nil {
			kinds = append(kinds, e.Kind)
		}
		names[e.Kind] = append(names[e.Kind], e.Name)
	}
	for _, kind := range kinds {
		row := fmt.Sprintf("| %s | %s |\n", kind, strings.Join(names[kind], ", "))
		if !strings.Contains(string(text), row) {
			t.Errorf("README.md lacks the row\n%s", row)
		}
	}
	if lines := strings.Count(string(text), "\n"); lines > 200 {
		t.Errorf("README.md has %d lines, want at most 200", lines)
	}
}

// TestServiceDocs: the page shows the programs that are compiled and tested.
func TestServiceDocs(t *testing.T) {
	page, err := os.ReadFile("../docs/service.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"main.go", "nearest/main.go"} {
		program, err := os.ReadFile("../testdata/service/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(page), "```go\n"+string(program)+"```\n") {
			t.Errorf("docs/service.md does not show testdata/service/%s as it is", name)
		}
	}
}

// TestFromKerasDocs: the page shows the program that make proof-keras runs.
func TestFromKerasDocs(t *testing.T) {
	page, err := os.ReadFile("../docs/from-keras.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("../testdata/proof/from_keras.py")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```python\n"+string(program)+"```\n") {
		t.Error("docs/from-keras.md does not show testdata/proof/from_keras.py as it is")
	}
}
