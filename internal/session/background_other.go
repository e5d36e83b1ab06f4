//go:build tensorflow && cgo && !linux

package session

// inBackground calls f.
func inBackground(f func() error) error { return f() }
