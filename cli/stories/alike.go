package main

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// How far numbers of two machines may lie apart: processors round differently, and a training
// carries that on. Counts must be equal.
const (
	pointsApart = 10   // of a number before "%"
	shareApart  = 0.1  // of another number with a decimal point: of the larger one
	leastApart  = 0.05 // and this more
)

// units follow what a clock or a machine measures, which is not compared.
var units = []string{"s", "ms", "seconds", "minutes", "images/s"}

var (
	number = regexp.MustCompile(`[0-9][0-9,]*(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?`)
	letter = regexp.MustCompile(`[A-Za-z]`)
	digits = regexp.MustCompile(`[0-9]+`)
	dashes = regexp.MustCompile(`^-+$`)
)

// alike tells whether two lines say the same. Words must be equal, but for digits in words with
// letters, such as "ring/07.png": of two pictures that are as near, either may come first.
func alike(want, got string) bool {
	if want == got {
		return true
	}
	a, b := strings.Fields(want), strings.Fields(got)
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !sameWord(a[i], b[i], unitAfter(a[i+1:])) {
			return false
		}
	}
	return true
}

// unitAfter returns the unit of a number that stands before words: the next one, or, of the lower
// end of an interval such as "(37.7 – 55.6 %)", that of its upper end.
func unitAfter(words []string) string {
	if len(words) > 2 && words[0] == "–" {
		words = words[2:]
	}
	if len(words) == 0 {
		return ""
	}
	return strings.Trim(words[0], ",.;:)")
}

// sameWord compares two words before a unit, or what stands in its place.
func sameWord(want, got, unit string) bool {
	if want == got || dashes.MatchString(want) && dashes.MatchString(got) {
		return true
	}
	if letter.MatchString(number.ReplaceAllString(want, "")) {
		return digits.ReplaceAllString(want, "0") == digits.ReplaceAllString(got, "0")
	}
	if number.ReplaceAllString(want, "0") != number.ReplaceAllString(got, "0") {
		return false
	}
	a, b := number.FindAllString(want, -1), number.FindAllString(got, -1)
	for i := range a {
		if !near(a[i], b[i], unit) {
			return false
		}
	}
	return true
}

// near compares two numbers.
func near(want, got, unit string) bool {
	if want == got || slices.Contains(units, unit) {
		return true
	}
	a, errA := strconv.ParseFloat(strings.ReplaceAll(want, ",", ""), 64)
	b, errB := strconv.ParseFloat(strings.ReplaceAll(got, ",", ""), 64)
	switch {
	case errA != nil || errB != nil:
		return false
	case unit == "%":
		return math.Abs(a-b) <= pointsApart
	case !strings.ContainsAny(want, ".e") || !strings.ContainsAny(got, ".e"):
		return false
	}
	return math.Abs(a-b) <= leastApart+shareApart*max(math.Abs(a), math.Abs(b))
}
