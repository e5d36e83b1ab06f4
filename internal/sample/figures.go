package sample

import "math"

// point is a place in a figure: x to the right and y down, both in [-1,1].
type point struct{ x, y float64 }

// figure is what the pictures of a class share.
type figure struct {
	name    string
	strokes [][]point
}

var figures = []figure{
	{"arrow", [][]point{{{-1, 0}, {1, 0}}, {{0.3, -0.6}, {1, 0}, {0.3, 0.6}}}},
	{"bars", [][]point{{{-0.8, -1}, {-0.8, 1}}, {{0, -1}, {0, 1}}, {{0.8, -1}, {0.8, 1}}}},
	{"cross", [][]point{{{-0.9, -0.9}, {0.9, 0.9}}, {{-0.9, 0.9}, {0.9, -0.9}}}},
	{"house", [][]point{{{-0.7, 1}, {-0.7, -0.2}, {0, -1}, {0.7, -0.2}, {0.7, 1}, {-0.7, 1}}}},
	{"hourglass", [][]point{{{-0.8, -1}, {0.8, -1}, {-0.8, 1}, {0.8, 1}, {-0.8, -1}}}},
	{"ladder", [][]point{{{-0.5, -1}, {-0.5, 1}}, {{0.5, -1}, {0.5, 1}}, {{-0.5, -0.5}, {0.5, -0.5}},
		{{-0.5, 0}, {0.5, 0}}, {{-0.5, 0.5}, {0.5, 0.5}}}},
	{"ring", [][]point{arc(0, 2*math.Pi, 1, 1)}},
	{"spiral", [][]point{arc(0, 4.5*math.Pi, 0.1, 1)}},
	{"tee", [][]point{{{-0.9, -0.9}, {0.9, -0.9}}, {{0, -0.9}, {0, 1}}}},
	{"zigzag", [][]point{{{-1, 0.6}, {-0.5, -0.6}, {0, 0.6}, {0.5, -0.6}, {1, 0.6}}}},
}

// arc returns a curve whose radius grows evenly from inner to outer.
func arc(from, to, inner, outer float64) []point {
	const steps = 40
	line := make([]point, steps+1)
	for i := range line {
		share := float64(i) / steps
		sin, cos := math.Sincos(from + share*(to-from))
		radius := inner + share*(outer-inner)
		line[i] = point{radius * cos, radius * sin}
	}
	return line
}
