package metric

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Level is the share of intervals that hold the true value.
const Level = 0.95

// Interval is where the true value of a metric lies, at Level: the value over all that
// the images at hand were drawn from.
//
// The variance is that of the jackknife: what each unit adds to the metric, squared. The
// interval is Wilson's for a share, with the number of independent draws that has this
// variance, and Student's t for the number of units: it stays within [0,1], is lopsided
// near the ends, and has a width where all went right. Korn and Graubard, Confidence
// intervals for proportions with small expected number of positive counts estimated from
// survey data, Survey Methodology 24, 1998; Franco et al., Comparative study of confidence
// intervals for proportions in complex sample surveys, Journal of Survey Statistics and
// Methodology 7, 2019.
//
// Fewer than 8 units say little of how units vary. Of up to 3 the interval is no narrower than if the
// images of a unit were all right or all wrong together: than Wilson's for as many draws as there
// are units. Of 4, 5, 6 and 7 it is 64, 36, 16 and 4 % of the way to that. Where queries of a unit are seen to
// be right and wrong, it goes half of that way. It mostly holds the
// true value more often than Level says, up to always. Of one unit it is the whole range.
type Interval struct {
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	Level    float64 `json:"level"`
	Question string  `json:"question"` // what else might have been drawn: "new classes"
	Method   string  `json:"method"`   // "jackknife of classes"
	Units    int     `json:"units"`    // classes, groups, images, … that were drawn
}

// estimate is a metric with what is known of its error.
type estimate struct {
	value    float64
	variance float64 // 0 where no unit changes the value
	freedom  float64 // units that the variance rests on, less one; >= 1
	units    int     // that were drawn
	draws    float64 // independent draws, where no unit changes the value
	mixed    float64 // share of the spread of single answers that lies within units; 0 where it is not known
}

// fewUnits is how many units tell from them alone how units vary, and of fewestUnits nothing is
// believed of it. Between them doubt fades, so that widths do not jump.
const fewestUnits, fewUnits = 3, 8

// interval returns the ends for a value in [0,1].
func (e estimate) interval() (low, high float64) {
	if e.units <= 1 {
		return 0, 1
	}
	draws, t := e.draws, distuv.UnitNormal.Quantile((1+Level)/2)
	if spread := e.value * (1 - e.value); spread > 0 && e.variance > spread*1e-12 {
		draws = spread / e.variance
		t = studentsT(e.freedom)
	}
	low, high = wilson(e.value, draws, t)
	if e.units < fewUnits {
		least, most := wilson(e.value, float64(e.units), distuv.UnitNormal.Quantile((1+Level)/2))
		doubt := min(1, float64(fewUnits-e.units)/(fewUnits-fewestUnits))
		doubt *= doubt * (1 - e.mixed/2) // half is kept: another unit may be all wrong
		low, high = low+doubt*min(0, least-low), high+doubt*max(0, most-high)
	}
	return low, high
}

// studentsT returns how many standard errors an end is away.
func studentsT(freedom float64) float64 {
	return distuv.StudentsT{Sigma: 1, Nu: freedom}.Quantile((1 + Level) / 2)
}

// Share returns Wilson's interval of a share of n draws that do not depend on each other. Question says what else might have
// been drawn.
func Share(hits, n int, question string) Interval {
	i := Interval{Level: Level, Question: question, Method: "Wilson", Units: n, High: 1}
	if n > 0 {
		i.Low, i.High = wilson(float64(hits)/float64(n), float64(n), distuv.UnitNormal.Quantile((1+Level)/2))
	}
	return i
}

// wilson returns the interval of a share of n draws, whose error is t standard errors:
// Wilson, Probable inference, the law of succession, and statistical inference, Journal of
// the American Statistical Association 22, 1927.
func wilson(share, n, t float64) (low, high float64) {
	middle := (share + t*t/(2*n)) / (1 + t*t/n)
	half := t / (1 + t*t/n) * math.Sqrt(share*(1-share)/n+t*t/(4*n*n))
	return max(0, min(share, middle-half)), min(1, max(share, middle+half))
}

// effective returns how many equal weights vary as little as these: (Σw)² / Σw², of Kish,
// Survey Sampling, 1965, section 11.7.
func effective(weights []float64) float64 {
	var sum, squares float64
	for _, w := range weights {
		sum += w
		squares += w * w
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / squares
}
