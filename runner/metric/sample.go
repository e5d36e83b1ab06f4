package metric

import "math"

// Sample says how images came to be measured. It decides what an interval takes for drawn
// at random, the units, and so which question it answers. The zero Sample knows neither
// classes nor groups.
type Sample struct {
	Class      []int32 // [N] class of each image, -1 unknown; nil where none is known
	Group      []int32 // [N] burst, session or the like of each image, -1 none; nil where none is known
	NewClasses bool    // the classes were drawn, too: training has not seen them
}

// The questions that intervals answer: what else might have been drawn.
const (
	NewClasses  = "new classes"
	NewImages   = "new images of these classes"
	NewGroups   = "new groups of images"
	NewPairs    = "new images, paired as these are"
	NewQueries  = "new queries"
	NewEpisodes = "new episodes"
)

// How the variance of an Interval was found.
const (
	ByClasses    = "jackknife of classes"
	ByGroups     = "jackknife of groups"
	ByImages     = "jackknife of images"
	ByComponents = "jackknife of connected components"
	ByQueries    = "jackknife of queries"
	ByEpisodes   = "jackknife of episodes"
)

// units are what is drawn: each image is of one.
type units struct {
	question, method string
	of               []int32 // [N] unit of each image
	count            int
	stratum          []int32 // [count] class of each unit, where classes are given; nil: they are not
	strata           int
}

// units returns what s draws of images 0..n-1.
func (s Sample) units(n int) units {
	image := func(i int) (int32, bool) { return int32(i), true }
	switch {
	case s.Class != nil && s.NewClasses:
		return number(n, NewClasses, ByClasses, known(s.Class), image)
	case s.Group != nil:
		return number(n, NewGroups, ByGroups, known(s.Group), image).within(s.Class)
	case s.Class != nil:
		return number(n, NewImages, ByImages, image).within(s.Class)
	}
	return number(n, NewPairs, ByImages, image)
}

// known says of each image what list has, where it has anything.
func known(list []int32) func(int) (int32, bool) {
	return func(i int) (int32, bool) { return list[i], list[i] >= 0 }
}

// number makes units of images: those of equal keys are one. The first of keyed that knows
// an image counts.
func number(n int, question, method string, keyed ...func(int) (int32, bool)) units {
	type key struct {
		by int
		of int32
	}
	u := units{question: question, method: method, of: make([]int32, n)}
	numbers := map[key]int32{}
	for i := range n {
		for by, known := range keyed {
			of, ok := known(i)
			if !ok {
				continue
			}
			at, seen := numbers[key{by, of}]
			if !seen {
				at = int32(u.count)
				numbers[key{by, of}] = at
				u.count++
			}
			u.of[i] = at
			break
		}
	}
	return u
}

// within says that units are drawn class by class; it does not where one is of several.
func (u units) within(class []int32) units {
	if class == nil {
		return u
	}
	stratum := make([]int32, u.count)
	for i := range stratum {
		stratum[i] = -1
	}
	strata := int32(0)
	for i, unit := range u.of {
		c := class[i]
		if c < 0 || stratum[unit] >= 0 && stratum[unit] != c {
			return u
		}
		stratum[unit] = c
		strata = max(strata, c+1)
	}
	u.stratum, u.strata = stratum, int(strata)
	return u
}

// variance returns that of the total of sums [count], which units of weights [count] add to
// a metric: they vary around 0, or, where classes are given, around what their class adds.
// freedom is on how many units it rests, less those that the means use up, at least 1.
func (u units) variance(sums, weights []float64) (variance, freedom float64) {
	freedom = u.freedom(weights, 2)
	if u.stratum == nil {
		for _, sum := range sums {
			variance += sum * sum
		}
		return variance * (1 + 1/freedom), freedom
	}
	deviations, scale := u.around(sums, weights, 2)
	for i, d := range deviations {
		variance += d * d * scale[i] * scale[i]
	}
	return variance, freedom
}

// freedom returns how many units of weights [count] there are, less those that means use up, at
// least 1. Of unequal weights as many count as vary like them: see effective. Each class has a mean
// of its own where it has at least so many units; the others share one.
func (u units) freedom(weights []float64, least int) float64 {
	n := effective(weights)
	if u.stratum == nil {
		return max(1, n-1)
	}
	all, left, shared := 0, 0, 0
	for _, units := range u.perClass(weights) {
		all += units
		switch {
		case units >= least:
			left += units - 1
		case units > 0: // two units that one cell joins are one
			left, shared = left+1, 1
		}
	}
	return max(1, n*float64(left-shared)/float64(max(1, all)))
}

// perClass counts the units of each class that have a weight.
func (u units) perClass(weights []float64) []int {
	count := make([]int, u.strata)
	for i, w := range weights {
		if w > 0 {
			count[u.stratum[i]]++
		}
	}
	return count
}

// around returns sums relative to their class, in proportion to weights, where it has at least so many
// units, and what makes up for the mean that was taken off. Of a class of fewer nothing says how it
// varies: its distance from all classes stands for that, and the sums stay.
func (u units) around(sums, weights []float64, least int) (deviations, scale []float64) {
	type class struct{ sum, weight float64 }
	classes, count := make([]class, u.strata), u.perClass(weights)
	for i, sum := range sums {
		c := &classes[u.stratum[i]]
		c.sum, c.weight = c.sum+sum, c.weight+weights[i]
	}
	deviations, scale = make([]float64, len(sums)), u.scale(count, least)
	for i, sum := range sums {
		c := classes[u.stratum[i]]
		if deviations[i] = sum; count[u.stratum[i]] >= least {
			deviations[i] -= c.sum * weights[i] / c.weight
		}
	}
	return deviations, scale
}

// scale returns for each unit √(n/(n−1)) of the n units of its class, which the mean of the class has made
// vary too little; 1 where the class has fewer units than least, and no mean of its own.
func (u units) scale(count []int, least int) []float64 {
	scale := make([]float64, u.count)
	for i := range scale {
		scale[i] = 1
		if n := float64(count[u.stratum[i]]); n >= float64(least) {
			scale[i] = math.Sqrt(n / (n - 1))
		}
	}
	return scale
}
