// Package distance compares embeddings outside of a graph, by the distances of package
// graphs/distance and under their names:
//
//	a [D], b [D] float32 ─ Key → what rows are ranked by, float64 ─ Value → the distance, float32
//
// Search, evaluation and comparison of embeddings all go through it, so that they give one
// answer. A distance is the one that the graph computes, its clamps included; keys are summed
// in float64, so a distance differs from the graph's by the rounding of float32.
package distance

import (
	"errors"
	"fmt"

	"github.com/tfpair/tfpair/internal/named"
)

// Distance is how far apart two embeddings are. The zero value is none.
type Distance struct {
	// key is >= 0 and grows with the distance. Where squares is set it is ‖a'−b'‖², a' and
	// b' being a and b divided by their divisor.
	key     func(a, b []float32) float64
	value   func(key float64) float64
	squares bool
	divisor func(energy float64) float64 // of a row by its energy, > 0; nil: 1
}

// Table lists every distance. A new distance is a new file here and a new row, and a row of
// the same name in graphs/distance.
var Table = named.Table[Distance]{Kind: "distance", Rows: map[string]named.Row[Distance]{
	"cosine":      cosine,
	"euclidean":   euclidean,
	"sqeuclidean": sqEuclidean,
}}

// ErrNone says that no distance was given where one is needed.
var ErrNone = errors.New("no distance is given")

// New returns a distance that ranks by key: of two rows [D], >= 0, symmetric, growing with the
// distance. value turns a key into the distance; nil leaves it as it is. Rows are compared one
// by one, which is exact and slower than by a distance that OfSquares makes.
func New(key func(a, b []float32) float64, value func(key float64) float64) Distance {
	if value == nil {
		value = func(key float64) float64 { return key }
	}
	return Distance{key: key, value: value}
}

// OfSquares returns a distance whose key is the squared Euclidean distance ‖a'−b'‖², a' and b'
// being the rows divided by divisor of their Energy, which is above 0; nil divides by 1. A dot
// product bounds such a key, so search is fast.
func OfSquares(divisor, value func(float64) float64) Distance {
	d := New(squared, value)
	d.squares, d.divisor = true, divisor
	if divisor != nil {
		d.key = d.dividedSquared
	}
	return d
}

// ByName returns the row of Table with a name. The error is a *named.UnknownError, which lists
// the known names.
func ByName(name string) (Distance, error) { return Table.New(&named.Choice{Name: name}) }

// Own are distances of a program's own by their names: those of a run or a model that was
// trained with them.
type Own map[string]Distance

// ByName returns the distance of one's own with a name, else that of Table. The error is a
// *named.UnknownError, or wraps ErrNone where one's own is the zero value.
func (o Own) ByName(name string) (Distance, error) {
	if d, ok := o[name]; ok {
		if err := d.Given(); err != nil {
			return Distance{}, fmt.Errorf("distance %q: %w: make one with distance.New", name, err)
		}
		return d, nil
	}
	return ByName(name)
}

// Given returns ErrNone for the zero value.
func (d Distance) Given() error {
	if d.key == nil {
		return ErrNone
	}
	return nil
}

// Key returns what rows a and b [D] are ranked by: >= 0, smaller is closer. It is summed in
// float64, in the order of the dimensions, and is the same on every machine.
func (d Distance) Key(a, b []float32) float64 { return d.key(a, b) }

// Value returns the distance that a key stands for.
func (d Distance) Value(key float64) float32 { return float32(d.value(key)) }

// Between returns the distance of a and b [D]. It is NaN or infinite where they are not finite.
func (d Distance) Between(a, b []float32) float32 { return d.Value(d.Key(a, b)) }

// Pairs returns the distance [M] of each pair (left[i], right[i]) of rows of embeddings [N,D].
func (d Distance) Pairs(embeddings []float32, dim int, left, right []int32) []float32 {
	row := func(i int32) []float32 { return embeddings[int(i)*dim:][:dim] }
	list := make([]float32, len(left))
	for i := range left {
		list[i] = d.Between(row(left[i]), row(right[i]))
	}
	return list
}

// Squares reports whether keys are squared Euclidean distances of rows divided by Divisor.
func (d Distance) Squares() bool { return d.squares }

// Directions reports whether rows have a Divisor other than 1.
func (d Distance) Directions() bool { return d.divisor != nil }

// Divisor returns what a row is divided by before its square is taken. energy is the row's.
func (d Distance) Divisor(energy float64) float64 {
	if d.divisor == nil {
		return 1
	}
	return d.divisor(energy)
}

// dividedSquared returns Σ (a/u − b/v)², u and v being the divisors. Beside a row of zeros that
// is the square of the other, in float32: 1 of everything that has a direction, so that they tie.
func (d Distance) dividedSquared(a, b []float32) float64 {
	ea, eb := Energy(a), Energy(b)
	u, v := d.divisor(ea), d.divisor(eb)
	if ea == 0 || eb == 0 {
		return float64(float32(ea/(u*u) + eb/(v*v)))
	}
	var sum float64
	for i, x := range a {
		d := float64(x)/u - float64(b[i])/v
		sum += float64(d * d)
	}
	return sum
}

// row makes the row of a distance without options.
func row(brief string, d Distance) named.Row[Distance] {
	return named.Row[Distance]{Brief: brief, New: func(raw named.Raw) (Distance, error) {
		return d, named.Options(raw, &struct{}{})
	}}
}

// Energy returns Σ a².
func Energy(a []float32) float64 {
	var sum float64
	for _, x := range a {
		sum += float64(float64(x) * float64(x)) // the conversion keeps machines from fusing, here and there
	}
	return sum
}

// squared returns Σ (a−b)².
func squared(a, b []float32) float64 {
	var sum float64
	for i, x := range a {
		d := float64(x) - float64(b[i])
		sum += float64(d * d)
	}
	return sum
}
