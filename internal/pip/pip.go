// Package pip downloads Python packages as files, with the pip of the machine: it knows
// the user's index, proxy and certificates. Nothing is installed.
//
//	requirements → python3 -I -m pip download → wheels in a folder
package pip

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options say where Download works and whom it tells.
type Options struct {
	Staging  string            // folder for its temporary files
	Into     string            // folder that the wheels appear in; made
	Label    string            // what is downloaded, as Progress is told: "downloading x (3 MB)"
	Offline  string            // what to do on a machine without pip, for the error
	Progress func(line string) // told what happens, one line at a time
}

// Download fetches what args name, options and requirements as pip download takes them, and
// says every few seconds how much has arrived.
func Download(ctx context.Context, o Options, args ...string) error {
	temp, err := filepath.Abs(filepath.Join(o.Staging, "pip"))
	if err != nil {
		return err
	}
	if o.Into, err = filepath.Abs(o.Into); err != nil {
		return err
	}
	for _, folder := range []string{temp, o.Into} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	// Isolated (-I), and in a folder of ours: a pip.py or ssl.py beside downloaded pictures must
	// not run. pip's own settings, index and proxy, still count.
	common := []string{"-I", "-m", "pip", "download", "--disable-pip-version-check", "--no-input",
		"--only-binary=:all:", "--python-version", "3.11", "--dest", o.Into}
	cmd := exec.CommandContext(ctx, "python3", slices.Concat(common, args)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	cmd.Dir = temp
	cmd.WaitDelay = 5 * time.Second
	o.Progress(o.Label)
	stop := watch(temp, o.Label, o.Progress)
	out, err := cmd.CombinedOutput()
	stop()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrDot):
		return errors.New("python3 is not run: PATH finds it in the current folder, whose files may be " +
			"a stranger's; take \".\" and other relative folders out of PATH")
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("python3 with pip is needed to download; without it, " + o.Offline)
	}
	return fmt.Errorf("pip: %w:\n%s", err, complaint(string(out), 6))
}

// watch reports the bytes below a folder every few seconds until stop is called.
func watch(folder, label string, progress func(string)) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(3 * time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-quit:
				return
			case <-ticker.C:
				progress(fmt.Sprintf("%s: %d MB so far", label, treeSize(folder)/1e6))
			}
		}
	}()
	return func() { close(quit); <-done }
}

// treeSize adds up the files below a folder; files that vanish meanwhile count nothing.
func treeSize(folder string) int64 {
	var total int64
	_ = filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
		return nil
	})
	return total
}

// complaint returns the last n lines of what pip wrote, and of its tries to connect again the last one alone.
func complaint(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	retry := func(line string) bool { return strings.HasPrefix(line, "WARNING: Retrying") }
	var kept []string
	for i, line := range lines {
		if !retry(line) || i+1 == len(lines) || !retry(lines[i+1]) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept[max(0, len(kept)-n):], "\n")
}
