package main

import "slices"

// mean returns the mean of x, which holds one value or more.
func mean(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// quantiles are the middle and the ends of some values.
type quantiles struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// spread returns the quantiles of x, which holds one value or more.
func spread(x []float64) quantiles {
	x = slices.Sorted(slices.Values(x))
	n := len(x)
	return quantiles{Median: (x[(n-1)/2] + x[n/2]) / 2, Low: x[0], High: x[n-1]}
}

// slope returns the slope of the least-squares line through (x,y): two points or more, not all
// of one x.
func slope(x, y []float64) float64 {
	mx, my := mean(x), mean(y)
	var xy, xx float64
	for i := range x {
		xy += (x[i] - mx) * (y[i] - my)
		xx += (x[i] - mx) * (x[i] - mx)
	}
	return xy / xx
}
