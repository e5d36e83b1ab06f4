package dataset

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWriteListNames: names that a list could take for something else come back as they are, and what no
// list can hold is refused.
func TestWriteListNames(t *testing.T) {
	all := func(int32) bool { return true }
	names := []string{"#1.png", `#"2".png`, "a,b.png", "c;d.png", `e"f.png`, "plain.png", "g h.png", "ü.png"}
	folder := t.TempDir()
	d := &Dataset{Format: "labels", Classes: []string{"#class"}}
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		d.Images = append(d.Images, Image{Path: name, Split: Train})
	}
	var text strings.Builder
	if _, err := d.WriteList(&text, func(i int32) bool { return names[i] != "plain.png" }); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(folder, "list.csv")
	if err := os.WriteFile(list, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	back, err := Open(Options{Data: list})
	if err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	defer back.Close() // read only
	got := map[string]bool{}
	for _, image := range back.Images {
		got[image.Path] = true
	}
	for _, name := range names {
		if got[name] != (name != "plain.png") {
			t.Errorf("%s in the list: %v\n%s", name, got[name], text.String())
		}
	}
	for _, name := range []string{"a\nb.png", "a\rb.png", " a.png", "a.png "} {
		d.Images = []Image{{Path: name, Split: Train}}
		var refused *OptionsError
		if _, err := d.WriteList(&text, all); !errors.As(err, &refused) {
			t.Errorf("%q: %v, want an OptionsError", name, err)
		}
	}
}
