package named

import "github.com/xrash/smetrics"

// alike is the least Jaro-Winkler similarity of a name to what was typed for it to be
// suggested; its two parameters are Winkler's own. One letter left out, doubled or swapped
// gives more in names of four letters and longer.
const (
	alike          = 0.8
	boostThreshold = 0.7
	prefixSize     = 4
)

// Nearest returns the name that is most like what was typed, "" where none is.
func Nearest(typed string, names []string) string {
	best, found := alike, ""
	for _, name := range names {
		if s := smetrics.JaroWinkler(typed, name, boostThreshold, prefixSize); s >= best {
			best, found = s, name
		}
	}
	return found
}

// meant asks for the known name that is most like what was typed, where one is.
func meant(typed string, known []string) string {
	if name := Nearest(typed, known); name != "" {
		return "; did you mean " + name + "?"
	}
	return ""
}
