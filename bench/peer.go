package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tfpair/tfpair/internal/venv"
)

// peer is a program that trains.
type peer struct {
	name string
	argv []string
}

// peers returns those that make steps of r's program on request, installed.
func (r turns) peers(ctx context.Context, o options) ([]peer, error) {
	program := cmp.Or(r.program, r.work)
	var list []peer
	for _, name := range o.peers {
		if name == "tfpair" {
			list = append(list, peer{name, []string{o.stepper, program}})
			continue
		}
		p, err := python(ctx, o, name, program)
		if err != nil {
			return nil, err
		}
		p.argv = append(p.argv, r.arguments...)
		list = append(list, p)
	}
	return list, nil
}

// python returns the peer peers/NAME_PROGRAM.py, its requirements installed.
func python(ctx context.Context, o options, name, program string) (peer, error) {
	script := filepath.Join("peers", name+"_"+program+".py")
	if _, err := os.Stat(script); err != nil {
		return peer{}, fmt.Errorf("peer %q does not take part in this: %w", name, err)
	}
	interpreter, err := environment(ctx, o, name)
	if err != nil {
		return peer{}, fmt.Errorf("install %s: %w", name, err)
	}
	return peer{name, []string{interpreter, script}}, nil
}

// environment returns the interpreter of an environment that holds requirements-NAME.txt.
func environment(ctx context.Context, o options, name string) (string, error) {
	requirements := "requirements-" + name + ".txt"
	text, err := os.ReadFile(requirements)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if pkg, version, ok := strings.Cut(strings.TrimSpace(line), "=="); ok && o.versions != nil {
			o.versions[pkg] = version
		}
	}
	return venv.Make(ctx, venv.Options{
		Python:       o.python,
		Requirements: requirements,
		Name:         name,
		Say:          func(text string) { fmt.Fprintln(o.out, text) },
	})
}

// line is what all lines that a peer prints have in common.
type line struct {
	Event string `json:"event"`
}

// decode decodes the JSON object that a peer printed, if it is one of the given event.
func decode(text []byte, event string, into any) (bool, error) {
	var head line
	if json.Unmarshal(text, &head) != nil || head.Event != event {
		return false, nil // chatter, or news of another kind
	}
	if err := json.Unmarshal(text, into); err != nil {
		return false, fmt.Errorf("event %q: %w", event, err)
	}
	return true, nil
}
