package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/suspects"
)

// hardGroup is examples of one kind of error, or of right answers that were nearly wrong.
type hardGroup struct {
	Title string
	Of    string // how many there are
	Pairs []hardPair
}

// hardPair is two pictures, and what was said of them.
type hardPair struct {
	Left, Right         int32
	LeftName, RightName string
	Word, Text          string
}

// hard returns the worst answers of each kind.
func (s *subject) hard() (list []hardGroup) {
	threshold, ok := s.threshold()
	if s.Labels == nil {
		accepted := func(p shownPair) bool { return float64(p.distance) <= threshold }
		list = append(list, s.worst("False accepts: different, but called same; the nearest first", true, func(p shownPair) bool { return !p.same && accepted(p) }),
			s.worst("False rejects: same, but called different; the farthest first", false, func(p shownPair) bool { return p.same && !accepted(p) }))
	} else {
		list = append(list, s.worst("Wrong: another label image is the nearest; the surest first", true, func(p shownPair) bool { return !p.same }))
		if ok {
			refused := s.worst("Refused: the right label image is the nearest, but too far; the farthest first", false,
				func(p shownPair) bool { return p.same && float64(p.distance) > threshold })
			for i := range refused.Pairs {
				refused.Pairs[i].Word = "refused"
			}
			list = append(list, refused)
		}
		return list
	}
	if len(s.queries) > 0 {
		queries := *s
		queries.pairs = nil
		for _, q := range s.queries {
			if len(q.answers) > 0 {
				queries.pairs = append(queries.pairs, shownPair{q.picture, q.answers[0], q.distance[0], q.right[0]})
			}
		}
		list = append(list, queries.worst("Searches: the nearest picture is of another class; the surest first", true, func(p shownPair) bool { return !p.same }))
	}
	return list
}

// worst returns the pairs that are of a kind, from near to far or the other way round, no picture twice.
func (s *subject) worst(title string, nearest bool, is func(shownPair) bool) hardGroup {
	var of []shownPair
	for _, p := range s.pairs {
		if is(p) {
			of = append(of, p)
		}
	}
	slices.SortStableFunc(of, func(a, b shownPair) int { return cmp.Compare(a.distance, b.distance) })
	if !nearest {
		slices.Reverse(of)
	}
	g := hardGroup{Title: title, Of: fmt.Sprintf("%s of %s", commas(int64(len(of))), commas(int64(len(s.pairs))))}
	shown := map[int32]bool{}
	for _, p := range of {
		if shown[p.left] || s.Labels == nil && shown[p.right] {
			continue
		}
		shown[p.left], shown[p.right] = true, true
		g.Pairs = append(g.Pairs, hardPair{Left: p.left, Right: p.right, LeftName: s.pictures[p.left].name(), RightName: s.pictures[p.right].name(),
			Word: "wrong", Text: fmt.Sprintf("distance %.4g", p.distance)})
		if len(g.Pairs) == mostHard {
			break
		}
	}
	return g
}

// confusedRow is two classes and a picture of each.
type confusedRow struct {
	Path   string // of the confusion in the JSON
	Class  string
	As     string
	Second bool // it is not the most frequent
	Pair   hardPair
}

// confusedRows returns the most frequent confusions with their surest example.
func (s *subject) confusedRows() (list []confusedRow) {
	for i, c := range s.confusions() {
		if len(list) == mostConfuse {
			break
		}
		row := confusedRow{Second: len(list) > 0, Path: fmt.Sprintf("confused.%d", i), Class: c.Class, As: cmp.Or(c.As, "no class")}
		best := -1
		for at, q := range s.queries {
			if len(q.answers) > 0 && !q.right[0] && q.class == c.Class && s.found(q.answers[0]) == c.As &&
				(best < 0 || q.distance[0] < s.queries[best].distance[0]) {
				best = at
			}
		}
		if best < 0 {
			continue
		}
		q := s.queries[best]
		row.Pair = hardPair{Left: q.picture, Right: q.answers[0], LeftName: s.pictures[q.picture].name(), RightName: s.pictures[q.answers[0]].name(),
			Text: fmt.Sprintf("distance %.4g", q.distance[0])}
		list = append(list, row)
	}
	return list
}

