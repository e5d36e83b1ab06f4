package label

import (
	"cmp"
	"math"
	"slices"
)

const (
	mostLooked = 200  // photos that a sure one is looked for among
	agreed     = 0.98 // share of answers that the first suggestion has to be, where it leads by so much
)

// sureOne returns a photo whose label image is beyond doubt by the answers so far: it is another photo's copy, or the first
// suggestion leads by as much as suggestions that were nearly always chosen. It is at any place among the five: who always
// presses 1 is told apart.
func (m *Matching) sureOne() (Suggestion, bool) {
	looked := 0
	for _, i := range m.order {
		path := m.photos.Paths[i]
		if _, answered := m.answer[path]; answered || m.skipped[path] || len(m.not[path]) > 0 {
			continue
		}
		if first, lead := m.ranking.lead(i); lead >= m.wide {
			m.sure[path] = m.labels.Paths[first]
			s := m.suggest(i)
			at := slices.Index(s.Labels, int(first))
			if at < 0 { // of a copy, whose label image looks unlike it
				at = len(s.Labels) - 1
				s.Labels[at] = int(first)
			}
			to := m.random.IntN(len(s.Labels))
			s.Labels[at], s.Labels[to] = s.Labels[to], s.Labels[at]
			return s, true
		}
		if looked++; looked == mostLooked {
			break
		}
	}
	return Suggestion{}, false
}

// measure counts what a person said of a photo whose label image was expected; a label of "" is none of those shown.
func (m *Matching) measure(a Match) {
	want, ok := m.sure[a.Image]
	if !ok {
		return
	}
	delete(m.sure, a.Image)
	m.person.count(a.Label == want)
}

// lead returns the label image that is suggested first for a photo, and by how much more it is like it than the next one: without
// bound where the photo is a copy of one that it was chosen for, 0 where copies have different ones.
func (r *ranking) lead(photo int32) (first int32, by float64) {
	own, through := r.alike(photo)
	best, next := math.Inf(-1), math.Inf(-1)
	for l := range own {
		alike := max(own[l], through[l]-r.allowed)
		if through[l] > 1-copyApart {
			alike = math.Inf(1)
		}
		if alike > best {
			first, best, next = int32(l), alike, best
		} else {
			next = max(next, alike)
		}
	}
	if math.IsInf(next, 1) {
		return first, 0
	}
	return first, best - next
}

// learn makes the ranking from what was chosen.
func (m *Matching) learn() {
	list := m.chosen()
	m.ranking.learn(list)
	var leads []lead
	for _, c := range list[max(0, len(list)-mostTried):] {
		first, by := m.ranking.lead(c.photo)
		leads = append(leads, lead{by, first == c.label})
	}
	for _, i := range m.order { // photos that none of those shown was right for count as much
		path := m.photos.Paths[i]
		if _, answered := m.answer[path]; answered || len(m.not[path]) == 0 || len(leads) >= 2*mostTried {
			continue
		}
		if first, by := m.ranking.lead(i); slices.Contains(m.not[path], m.labels.Paths[first]) {
			leads = append(leads, lead{by, false})
		}
	}
	m.wide = wide(leads)
}

// lead is by how much the first suggestion for a photo leads, and whether it was chosen.
type lead struct {
	by    float64
	right bool
}

// wide returns the least lead at which the first suggestion was nearly always what was chosen. There is none where too few have
// one: only copies are sure then.
func wide(leads []lead) float64 {
	slices.SortFunc(leads, func(a, b lead) int { return cmp.Compare(b.by, a.by) })
	wide, right := math.Inf(1), 0
	for i, l := range leads {
		if l.right {
			right++
		}
		last := i+1 == len(leads) || leads[i+1].by < l.by
		if last && i+1 >= 2*fewest && float64(right) >= agreed*float64(i+1) {
			wide = l.by
		}
	}
	return wide
}
