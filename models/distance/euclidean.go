package distance

import "math"

// smallestSquare is the clamp under the root in the graph, which keeps the gradient of √ finite:
// the distance of equal embeddings is 3.2e-4.
const smallestSquare = float64(float32(1e-7))

var euclidean = row("Euclidean distance, √Σ(a-b)²", OfSquares(nil,
	func(key float64) float64 { return math.Sqrt(max(key, smallestSquare)) }))
