// Package golden reads the numbers that tests compare with: JSON that a script beside the file
// wrote with another implementation.
package golden

import (
	"encoding/json"
	"os"
	"testing"
)

// Read returns what the JSON file at path holds, or ends the test.
func Read[T any](t testing.TB, path string) T {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var g T
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return g
}
