package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// peer is a program that trains.
type peer struct {
	name string
	argv []string
}

// steppers returns the peers that make steps on request, installed.
func steppers(ctx context.Context, o options) ([]peer, error) {
	var list []peer
	for _, name := range o.peers {
		if name == "tfpair" {
			list = append(list, peer{name, []string{o.stepper}})
			continue
		}
		p, err := python(ctx, o, name)
		if err != nil {
			return nil, err
		}
		p.argv = append(p.argv, "step")
		list = append(list, p)
	}
	return list, nil
}

// python returns the peer bench/peers/NAME_siamese.py, its requirements installed.
func python(ctx context.Context, o options, name string) (peer, error) {
	if name != "keras" && name != "torch" {
		return peer{}, fmt.Errorf("peer %q: there are tfpair, keras and torch", name)
	}
	interpreter, err := environment(ctx, o, name)
	if err != nil {
		return peer{}, fmt.Errorf("install %s: %w", name, err)
	}
	script := filepath.Join("bench", "peers", name+"_siamese.py")
	return peer{name, []string{interpreter, script}}, nil
}

// environment returns the interpreter of a virtual environment that holds
// bench/requirements-NAME.txt. Its folder is named after their digest, and counts as made
// when it holds a file "ready".
func environment(ctx context.Context, o options, name string) (string, error) {
	requirements := filepath.Join("bench", "requirements-"+name+".txt")
	data, err := os.ReadFile(requirements)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := fmt.Sprintf("%s-%.6x", name, sha256.Sum256(data))
	folder = filepath.Join(cache, "tfpair", "bench", folder)
	interpreter := filepath.Join(folder, "bin", "python")
	ready := filepath.Join(folder, "ready")
	if _, err := os.Stat(ready); err == nil {
		return interpreter, nil
	}
	fmt.Fprintf(o.out, "installing %s into %s\n", requirements, folder)
	for _, argv := range [][]string{
		{o.python, "-m", "venv", "--clear", folder},
		{interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
			"-r", requirements},
	} {
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, tail(string(out)))
		}
	}
	return interpreter, os.WriteFile(ready, nil, 0o644)
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

// tail returns the last lines of a program's complaint.
func tail(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
