//go:build !linux

package regular

import "io/fs"

// EntryOf returns the zero Entry: other systems do not give it in the same way.
func EntryOf(fs.FileInfo) Entry { return Entry{} }
