package label

import (
	"cmp"
	"math"
	"slices"

	"github.com/tfpair/tfpair/runner/metric"
)

// ranking ranks label images for photos. How alike a photo and a label image are is how alike they look, or the photo and the
// nearest photo that the label image was chosen for. Photos are more like each other than like pictures of a catalogue: that is
// allowed for, by as much as suits the answers.
type ranking struct {
	space   *Space // of photos, then of label images
	photos  int
	unit    []float64 // [N,K] the learnt rows at length 1
	of      [][]int32 // [L] photos that each label image was chosen for
	allowed float64   // by which photos are more alike, a cosine
}

// allowances are what is tried for ranking.allowed. With the largest, photos that were answered for do not count.
var allowances = []float64{0, .05, .1, .15, .2, .3, .4, 2}

// matchedDirections are those of the embeddings that rank label images.
const matchedDirections = 48

// newRanking returns that of photos and label images, without answers.
func newRanking(photos, labels Pictures) *ranking {
	rows := append(levelled(photos), levelled(labels)...)
	r := &ranking{space: newSpace(rows, photos.Dim, matchedDirections), photos: len(photos.Paths), of: make([][]int32, len(labels.Paths))}
	r.learn(nil)
	return r
}

// levelled returns embeddings at length 1, less their mean: what all photos have in common, and all label images, tells nothing.
func levelled(p Pictures) []float32 {
	rows, mean := slices.Clone(p.Embeddings), make([]float64, p.Dim)
	n := float64(len(rows) / p.Dim)
	for row := range slices.Chunk(rows, p.Dim) {
		sum := 0.0
		for _, v := range row {
			sum += float64(v) * float64(v)
		}
		length := math.Sqrt(max(sum, 1e-12))
		for d := range row {
			row[d] = float32(float64(row[d]) / length)
			mean[d] += float64(row[d]) / n
		}
	}
	for row := range slices.Chunk(rows, p.Dim) {
		for d := range row {
			row[d] -= float32(mean[d])
		}
	}
	return rows
}

// chosen is a photo and the label image that somebody chose for it, by their numbers.
type chosen struct{ photo, label int32 }

// learn ranks by what was chosen from now on.
func (r *ranking) learn(list []chosen) {
	var same []Labelled
	for l := range r.of {
		r.of[l] = r.of[l][:0]
	}
	for _, c := range list {
		r.of[c.label] = append(r.of[c.label], c.photo)
		same = append(same, Labelled{c.photo, int32(r.photos) + c.label, true})
	}
	r.space.turn(same)
	r.unit = r.space.unit()
	r.allow(list)
}

// mostTried is how many answers an allowance is tried on.
const mostTried = 300

// allow chooses the allowance by which the label images of the last answers stand nearest to the front: by the mean of 1/rank,
// each photo ranked by the answers of the others.
func (r *ranking) allow(list []chosen) {
	score := make([]float64, len(allowances))
	for _, c := range list[max(0, len(list)-mostTried):] {
		own, through := r.alike(c.photo)
		for at, allowed := range allowances {
			rank, mine := 1, max(own[c.label], through[c.label]-allowed)
			for l := range own {
				if max(own[l], through[l]-allowed) > mine {
					rank++
				}
			}
			score[at] += 1 / float64(rank)
		}
	}
	best := 0
	for at := range score {
		if score[at] >= score[best] { // in doubt, what the pictures say themselves
			best = at
		}
	}
	r.allowed = allowances[best]
}

// alike returns how alike a photo and each label image are, and the photo and the nearest other one that it was chosen for, -2 where
// there is none.
func (r *ranking) alike(photo int32) (own, through []float64) {
	dim := r.space.dim
	row := r.unit[int(photo)*dim:][:dim]
	own, through = make([]float64, len(r.of)), make([]float64, len(r.of))
	for l, photos := range r.of {
		own[l], through[l] = dot(row, r.unit[(r.photos+l)*dim:][:dim]), -2
		for _, i := range photos {
			if i != photo {
				through[l] = max(through[l], dot(row, r.unit[int(i)*dim:][:dim]))
			}
		}
	}
	return own, through
}

// order returns all label images, the nearest to a photo first. What was chosen for the photo itself tells nothing.
func (r *ranking) order(photo int32) []int32 {
	alike, through := r.alike(photo)
	order := make([]int32, len(r.of))
	for l := range order {
		alike[l], order[l] = max(alike[l], through[l]-r.allowed), int32(l)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(alike[b], alike[a]) })
	return order
}

// MatchQuality is how often the label image that was chosen is suggested first.
type MatchQuality struct {
	Answers  int             `json:"answers"`
	First    float64         `json:"first"`    // share of answers, as learnt from other answers
	Interval metric.Interval `json:"interval"` // of it
	Plain    float64         `json:"plain"`    // the share by the embeddings as they are
	Half     float64         `json:"half"`     // the share as learnt from half of the other answers
	Shown    float64         `json:"shown"`    // share of answers that are among the suggestions, as learnt
}

// mostMeasured is how many answers MatchQuality looks at.
const mostMeasured = 2000

// Quality says how often the label image that was chosen comes first: each fifth of the answers is ranked by what was learnt
// from the others. ok is false where there are too few answers.
func (m *Matching) Quality() (q MatchQuality, ok bool) {
	m.mu.Lock()
	list := m.chosen()
	order := m.random.Perm(len(list))
	r, space := *m.ranking, *m.ranking.space
	m.mu.Unlock()
	if len(list) < 2*fewest {
		return q, false
	}
	q.Answers = len(list)
	r.space, r.of = &space, make([][]int32, len(m.labels.Paths))
	measured := 0
	var plain, half, first, shown int
	for fold := range parts {
		var test, train, some []chosen
		for at, i := range order {
			switch {
			case at%parts != fold:
				train = append(train, list[i])
				if at/parts%2 == 0 {
					some = append(some, list[i])
				}
			case len(test) < mostMeasured/parts:
				test = append(test, list[i])
			}
		}
		measured += len(test)
		for _, of := range []struct {
			list  []chosen
			first *int
			shown *int
		}{{nil, &plain, new(int)}, {some, &half, new(int)}, {train, &first, &shown}} {
			r.learn(of.list)
			for _, c := range test {
				at := slices.Index(r.order(c.photo), c.label)
				if at == 0 {
					*of.first++
				}
				if at < suggestions {
					*of.shown++
				}
			}
		}
	}
	share := func(n int) float64 { return float64(n) / float64(measured) }
	q.First, q.Plain, q.Half, q.Shown = share(first), share(plain), share(half), share(shown)
	q.Interval = metric.Share(first, measured, "other photos like these")
	return q, true
}
