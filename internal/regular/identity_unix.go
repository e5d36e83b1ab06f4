//go:build unix

package regular

import (
	"fmt"
	"io/fs"
	"syscall"
)

// Identity names a file whatever path leads to it; "" where the system does not tell.
func Identity(info fs.FileInfo) string {
	if of, ok := info.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprintf("%d:%d", of.Dev, of.Ino)
	}
	return ""
}
