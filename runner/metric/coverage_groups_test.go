package metric

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestCoverageOfGroups is about pairs and queries of bursts of images, in classes that training saw.
func TestCoverageOfGroups(t *testing.T) {
	for name, b := range map[string]bursts{
		"two groups of each class":   {classes: 40, alone: 0, groups: 2, images: 4},
		"many groups of few classes": {classes: 8, alone: 0, groups: 10, images: 4},
		"few groups":                 {classes: 5, alone: 0, groups: 3, images: 6},
		"80 groups, most alone":      {classes: 70, alone: 60, groups: 2, images: 4},
		"bursts of many images":      {classes: 10, alone: 0, groups: 4, images: 9},
	} {
		for kind, s := range map[string]study{"drawn pairs": b.pairs(t), "all pairs": b.allPairs(t), "queries": b.queries(), "answers": b.answers()} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				s.covers(t)
			})
		}
	}
}

// bursts are classes of points in a plane whose centres are fixed; groups lie around the centres, and
// images, alike, around groups. A same pair is of two groups.
type bursts struct {
	classes, alone int // classes, of which the first have one group each
	groups, images int // groups of each other class, images of each group
}

// Deviations of groups and of images.
const acrossBursts, withinBursts = 0.3, 0.1

func (b bursts) centres() []point {
	r := rand.New(rand.NewPCG(9, 0))
	list := make([]point, b.classes)
	for i := range list {
		list[i] = point{deviation: 1}.around(r)
		list[i].deviation = acrossBursts
	}
	return list
}

// points draws groups of images.
func (b bursts) points(r *rand.Rand, centres []point) (points []point, s Sample) {
	s.Group = []int32{}
	group := int32(0)
	for class, centre := range centres {
		groups := b.groups
		if class < b.alone {
			groups = 1
		}
		for range groups {
			middle := centre.around(r)
			middle.deviation = withinBursts
			for range b.images {
				points = append(points, middle.around(r))
				s.Class, s.Group = append(s.Class, int32(class)), append(s.Group, group)
			}
			group++
		}
	}
	return points, s
}

// walk gives all pairs but same ones of one group.
func (b bursts) walk(points []point, s Sample) Every {
	return func(block func(left, right []int32, distance []float32) error) error {
		for i, p := range points {
			var left, right []int32
			var distance []float32
			for j, q := range points[:i] {
				if s.Group[i] != s.Group[j] {
					left, right = append(left, int32(i)), append(right, int32(j))
					distance = append(distance, float32(math.Hypot(p.x-q.x, p.y-q.y)))
				}
			}
			if len(left) > 0 {
				if err := block(left, right, distance); err != nil {
					return err
				}
			}
		}
		return nil
	}
}

// truth is the AUC of 200,000 pairs of either kind, all of images and groups of their own. Classes of
// different pairs count alike, or as often as they have groups.
func (b bursts) truth(t *testing.T, byGroups bool) float64 {
	const pairs = 200_000
	r := rand.New(rand.NewPCG(8, 0))
	centres := b.centres()
	image := func(class int) point {
		middle := centres[class].around(r)
		middle.deviation = withinBursts
		return middle.around(r)
	}
	class := func() int {
		for {
			class := r.IntN(b.classes)
			if byGroups && class < b.alone && r.IntN(b.groups) > 0 {
				continue
			}
			return class
		}
	}
	var distance []float32
	var same []bool
	for len(same) < 2*pairs {
		l := b.alone + r.IntN(b.classes-b.alone)
		m, positive := l, len(same)%2 == 0
		if !positive {
			if l, m = class(), class(); l == m {
				continue
			}
		}
		p, q := image(l), image(m)
		distance, same = append(distance, float32(math.Hypot(p.x-q.x, p.y-q.y))), append(same, positive)
	}
	return AUC(score(t, distance, same).Curve())
}

// allPairs measures every pair of two groups.
func (b bursts) allPairs(t *testing.T) study {
	centres := b.centres()
	return study{truth: b.truth(t, true), method: ByGroups, draw: func(t *testing.T, r *rand.Rand) Interval {
		points, s := b.points(r, centres)
		_, list, err := s.Every(len(points), b.walk(points, s), []Statistic{pairMetric(t, "auc").At(0)})
		if err != nil {
			t.Fatal(err)
		}
		return list[0]
	}}
}

// pairs draws 300 pairs of either kind, by class first.
func (b bursts) pairs(t *testing.T) study {
	const drawn = 300
	centres := b.centres()
	return study{truth: b.truth(t, false), method: ByGroups, draw: func(t *testing.T, r *rand.Rand) Interval {
		points, s := b.points(r, centres)
		var left, right []int32
		var distance []float32
		var same []bool
		of := make([][]int32, b.classes)
		for i, class := range s.Class {
			of[class] = append(of[class], int32(i))
		}
		for len(same) < 2*drawn {
			l := b.alone + r.IntN(b.classes-b.alone)
			m, positive := l, len(same)%2 == 0
			if !positive {
				l = r.IntN(b.classes)
				m = (l + 1 + r.IntN(b.classes-1)) % b.classes
			}
			i, j := of[l][r.IntN(len(of[l]))], of[m][r.IntN(len(of[m]))]
			if s.Group[i] == s.Group[j] {
				continue
			}
			left, right, same = append(left, i), append(right, j), append(same, positive)
			distance = append(distance, float32(math.Hypot(points[i].x-points[j].x, points[i].y-points[j].y)))
		}
		return s.Pairs(score(t, distance, same), left, right, []Statistic{pairMetric(t, "auc").At(0)})[0]
	}}
}

// queries are right in 60 or 90 % of cases, by group.
func (b bursts) queries() study {
	return study{truth: 0.75, method: ByGroups, draw: func(t *testing.T, r *rand.Rand) Interval {
		_, s := b.points(r, b.centres())
		recall := make([]float64, len(s.Group))
		values := make([]float64, len(s.Group))
		for i, group := range s.Group {
			if recall[group] == 0 {
				recall[group] = 0.6 + 0.3*float64(r.IntN(2))
			}
			if r.Float64() < recall[group] {
				values[i] = 1
			}
		}
		_, got, err := s.Mean(QueryValues{Values: values}, EachQuery)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}}
}

// answers pairs each image with its label image, and with another: both distances hang on the group and on
// the image. The AUC of independent pairs is Φ(gap / sqrt(2·(group² + image²))).
func (b bursts) answers() study {
	const gap, group, image = 1.2, 0.5, 0.7
	centres := b.centres()
	return study{truth: normal(gap / math.Sqrt(2*(group*group+image*image))), method: ByGroups, draw: func(t *testing.T, r *rand.Rand) Interval {
		_, s := b.points(r, centres)
		of := map[int32]float64{}
		var distance []float32
		var same []bool
		var photo []int32
		for i, g := range s.Group {
			if _, known := of[g]; !known {
				of[g] = group * r.NormFloat64()
			}
			for _, d := range []float64{0, gap} {
				distance = append(distance, float32(d+of[g]+image*r.NormFloat64()))
				same, photo = append(same, d == 0), append(photo, int32(i))
			}
		}
		return s.Pairs(score(t, distance, same), photo, photo, []Statistic{pairMetric(t, "auc").At(0)})[0]
	}}
}
