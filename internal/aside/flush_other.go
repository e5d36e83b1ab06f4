//go:build !linux

package aside

import "os"

// Flush makes what was written to f survive a crash.
func Flush(f *os.File) error { return f.Sync() }
