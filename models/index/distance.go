package index

import (
	"math"

	"github.com/tfpair/tfpair/internal/named"
)

// distance is a distance of a model, as a search needs it: rows are ranked by a key that
// grows with it, and screened by a score that is one dot product,
//
//	score(a,b) = a'·b' − half(b), a' and b' being a and b, or their directions
type distance struct {
	directions bool                          // the score is of a/‖a‖ and b/‖b‖
	key        func(a, b []float32) float64  // exact, >= 0, in float64
	atLeast    func(a2, key float64) float64 // the score of a row with this key; a2 = ‖a'‖²
	value      func(key float64) float32     // the distance
}

// distances are those of graphs/distance, by the same names.
var distances = named.Table[distance]{Kind: "distance", Rows: map[string]named.Row[distance]{
	"cosine":      row("1 - a·b/(‖a‖‖b‖)", cosine),
	"euclidean":   row("√Σ(a-b)²", euclidean),
	"sqeuclidean": row("Σ(a-b)²", sqEuclidean),
}}

func row(brief string, d distance) named.Row[distance] {
	return named.Row[distance]{Brief: brief, New: func(raw named.Raw) (distance, error) {
		return d, named.Options(raw, &struct{}{})
	}}
}

// smallestSquare is the clamp under the root in the graph of euclidean: equal embeddings
// have the distance 3.2e-4.
const smallestSquare = 1e-7

var euclidean = distance{key: squared, atLeast: scoreOfSquare,
	value: func(key float64) float32 { return float32(math.Sqrt(max(key, smallestSquare))) }}

var sqEuclidean = distance{key: squared, atLeast: scoreOfSquare,
	value: func(key float64) float32 { return float32(key) }}

// cosine has the distance 1 between zero and anything, which has no direction.
var cosine = distance{directions: true, key: chord,
	atLeast: func(_, key float64) float64 { return 1 - key },
	value:   func(key float64) float32 { return float32(key) }}

// squared returns Σ(a-b)².
func squared(a, b []float32) float64 {
	var sum float64
	for i, x := range a {
		d := float64(x) - float64(b[i])
		sum += float64(d * d) // the conversion keeps machines from fusing, here and there
	}
	return sum
}

// scoreOfSquare: ‖a−b‖² = ‖a‖² − 2(a·b − ‖b‖²/2).
func scoreOfSquare(a2, key float64) float64 { return (a2 - key) / 2 }

// chord returns ½‖a/‖a‖ − b/‖b‖‖² = 1 − a·b/(‖a‖‖b‖), which cannot round below 0, and 1
// where one of them is zero.
func chord(a, b []float32) float64 {
	na, nb := math.Sqrt(energy(a)), math.Sqrt(energy(b))
	if na == 0 || nb == 0 {
		return 1
	}
	var sum float64
	for i, x := range a {
		d := float64(x)/na - float64(b[i])/nb
		sum += float64(d * d)
	}
	return sum / 2
}

// energy returns Σa².
func energy(a []float32) float64 {
	var sum float64
	for _, x := range a {
		sum += float64(float64(x) * float64(x))
	}
	return sum
}
