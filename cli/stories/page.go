package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// The fences of the blocks that are run.
const (
	open   = "```console"
	closed = "```"
)

// page is a page of docs/examples.
type page struct {
	path  string
	parts []part
}

// part is a command with what it prints, or the lines between two of them.
type part struct {
	line    int      // of the command, from 1
	command []string // "$ tfpair train …" and the lines that continue it; empty for text
	lines   []string // what the command prints, or the text
}

// parse reads a page. Every block of it is run.
func parse(path, text string) (page, error) {
	p := page{path: path}
	inside, continued := false, false
	for i, line := range strings.Split(text, "\n") {
		last := len(p.parts) - 1
		switch {
		case continued:
			p.parts[last].command = append(p.parts[last].command, line)
		case inside && strings.HasPrefix(line, "$ "):
			p.parts = append(p.parts, part{line: i + 1, command: []string{line}})
		case inside && line != closed:
			if last < 0 || p.parts[last].command == nil {
				return p, fmt.Errorf("%s:%d: output without a command, want a line that begins with $", path, i+1)
			}
			p.parts[last].lines = append(p.parts[last].lines, line)
		default:
			inside = line == open
			if last < 0 || p.parts[last].command != nil {
				p.parts = append(p.parts, part{line: i + 1})
				last++
			}
			p.parts[last].lines = append(p.parts[last].lines, line)
		}
		continued = inside && strings.HasSuffix(line, `\`) && (continued || strings.HasPrefix(line, "$ "))
	}
	if inside || len(p.commands()) == 0 {
		return p, fmt.Errorf("%s: want blocks that begin with %s and end with %s", path, open, closed)
	}
	return p, nil
}

// commands are what the page tells a shell, in order.
func (p page) commands() []string {
	var all []string
	for _, part := range p.parts {
		if part.command != nil {
			all = append(all, strings.TrimPrefix(strings.Join(part.command, "\n"), "$ "))
		}
	}
	return all
}

// shown finds the sheets that a page shows: NAME.jpg is what its commands write as NAME.png, made small.
var shown = regexp.MustCompile(`!\[[^]]*\]\(([^)/]+)\.jpg\)`)

// sheets are the names of the pictures that the page shows, without endings.
func (p page) sheets() []string {
	var names []string
	for _, part := range p.parts {
		if part.command == nil {
			for _, found := range shown.FindAllStringSubmatch(strings.Join(part.lines, "\n"), -1) {
				names = append(names, found[1])
			}
		}
	}
	return names
}

// write writes the page with what its commands printed, and the sheets that they wrote.
func (p page) write(folder string, got [][]string) error {
	var text []string
	for _, part := range p.parts {
		if part.command == nil {
			text = append(text, part.lines...)
			continue
		}
		text = append(append(text, part.command...), got[0]...)
		got = got[1:]
	}
	for _, name := range p.sheets() {
		small, err := smaller(filepath.Join(folder, name+".png"))
		if err != nil {
			return err
		}
		if err := writeJPEG(filepath.Join(filepath.Dir(p.path), name+".jpg"), small); err != nil {
			return err
		}
	}
	return os.WriteFile(p.path, []byte(strings.Join(text, "\n")), 0o644)
}

// compare returns an error that names each command that printed something else, and each sheet
// that is not as wide as the page's.
func (p page) compare(folder string, got [][]string) error {
	var failed error
	for _, part := range p.parts {
		if part.command == nil {
			continue
		}
		if !slices.EqualFunc(part.lines, got[0], alike) {
			failed = errors.Join(failed, fmt.Errorf("%s:%d: %s\nthe page shows:\n%s\nit printed:\n%s", p.path, part.line,
				strings.Join(part.command, "\n"), strings.Join(part.lines, "\n"), strings.Join(got[0], "\n")))
		}
		got = got[1:]
	}
	for _, name := range p.sheets() {
		failed = errors.Join(failed, sameWidth(filepath.Join(filepath.Dir(p.path), name+".jpg"), filepath.Join(folder, name+".png")))
	}
	return failed
}
