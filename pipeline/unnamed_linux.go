package pipeline

import (
	"os"

	"golang.org/x/sys/unix"
)

// openUnnamed opens a new file in dir that never has a name, and fails on file systems that cannot do that.
func openUnnamed(dir string) (*os.File, error) {
	return os.OpenFile(dir, os.O_RDWR|unix.O_TMPFILE, 0o600)
}
