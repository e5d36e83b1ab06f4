package main

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestAlike: what two machines may print for one command, and what they may not.
func TestAlike(t *testing.T) {
	for _, c := range []struct {
		want, got string
		alike     bool
	}{
		{"auc  0.9159  0.8819 – 0.9407  nearer", "auc 0.9301 0.90 – 0.95 nearer", true},
		{"auc 0.9159", "auc 0.7", false}, // further than 0.05 + 0.1·0.9159
		{"46.5 % of pairs (37.7 – 55.6 %)", "41.2 % of pairs (31.2 – 51.9 %)", true},
		{"46.5 % of pairs (37.7 – 55.6 %)", "41.2 % of pairs (27.6 – 51.9 %)", false},
		{"right for 83.0 % of pairs", "right for 92.9 % of pairs", true},
		{"right for 83.0 % of pairs", "right for 93.1 % of pairs", false},
		{"383 pairs", "384 pairs", false},
		{"1,900 same", "1,901 same", false},
		{"in 10 classes, 631 images/s", "in 10 classes, 97 images/s", true},
		{"1 distance 0.04 ring ring/07.png", "1 distance 0.06 ring ring/11.png", true},
		{"1 distance 0.04 ring ring/07.png", "1 distance 0.06 tee tee/07.png", false},
		{"differ by 3e-07", "differ by 4.1e-07", true},
		{"----", "------", true},
		{"same  distance 0.5", "different  distance 0.5", false},
		{"a b", "a b c", false},
	} {
		if got := alike(c.want, c.got); got != c.alike {
			t.Errorf("alike(%q, %q) = %v, want %v", c.want, c.got, got, c.alike)
		}
	}
}

const story = "# T\n\n```console\n$ echo a \\\n    b\na b\n$ echo 2 pairs >&2; cp in.png out.png\n2 pairs\n```\n\n![x](out.jpg)\n"

// TestStory: a page is written as its commands print it, and then compares well; one that says
// something else is named with its line.
func TestStory(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "in.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "t.md")
	p, err := parse(path, strings.ReplaceAll(story, "\na b\n", "\nold\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := play(t.Context(), dir, dir, p.commands())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.write(dir, got); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || string(text) != story {
		t.Fatalf("wrote %q, %v; want %q", text, err, story)
	}
	if p, err = parse(path, story); err != nil {
		t.Fatal(err)
	}
	if err := p.compare(dir, got); err != nil {
		t.Error(err)
	}
	if p, err = parse(path, strings.ReplaceAll(story, "\n2 pairs\n", "\n3 pairs\n")); err != nil {
		t.Fatal(err)
	}
	if err := p.compare(dir, got); err == nil || !strings.HasPrefix(err.Error(), path+":7: $ echo 2") {
		t.Errorf("compare = %v, want line 7 of %s named", err, path)
	}
}

// TestPlayFails: a command that fails ends a story, and is shown with its exit code.
func TestPlayFails(t *testing.T) {
	_, err := play(t.Context(), t.TempDir(), "/", []string{"true", "echo why; false", "touch after"})
	if err == nil || !strings.Contains(err.Error(), "$ echo why; false\nwhy\nexit code 1") {
		t.Errorf("play = %v, want the command, what it printed, and exit code 1", err)
	}
}

// TestPages: each page of docs/examples has a set of pictures, and the list of stories names it.
func TestPages(t *testing.T) {
	pages, err := filepath.Glob("../../docs/examples/*.md")
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile("../../docs/examples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	pages = slices.DeleteFunc(pages, func(p string) bool { return filepath.Base(p) == "README.md" })
	if len(pages) != 5 {
		t.Errorf("%d stories, want 5", len(pages))
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parse(page, string(text)); err != nil {
			t.Error(err)
		}
		if lines := strings.Count(string(text), "\n"); lines > 60 {
			t.Errorf("%s has %d lines, want one screen: at most 60", page, lines)
		}
		if !strings.Contains(string(list), "("+filepath.Base(page)+")") {
			t.Errorf("docs/examples/README.md does not name %s", page)
		}
	}
}
