// Package plural writes how many there are of a thing, for messages.
package plural

import (
	"fmt"
	"strings"
)

// Count returns the number and the noun in its number: "1 image", "2 classes", "0 queries", "2 indexes".
func Count(n int, noun string) string { return fmt.Sprintf("%d %s", n, Noun(n, noun)) }

// Noun returns an English noun, given in the singular, as it stands after the number n.
func Noun(n int, noun string) string {
	stem, y := strings.CutSuffix(noun, "y")
	switch {
	case n == 1:
		return noun
	case strings.HasSuffix(noun, "s"), strings.HasSuffix(noun, "x"):
		return noun + "es"
	case y:
		return stem + "ies"
	}
	return noun + "s"
}
