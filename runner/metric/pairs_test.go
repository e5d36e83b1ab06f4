package metric

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/internal/named"
)

func score(t testing.TB, distance []float32, same []bool) *Scored {
	if t != nil {
		t.Helper()
	}
	s, err := Score(distance, same, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func pairMetric(t testing.TB, name string) PairMetric {
	t.Helper()
	m, err := Pairs.New(&named.Choice{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// draws returns count pairs of both kinds; steps > 0 rounds distances to 1/steps, to make ties.
func draws(r *rand.Rand, count int, steps float64) (distance []float32, same []bool) {
	for i := range count {
		positive := i == 0 || i > 1 && r.IntN(2) == 0
		d := r.NormFloat64()
		if !positive {
			d++
		}
		if steps > 0 {
			d = math.Round(d*steps) / steps
		}
		distance, same = append(distance, float32(d)), append(same, positive)
	}
	return distance, same
}

// oracles are the metrics as plain loops over the pairs. Each row of Pairs has one.
var oracles = map[string]func(distance []float32, same []bool, threshold float64) float64{
	"accuracy": func(distance []float32, same []bool, threshold float64) float64 {
		right := 0.0
		for i, d := range distance {
			if (float64(d) <= threshold) == same[i] {
				right++
			}
		}
		return right / float64(len(same))
	},
	"auc": func(distance []float32, same []bool, _ float64) float64 {
		var sum, count float64
		for i := range same {
			for j := range same {
				if !same[i] || same[j] {
					continue
				}
				count++
				switch {
				case distance[i] < distance[j]:
					sum++
				case distance[i] == distance[j]:
					sum += 0.5
				}
			}
		}
		return sum / count
	},
	"average_precision": func(distance []float32, same []bool, _ float64) float64 {
		var sum, positives float64
		for i := range same {
			if !same[i] {
				continue
			}
			positives++
			var found, closer float64 // at the distance of this positive, or closer
			for j := range same {
				if distance[j] <= distance[i] {
					closer++
					if same[j] {
						found++
					}
				}
			}
			sum += found / closer
		}
		return sum / positives
	},
	"eer": func(distance []float32, same []bool, _ float64) float64 {
		sorted := append([]float32{float32(math.Inf(-1))}, distance...)
		slices.Sort(sorted)
		var far, frr float64
		for i, t := range sorted {
			nextFAR, nextFRR := errorRates(distance, same, float64(t))
			if i > 0 && nextFAR >= nextFRR { // the segment far,frr → nextFAR,nextFRR crosses
				along := (frr - far) / ((frr - far) + (nextFAR - nextFRR))
				return far + along*(nextFAR-far)
			}
			far, frr = nextFAR, nextFRR
		}
		return math.NaN()
	},
	"f1": func(distance []float32, same []bool, threshold float64) float64 {
		var found, accepted, positives float64
		for i, d := range distance {
			if same[i] {
				positives++
			}
			if float64(d) <= threshold {
				accepted++
				if same[i] {
					found++
				}
			}
		}
		if found == 0 {
			return 0
		}
		precision, recall := found/accepted, found/positives
		return 2 * precision * recall / (precision + recall)
	},
}

func errorRates(distance []float32, same []bool, threshold float64) (far, frr float64) {
	var positives, negatives float64
	for i, d := range distance {
		if same[i] {
			positives++
			if float64(d) > threshold {
				frr++
			}
		} else {
			negatives++
			if float64(d) <= threshold {
				far++
			}
		}
	}
	return far / negatives, frr / positives
}

func TestPairsTable(t *testing.T) {
	for _, name := range Pairs.Names() {
		t.Run(name, func(t *testing.T) {
			m, oracle := pairMetric(t, name), oracles[name]
			if oracle == nil || Pairs.Rows[name].Brief == "" {
				t.Fatal("row without oracle or brief")
			}
			r := rand.New(rand.NewPCG(1, 0))
			for try := range 60 {
				distance, same := draws(r, 2+r.IntN(40), float64(try%3)) // steps 0 = no ties
				threshold := r.NormFloat64()
				got := m.Value(score(t, distance, same).Curve(), threshold)
				if want := oracle(distance, same, threshold); math.Abs(got-want) > 1e-12 {
					t.Fatalf("try %d: %g, by plain loop %g", try, got, want)
				}
				invariant(t, m, r, distance, same, threshold)
			}
			directed(t, m)
			refusesOptions(t, name)
		})
	}
}

// invariant checks that order and unit of the distances do not matter, and that a
// weight is the same as repetition.
func invariant(t *testing.T, m PairMetric, r *rand.Rand, distance []float32, same []bool,
	threshold float64) {
	t.Helper()
	s := score(t, distance, same)
	want := m.Value(s.Curve(), threshold)
	var moved, repeated []float32
	var movedSame, repeatedSame []bool
	weights := make([]float64, len(same))
	for _, i := range r.Perm(len(same)) {
		moved, movedSame = append(moved, 4*distance[i]), append(movedSame, same[i]) // 4: exact
		weights[i] = float64(1 + r.IntN(3))
		for range int(weights[i]) {
			repeated = append(repeated, distance[i])
			repeatedSame = append(repeatedSame, same[i])
		}
	}
	if got := m.Value(score(t, moved, movedSame).Curve(), 4*threshold); got != want {
		t.Fatalf("%g after permuting and scaling, before %g", got, want)
	}
	weighted, err := Score(distance, same, weights)
	if err != nil {
		t.Fatal(err)
	}
	want = m.Value(score(t, repeated, repeatedSame).Curve(), threshold)
	if got := m.Value(weighted.Curve(), threshold); got != want {
		t.Fatalf("%g with weights, %g with repeated pairs", got, want)
	}
}

// directed checks the direction and the ends of the range.
func directed(t *testing.T, m PairMetric) {
	t.Helper()
	same := []bool{true, true, false, false}
	best := m.Value(score(t, []float32{1, 2, 3, 4}, same).Curve(), 2.5)
	worst := m.Value(score(t, []float32{3, 4, 1, 2}, same).Curve(), 2.5)
	if !m.Better.Than(best, worst) || m.Better.Than(worst, best) || m.Better.Than(best, best) {
		t.Errorf("perfect order has %g, reversed %g, %s is better", best, worst, m.Better)
	}
	if min(best, worst) < 0 || max(best, worst) != 1 {
		t.Errorf("perfect order has %g, reversed %g, want within [0,1], one of them 1", best, worst)
	}
}

func refusesOptions(t *testing.T, name string) {
	t.Helper()
	var c named.Choice
	if err := yaml.Unmarshal([]byte("{"+name+": {k: 3}}"), &c); err != nil {
		t.Fatal(err)
	}
	if _, err := Pairs.New(&c); err == nil || !strings.Contains(err.Error(), `"k"`) {
		t.Errorf("error = %v, want one that names the unknown option", err)
	}
}

func TestDegenerate(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		distance []float32
		same     []bool
		want     string
	}{
		{nil, nil, "0 positive and 0 negative pairs, want at least one of each"},
		{[]float32{1, 2}, []bool{true, true}, "2 positive and 0 negative pairs"},
		{[]float32{1}, []bool{false}, "0 positive and 1 negative pairs"},
		{[]float32{1, nan}, []bool{true, false}, "distance of pair 1 is NaN"},
		{[]float32{-inf, 1}, []bool{true, false}, "distance of pair 0 is -Inf"},
	} {
		_, err := Score(c.distance, c.same, nil)
		_, summary := Summarize(c.distance, c.same, nil)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("Score(%v): error = %v, want %q", c.distance, err, c.want)
		}
		if summary == nil || summary.Error() != err.Error() {
			t.Errorf("Summarize(%v): error = %v", c.distance, summary)
		}
		var degenerate *DegenerateError
		var distance *DistanceError
		if !errors.As(err, &degenerate) && !errors.As(err, &distance) {
			t.Errorf("error %T is not typed", err)
		}
	}
}

func TestCalibrate(t *testing.T) {
	next := math.Nextafter32(1, 2)
	for _, c := range []struct {
		name     string
		distance []float32
		same     string // 1 = positive
		want     float64
		accuracy float64
	}{
		{"separated: the middle of the gap", []float32{1, 2, 4, 8}, "1100", 3, 1},
		{"neighbours in float32", []float32{1, next}, "10", (1 + float64(next)) / 2, 1},
		// By hand: cuts 1.5, 3.5 and 5.5 have 5 of 6 right; the middle one is taken.
		{"the middle of three", []float32{1, 2, 3, 4, 5, 6}, "101010", 3.5, 4.0 / 6},
		// By hand: cuts 1.5 and 3.5 have 3 of 4 right; the lower one is taken.
		{"the lower of two", []float32{1, 2, 3, 4}, "1010", 1.5, 0.75},
		{"refuse all", []float32{1, 2, 2}, "010", -1, 2.0 / 3},
		{"refuse all, 0 as well", []float32{0, 2, 2}, "010", -1, 2.0 / 3}, // was the denormal below 0
		{"refuse all scores", []float32{-0x1p100, 2, 2}, "010", -0x1p101, 2.0 / 3},
		{"accept all", []float32{1, 1, 1, 2}, "1011", 2.5, 0.75}, // as far above 2 as 1.5 is below
		{"accept the only one", []float32{0, 0, 0}, "101", 0, 2.0 / 3},
	} {
		s := score(t, c.distance, kinds(c.same))
		threshold, accuracy := Calibrate(s.Curve())
		if threshold != c.want || accuracy != c.accuracy {
			t.Errorf("%s: threshold %g with %g, want %g with %g",
				c.name, threshold, accuracy, c.want, c.accuracy)
		}
		if got := Accuracy(s.Curve(), threshold); got != accuracy {
			t.Errorf("%s: accuracy at the threshold is %g, not %g", c.name, got, accuracy)
		}
	}
}

// kinds reads "10" as a positive and a negative pair.
func kinds(text string) []bool {
	same := make([]bool, len(text))
	for i, c := range text {
		same[i] = c == '1'
	}
	return same
}

func TestRates(t *testing.T) {
	// 60 negatives at 1..60; positives at 0.5, 3.5 and 30.
	distance, same := []float32{0.5, 3.5, 30}, []bool{true, true, true}
	for i := range 60 {
		distance, same = append(distance, float32(i+1)), append(same, false)
	}
	got, err := Rates(score(t, distance, same).Curve(), []float64{0.01, 0.05, 0.16, 1})
	want := []Rate{
		{Target: 0.01}, // 60 negatives measure no less than 3/60 = 5 %
		{Target: 0.05, Measurable: true, Threshold: 3.75, FAR: 0.05, FRR: 1.0 / 3},
		{Target: 0.16, Measurable: true, Threshold: 9.5, FAR: 0.15, FRR: 1.0 / 3},
		{Target: 1, Measurable: true, Threshold: 60.5, FAR: 1, FRR: 0},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Rates = %+v, %v, want %+v", got, err, want)
	}
	for _, rate := range got[1:] {
		far, frr := errorRates(distance, same, rate.Threshold)
		if far != rate.FAR || frr != rate.FRR {
			t.Errorf("at %g the rates are %g and %g, not as in %+v", rate.Threshold, far, frr, rate)
		}
	}
	// 30 negatives tie as the closest: no threshold but one that accepts none.
	tied := score(t, append(make([]float32, 30), 1), kinds(strings.Repeat("0", 30)+"1"))
	got, err = Rates(tied.Curve(), []float64{0.1})
	if err != nil || got[0].FAR != 0 || got[0].FRR != 1 || !(got[0].Threshold < 0) {
		t.Errorf("tied negatives: %+v, %v", got, err)
	}
	if _, err := Rates(tied.Curve(), []float64{0}); err == nil {
		t.Error("target 0 was taken")
	}
}

func TestScoreProbabilities(t *testing.T) {
	above, below := math.Nextafter32(0.5, 1), math.Nextafter32(0.5, 0)
	// Right are 0.9 and above; wrong are 0.5 and 0.2 (refused, same) and 0.7; right: below.
	p := []float32{0.9, above, 0.5, 0.2, 0.7, below}
	s, err := ScoreProbabilities(p, kinds("111100"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := Accuracy(s.Curve(), Half); got != 3.0/6 {
		t.Errorf("accuracy at 0.5 = %g, want 3 of 6", got)
	}
}

func FuzzAUC(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, data []byte) {
		var distance []float32
		var same []bool
		for _, b := range data[:min(len(data), 200)] {
			distance, same = append(distance, float32(b>>1)), append(same, b&1 == 1)
		}
		s, err := Score(distance, same, nil)
		if err != nil {
			return
		}
		if got, want := AUC(s.Curve()), oracles["auc"](distance, same, 0); got != want {
			t.Errorf("AUC = %g, by plain loop %g", got, want)
		}
	})
}
