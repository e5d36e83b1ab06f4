package augment

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/tfpair/tfpair/internal/named"
)

// row is a Row whose options are an O: defaults, then what the user wrote, then step,
// which refuses what cannot work.
func row[O any](brief, paper string, defaults O, step func(O) (Step, error)) named.Row[Step] {
	return named.Row[Step]{Brief: brief, Paper: paper, New: func(raw named.Raw) (Step, error) {
		o := defaults
		if err := named.Options(raw, &o); err != nil {
			return Step{}, err
		}
		return step(o)
	}}
}

// span is a range of numbers to draw from, evenly: [low, high] in a spec.
type span [2]float64

func (s span) draw(r *rand.Rand) float64 { return s[0] + (s[1]-s[0])*r.Float64() }

// check refuses a span that does not lie in [low,high].
func (s span) check(name string, low, high float64) error {
	if !(low <= s[0] && s[0] <= s[1] && s[1] <= high) { // not so for NaN
		return fmt.Errorf("%s must be [low, high] within %g and %g, got [%g, %g]",
			name, low, high, s[0], s[1])
	}
	return nil
}

// within refuses a number that does not lie in [low,high].
func within(name string, x, low, high float64) error {
	if !(low <= x && x <= high) { // not so for NaN
		return fmt.Errorf("%s must be within %g and %g, got %g", name, low, high, x)
	}
	return nil
}

// either draws from [-x,x], evenly.
func either(r *rand.Rand, x float64) float64 { return x * (2*r.Float64() - 1) }

// happens is true with probability p.
func happens(r *rand.Rand, p float64) bool { return r.Float64() < p }

// colours are the names of colours in a spec.
var colours = map[string][3]uint8{"black": {}, "gray": {128, 128, 128}, "white": {255, 255, 255}}

// parseColour reads a colour; other is the word that stands beside colours here.
func parseColour(option, text, other string) ([3]uint8, error) {
	if c, ok := colours[text]; ok {
		return c, nil
	}
	digits, ok := strings.CutPrefix(text, "#")
	b, err := hex.DecodeString(digits)
	if !ok || err != nil || len(b) != 3 {
		return [3]uint8{}, fmt.Errorf("%s must be %s, black, gray, white or \"#rrggbb\", got %q",
			option, other, text)
	}
	return [3]uint8(b), nil
}
