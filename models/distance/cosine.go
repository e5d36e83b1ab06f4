package distance

import "math"

// smallestNorm2 is the clamp of a squared norm in the graph. So the direction of zeros is zero,
// whose distance is 0 to zeros and ½ to any embedding that has a direction.
const smallestNorm2 = float64(float32(1e-12))

// cosine is 1 − a·b/(‖a‖‖b‖), as half the squared distance of the directions, which cannot
// round below 0.
var cosine = row("cosine distance, 1 - a·b/(‖a‖‖b‖), 0 to 2", OfSquares(
	func(energy float64) float64 { return math.Sqrt(max(energy, smallestNorm2)) },
	func(key float64) float64 { return key / 2 }))
