// Package drift says how far the pictures that a model is asked about are from those that it was measured on:
//
//	validation → Sample → Reference in the manifest;  requests → Window of the last 200 pictures → Drift of each feature
//
// A feature is one number of a picture, of its embedding, or of its nearest picture in an index. Its drift is the
// Kolmogorov–Smirnov distance of the two distributions: the largest difference of the shares of pictures up to any value,
// from 0 to 1 (Massey, The Kolmogorov–Smirnov test for goodness of fit, 1951). The package keeps numbers, and no picture.
package drift

import (
	"cmp"
	"math"
	"slices"
)

// Names of features. Those of colours are in levels of 0 to 255, at the model's size.
const (
	Brightness = "brightness" // mean of luma
	Contrast   = "contrast"   // standard deviation of luma
	Sharpness  = "sharpness"  // mean difference of luma of neighbours in a row
	Warmth     = "warmth"     // mean red less mean blue
	Size       = "size"       // square root of the number of pixels of the file
	Norm       = "norm"       // length of the embedding
	Nearest    = "nearest"    // distance of the nearest other picture
	Accepted   = "accepted"   // 1 where that is within the threshold, else 0
)

// Sample is values of features, in the order in which they came. Its methods add those of one picture.
type Sample map[string][]float64

func (s Sample) add(feature string, value float64) {
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		s[feature] = append(s[feature], value)
	}
}

// Pixels adds what pixels [S,S,3] uint8 RGB look like.
func (s Sample) Pixels(pixels []uint8, side int) {
	l := look(pixels, side)
	s.add(Brightness, l.brightness)
	s.add(Contrast, l.contrast)
	s.add(Sharpness, l.sharpness)
	s.add(Warmth, l.warmth)
}

// Size adds the width and the height of the file, in pixels.
func (s Sample) Size(width, height int) {
	s.add(Size, math.Round(math.Sqrt(float64(width)*float64(height))))
}

// Embedding adds an embedding [D].
func (s Sample) Embedding(embedding []float32) {
	var square float64
	for _, x := range embedding {
		square += float64(x) * float64(x)
	}
	s.add(Norm, digits(math.Sqrt(square)))
}

// Nearest adds the distance of the nearest other picture, and whether it is within the threshold.
func (s Sample) Nearest(distance float32, accepted bool) {
	s.add(Nearest, digits(float64(distance)))
	value := 0.0
	if accepted {
		value = 1
	}
	s.add(Accepted, value)
}

// digits returns x to three digits: what differs by less is rounding, of another processor or another batch.
func digits(x float64) float64 {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return x
	}
	scale := math.Pow(10, 2-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}

// rowsLooked is how many rows of a picture are looked at: enough for means, and little beside any network.
const rowsLooked = 16

// looks are what a picture looks like, in whole levels: decoders differ by less.
type looks struct{ brightness, contrast, sharpness, warmth float64 }

// look returns what pixels [S,S,3] look like. A service looks at every picture, so it counts in whole numbers.
func look(pixels []uint8, side int) looks {
	const scale = 1000 // of lumaOf
	var n, neighbours, sum, squares, steps, warm int
	rows := min(side, rowsLooked)
	for i := range rows {
		row := pixels[(2*i+1)*side/(2*rows)*side*3:][:side*3]
		before := lumaOf(row)
		for ; len(row) >= 3; row = row[3:] {
			luma := lumaOf(row)
			sum, squares, warm = sum+luma, squares+luma*luma, warm+int(row[0])-int(row[2])
			steps += max(luma-before, before-luma)
			before = luma
		}
		n, neighbours = n+side, neighbours+side-1
	}
	count := float64(n)
	mean := float64(sum) / count
	return looks{
		brightness: math.Round(mean / scale),
		contrast:   math.Round(math.Sqrt(max(0, float64(squares)/count-mean*mean)) / scale),
		sharpness:  math.Round(float64(steps) / float64(max(1, neighbours)) / scale),
		warmth:     math.Round(float64(warm) / count),
	}
}

// lumaOf returns the luma of a pixel in thousandths of a level: that of ITU-R BT.601, as in JPEG.
func lumaOf(p []uint8) int { return 299*int(p[0]) + 587*int(p[1]) + 114*int(p[2]) }

// quantiles is how many steps the quantiles of a Reference have.
const quantiles = 64

// Reference is how the features of a model's validation are distributed.
type Reference struct {
	Features []Feature `json:"features"`
}

// Feature is the distribution of one.
type Feature struct {
	Name      string    `json:"name"`
	Pictures  int       `json:"pictures"`  // that were measured
	Quantiles []float64 `json:"quantiles"` // from the smallest value to the largest, at equal shares of the pictures
}

// Reference returns how the values are distributed, nil where there are none.
func (s Sample) Reference() *Reference {
	var r Reference
	for name, values := range s {
		sorted := slices.Sorted(slices.Values(values))
		f := Feature{Name: name, Pictures: len(sorted)}
		for k := range quantiles + 1 {
			f.Quantiles = append(f.Quantiles, sorted[max(0, (k*len(sorted)+quantiles-1)/quantiles-1)]) // k/64 of them are at most this
		}
		r.Features = append(r.Features, f)
	}
	if len(r.Features) == 0 {
		return nil
	}
	slices.SortFunc(r.Features, func(a, b Feature) int { return cmp.Compare(a.Name, b.Name) })
	return &r
}

// usable reports whether f, which a file may say, is a distribution.
func (f Feature) usable() bool {
	return f.Pictures > 0 && len(f.Quantiles) >= 2 && slices.IsSorted(f.Quantiles) && !slices.ContainsFunc(f.Quantiles, math.IsNaN)
}

// below returns the shares of pictures of f whose value is less than x, and of those whose value is x at most.
func (f Feature) below(x float64) (less, most float64) {
	return f.share(x, func(q float64) bool { return q >= x }), f.share(x, func(q float64) bool { return q > x })
}

// share returns the share of pictures up to x, on the line between two quantiles; past finds the second.
func (f Feature) share(x float64, past func(q float64) bool) float64 {
	q := f.Quantiles
	at := slices.IndexFunc(q, past)
	switch {
	case at == 0:
		return 0
	case at < 0:
		return 1
	}
	part := 0.0
	if q[at] > q[at-1] {
		part = (x - q[at-1]) / (q[at] - q[at-1])
	}
	return (float64(at-1) + part) / float64(len(q)-1)
}

// distance returns the largest difference of the shares of f and of sorted up to any value.
func (f Feature) distance(sorted []float64) float64 {
	var largest float64
	n := float64(len(sorted))
	for i := 0; i < len(sorted); {
		next := i
		for next < len(sorted) && sorted[next] == sorted[i] {
			next++
		}
		less, most := f.below(sorted[i])
		largest = max(largest, math.Abs(float64(i)/n-less), math.Abs(float64(next)/n-most))
		i = next
	}
	return largest
}

// limit is what the distance of n pictures like those of f passes once in a million, by chance (Massey's
// approximation), and at least least: drift that hardly matters.
func (f Feature) limit(n int) float64 {
	const million, least = 1e-6, 0.2
	return max(least, math.Sqrt(math.Log(2/million)/2*(1/float64(n)+1/float64(f.Pictures))))
}