// found is the class by which an answer is counted.
func (s *subject) found(picture int32) string {
	if s.Labels != nil {
		return s.pictures[picture].called()
	}
	return s.pictures[picture].Class
}

// doubtRow is a label that the network contradicts, which has not learnt from it.
type doubtRow struct {
	Score                float64
	Label, Seems         string
	Picture, Near        int32
	Name, NearName, Line string
	Pair                 bool // the label is of both pictures
}

// doubts returns the labels of what was measured that are probably wrong, the most doubtful first.
func (s *subject) doubts() []suspects.Suspect {
	var list []suspects.Suspect
	switch {
	case s.Labels != nil:
		list = s.doubtedMatches()
	case len(s.queries) > 0:
		if len(s.Pairs.Found.Asked) <= mostShown {
			var rows []float32
			for _, picture := range s.asking {
				rows = append(rows, s.embeddings[int(picture)*s.dim:][:s.dim]...)
			}
			list = suspects.Images(s.Data, s.Pairs.Found.Asked, nil, rows, s.Distance)
		}
	case s.Data.Kind().Lists():
		list = suspects.Pairs(s.Data, s.listed(), s.Pairs.Answers.Distance, s.Pairs.Threshold.Value)
	}
	suspects.Sort(list)
	return list
}

// listed returns the pairs of the report with the lines of the list that they are from.
func (s *subject) listed() []dataset.Pair {
	line := map[[2]int32]dataset.Pair{}
	for _, p := range s.Data.Pairs {
		line[[2]int32{p.Left, p.Right}] = p
	}
	a := s.Pairs.Answers
	list := make([]dataset.Pair, len(a.Same))
	for i, same := range a.Same {
		key := [2]int32{a.Images[a.Left[i]], a.Images[a.Right[i]]}
		list[i] = dataset.Pair{Left: key[0], Right: key[1], Same: same, Line: line[key].Line}
	}
	return list
}

// doubtedMatches returns the doubts about photos and label images of this data.
func (s *subject) doubtedMatches() []suspects.Suspect {
	a := s.Labels.Answers
	byPath := map[string]int32{}
	for image, of := range s.Data.Images {
		byPath[of.Path] = int32(image)
	}
	var gallery []int32
	var labels []float32
	at := map[int32]bool{}
	for row, image := range a.Images {
		if known, ok := byPath[image.Path]; ok {
			gallery, labels = append(gallery, known), append(labels, a.Gallery[row*s.dim:][:s.dim]...)
			at[known] = true
		}
	}
	row := map[int32]int{}
	for i, photo := range a.Photos {
		row[photo] = i
	}
	var matches []dataset.Match
	var photos []float32
	for _, m := range s.Data.All().Matches {
		if i, measured := row[m.Image]; measured && at[m.Label] {
			matches, photos = append(matches, m), append(photos, a.Embeddings[i*s.dim:][:s.dim]...)
		}
	}
	return suspects.LabelImages(s.Data, matches, gallery, photos, labels, s.Distance)
}

// doubtRows returns the most doubtful labels, as pictures.
func (s *subject) doubtRows(list []suspects.Suspect) (rows []doubtRow) {
	at := map[string]int32{}
	for i := len(s.pictures) - 1; i >= 0; i-- {
		at[s.pictures[i].Path] = int32(i)
	}
	for _, d := range list[:min(mostDoubts, len(list))] {
		image, near := d.Pictures()
		r := doubtRow{Score: d.Score, Label: d.Label, Seems: d.Seems, Picture: at[s.Data.Images[image].Path], Near: at[s.Data.Images[near].Path],
			Name: s.Data.Images[image].Path, NearName: s.Data.Images[near].Path}
		if s.Labels != nil { // whose labels are pictures, called by their classes
			r.Label, r.Seems = s.pictures[at[d.Label]].called(), s.pictures[at[d.Seems]].called()
		}
		if d.Line > 0 {
			r.Line, r.Pair = fmt.Sprintf("line %d", d.Line), s.Labels == nil && s.Data.Kind().Lists()
		}
		rows = append(rows, r)
	}
	return rows
}
