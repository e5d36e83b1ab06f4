//go:build !unix

package regular

import "io/fs"

// Identity returns "": the system does not tell.
func Identity(fs.FileInfo) string { return "" }
