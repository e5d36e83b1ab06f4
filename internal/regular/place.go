package regular

import "path/filepath"

// Place returns where a relative path leads, in brackets and after a blank, for an error about it. It is empty where the
// path says so itself.
func Place(path string) string {
	whole, err := filepath.Abs(path)
	if err != nil || whole == filepath.Clean(path) {
		return ""
	}
	return " (" + whole + ")"
}
