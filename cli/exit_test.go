package cli

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestExitDocs: docs/scripting.md has the table of exit.go, row for row.
func TestExitDocs(t *testing.T) {
	text, err := os.ReadFile("../docs/scripting.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "| code | meaning |\n|---|---|\n")
	got, _, _ := strings.Cut(after, "\n\n")
	var want []string
	for _, c := range exitCodes {
		want = append(want, fmt.Sprintf("| %d | %s |", c.code, c.meaning))
	}
	if got != strings.Join(want, "\n") {
		t.Errorf("docs/scripting.md has\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}
