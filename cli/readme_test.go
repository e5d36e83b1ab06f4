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
	shows(t, "../docs/service.md", "go", "../testdata/service/main.go", "../testdata/service/nearest/main.go")
}

// TestFromKerasDocs: the page shows the program that make proof-keras runs.
func TestFromKerasDocs(t *testing.T) {
	shows(t, "../docs/from-keras.md", "python", "../testdata/proof/from_keras.py")
}

// TestFromPMLDocs: the page shows the program that make proof-torch runs.
func TestFromPMLDocs(t *testing.T) {
	shows(t, "../docs/from-pytorch-metric-learning.md", "python", "../testdata/proof/from_pml.py")
}

// shows checks that a page has programs as they are, in blocks of their language.
func shows(t *testing.T, page, language string, programs ...string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range programs {
		program, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "```"+language+"\n"+string(program)+"```\n") {
			t.Errorf("%s does not show %s as it is", page, path)
		}
	}
}
