package main

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"
)

// TestPhotos: the planted copies are found, and nothing else, by both commands.
func TestPhotos(t *testing.T) {
	o := options{photos: 200, results: filepath.Join(t.TempDir(), "results"), out: &bytes.Buffer{}}
	if err := o.build(context.Background(), []string{"tfpair"}); err != nil {
		t.Fatal(err)
	}
	if err := photos(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	r, err := openResults(o, "photos")
	if err != nil {
		t.Fatal(err)
	}
	var p photosLooked
	if done, err := r.get("photos/200", &p); !done || err != nil {
		t.Fatalf("row photos/200: there %v, error %v", done, err)
	}
	if p.Planted != 2 || p.Duplicates.Copies != 2 || p.Check.Copies != 2 || p.Bytes == 0 {
		t.Errorf("of %d copies in %d bytes duplicates found %d and check %d; want 2 by both",
			p.Planted, p.Bytes, p.Duplicates.Copies, p.Check.Copies)
	}
	if p.Duplicates.Runs[1].Peak <= 0 || p.Check.Runs[0].Processor <= 0 {
		t.Errorf("measured %+v, want memory and processor time", p)
	}
}
