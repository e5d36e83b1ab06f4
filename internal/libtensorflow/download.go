package libtensorflow

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tfpair/tfpair/internal/pip"
)

// download fetches the wheel of a pin with pip, which knows the user's index and
// proxy, and returns its path.
func download(ctx context.Context, staging string, p pin, progress func(string)) (string, error) {
	into := filepath.Join(staging, "wheel")
	size := fmt.Sprintf("%d MB", p.Size/1e6)
	label := fmt.Sprintf("downloading %s (%s)", p.describe(), size)
	err := pip.Download(ctx, pipOptions(staging, into, label, progress),
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

func pipOptions(staging, into, label string, progress func(string)) pip.Options {
	return pip.Options{Staging: staging, Into: into, Label: label, Progress: progress,
		Offline: "fetch the wheel elsewhere and install it with: " + InstallCommand + " --from FILE"}
}

// verifyWheel compares the checksum of a wheel with the pinned one.
func verifyWheel(path string, p pin) error {
	digest, size, err := pip.Sum(path)
	if err != nil {
		return fmt.Errorf("wheel: %w", err)
	}
	if digest != p.SHA256 {
		return fmt.Errorf("wheel %q (%d bytes): SHA-256 is %s, want %s, that of %s",
			path, size, digest, p.SHA256, p.Wheel)
	}
	return nil
}
