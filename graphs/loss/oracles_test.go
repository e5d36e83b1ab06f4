package loss

import "math"

// batch is what an oracle sees, in float64.
type batch struct {
	embeddings [][]float64 // [N,D]
	labels     []int32     // [N]
	vectors    [][]float64 // [C,D]
}

func (b batch) positive(i, j int) bool { return i != j && b.labels[i] == b.labels[j] }

func (b batch) negative(i, j int) bool { return b.labels[i] != b.labels[j] }

// has reports whether image i has a partner of this kind.
func (b batch) has(i int, kind func(i, j int) bool) bool {
	for j := range b.labels {
		if kind(i, j) {
			return true
		}
	}
	return false
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

func cosine(a, b []float64) float64 { return dot(a, b) / math.Sqrt(dot(a, a)*dot(b, b)) }

func (b batch) cosine(i, j int) float64 { return cosine(b.embeddings[i], b.embeddings[j]) }

// mean returns the average, 0 of nothing.
func mean(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := 0.0
	for _, v := range values {
		s += v
	}
	return s / float64(len(values))
}

// classOracles are the losses of classes, with the default options, as plain loops.
var classOracles = map[string]func(b batch) float64{
	"supcon": func(b batch) float64 {
		var values []float64
		for i := range b.labels {
			if !b.has(i, b.positive) || !b.has(i, b.negative) {
				continue
			}
			all, logs, n := 0.0, 0.0, 0.0
			for j := range b.labels {
				if j != i {
					all += math.Exp(b.cosine(i, j) / 0.1)
				}
			}
			for j := range b.labels {
				if b.positive(i, j) {
					logs += math.Log(math.Exp(b.cosine(i, j)/0.1) / all)
					n++
				}
			}
			values = append(values, -logs/n)
		}
		return mean(values)
	},
	"infonce": func(b batch) float64 {
		var values []float64
		for i := range b.labels {
			negatives := 0.0
			for j := range b.labels {
				if b.negative(i, j) {
					negatives += math.Exp(b.cosine(i, j) / 0.1)
				}
			}
			for j := range b.labels {
				if b.positive(i, j) {
					e := math.Exp(b.cosine(i, j) / 0.1)
					values = append(values, -math.Log(e/(e+negatives)))
				}
			}
		}
		return mean(values)
	},
	"multisimilarity": func(b batch) float64 {
		var values []float64
		for i := range b.labels {
			pull, push := 1.0, 1.0
			for j := range b.labels {
				if b.positive(i, j) {
					pull += math.Exp(-2 * (b.cosine(i, j) - 0.5))
				} else if b.negative(i, j) {
					push += math.Exp(50 * (b.cosine(i, j) - 0.5))
				}
			}
			values = append(values, math.Log(pull)/2+math.Log(push)/50)
		}
		return mean(values)
	},
	"npair": func(b batch) float64 {
		var anchors, positives [][]float64
		for i := range b.labels {
			first := true
			for j := range i {
				first = first && !b.positive(i, j)
			}
			for j := range b.labels {
				if first && b.positive(i, j) {
					anchors, positives = append(anchors, b.embeddings[i]), append(positives, b.embeddings[j])
					break
				}
			}
		}
		var values []float64
		for i, f := range anchors {
			all := 0.0
			for _, g := range positives {
				all += math.Exp(dot(f, g) - dot(f, positives[i]))
			}
			values = append(values, math.Log(all)+0.002/4*(dot(f, f)+dot(positives[i], positives[i])))
		}
		return mean(values)
	},
	"proxyanchor": func(b batch) float64 {
		near, far, present := 0.0, 0.0, 0.0
		for c, proxy := range b.vectors {
			pull, push, members := 1.0, 1.0, false
			for i, e := range b.embeddings {
				s := cosine(e, proxy)
				if b.labels[i] == int32(c) {
					pull, members = pull+math.Exp(-32*(s-0.1)), true
				} else {
					push += math.Exp(32 * (s + 0.1))
				}
			}
			near, far = near+math.Log(pull), far+math.Log(push)
			if members {
				present++
			}
		}
		return near/present + far/float64(len(b.vectors))
	},
	"arcface": func(b batch) float64 {
		var values []float64
		for i, e := range b.embeddings {
			theta := math.Acos(cosine(e, b.vectors[b.labels[i]]))
			own := math.Cos(theta + 0.5)
			if theta > math.Pi-0.5 {
				own = math.Cos(theta) - 0.5*math.Sin(0.5)
			}
			all := 1.0 // e^(64 own) taken out
			for c, w := range b.vectors {
				if int32(c) != b.labels[i] {
					all += math.Exp(64 * (cosine(e, w) - own))
				}
			}
			values = append(values, math.Log(all))
		}
		return mean(values)
	},
	"circle": circleOracle(nil),
}

// circleOracle is the circle loss with weights as those of the batch fixed, nil: its
// own. Their gradient is no part of the loss's.
func circleOracle(fixed *batch) func(b batch) float64 {
	return func(b batch) float64 {
		weights := b
		if fixed != nil {
			weights = *fixed
		}
		var values []float64
		for i := range b.labels {
			if !b.has(i, b.positive) || !b.has(i, b.negative) {
				continue
			}
			push, pull := 0.0, 0.0
			for j := range b.labels {
				s, w := b.cosine(i, j), weights.cosine(i, j)
				if b.negative(i, j) {
					push += math.Exp(80 * math.Max(0, w+0.4) * (s - 0.4))
				} else if b.positive(i, j) {
					pull += math.Exp(-80 * math.Max(0, 1.4-w) * (s - 0.6))
				}
			}
			values = append(values, math.Log(1+push*pull))
		}
		return mean(values)
	}
}
