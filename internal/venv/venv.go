// Package venv makes Python environments of pinned packages, once per user: for what
// compares this project with Python, never for what users run.
//
//	requirements file → digest → folder in the user's cache → interpreter
package venv

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Options say what an environment holds.
type Options struct {
	Python       string       // interpreter that makes it; "" is "python3"
	Requirements string       // file that pip installs from
	Name         string       // begins the name of its folder
	Say          func(string) // hears that something is installed; may be nil
}

// Make returns the interpreter of the environment that o describes. Its folder is named
// after the digest of the requirements, so that it is made anew when they change, and it
// counts as made when it holds a file "ready".
func Make(ctx context.Context, o Options) (interpreter string, err error) {
	data, err := os.ReadFile(o.Requirements)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := fmt.Sprintf("%s-%.6x", o.Name, sha256.Sum256(data))
	folder = filepath.Join(cache, "tfpair", "bench", folder)
	interpreter = filepath.Join(folder, "bin", "python")
	ready := filepath.Join(folder, "ready")
	if _, err := os.Stat(ready); err == nil {
		return interpreter, nil
	}
	if o.Say != nil {
		o.Say(fmt.Sprintf("installing %s into %s", o.Requirements, folder))
	}
	if o.Python == "" {
		o.Python = "python3"
	}
	for _, argv := range [][]string{
		{o.Python, "-I", "-m", "venv", "--clear", folder},
		{interpreter, "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
			"-r", o.Requirements},
	} {
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%s: %w\n%s", strings.Join(argv, " "), err, Tail(string(out)))
		}
	}
	return interpreter, os.WriteFile(ready, nil, 0o644)
}

// Tail returns the last lines of a program's complaint.
func Tail(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}
