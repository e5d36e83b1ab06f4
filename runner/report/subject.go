package report

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/evaluate"
)

const (
	mostShown   = 3000 // pictures on a page
	mostPairs   = 96   // that change sides under the slider
	mostHard    = 6    // pairs or queries of each kind
	mostConfuse = 6    // classes, as picture pairs
	mostDoubts  = 12   // labels
	mostClasses = 200  // rows
)

// kind is the words for what was measured.
type kind struct {
	Labels    bool   `json:"-"`
	Accepts   string `json:"accepts"` // what the threshold accepts and should not
	Rejects   string `json:"rejects"` // what it refuses and should not
	Kept      string `json:"kept"`    // what it accepts and should
	Positives string `json:"positives"`
	Negatives string `json:"negatives"`
	Yes       string `json:"yes"` // what is said of an accepted pair
	No        string `json:"no"`
}

var (
	ofPairs  = kind{false, "false accepts", "false rejects", "same pairs accepted", "same pairs", "different pairs", "called same", "called different"}
	ofLabels = kind{true, "strangers accepted", "photos not found", "photos found", "photos", "strangers, whose label image was taken out", "accepted", "none of these"}
)

// subject is what was measured, as pictures.
type subject struct {
	Source
	kind       kind
	pictures   []Picture
	mapped     int // of the pictures, from the first, that have embeddings
	embeddings []float32
	dim        int
	queries    []query
	asking     []int32 // pictures that asked, of pairs: not all where others are only searched
	pairs      []shownPair
}

// query is a picture and what it found.
type query struct {
	picture  int32
	class    string // that a right answer is of
	answers  []int32
	distance []float32
	right    []bool
}

// shownPair is two pictures that were compared.
type shownPair struct {
	left, right int32
	distance    float32
	same        bool
}

// subject returns the pictures of what was measured.
func (s Source) subject() *subject {
	if s.Labels != nil {
		return s.ofLabels()
	}
	return s.ofPairs()
}

func (s Source) ofPairs() *subject {
	a := s.Pairs.Answers
	sub := &subject{Source: s, kind: ofPairs, mapped: len(a.Images), embeddings: a.Embeddings}
	sub.dim = len(a.Embeddings) / max(1, len(a.Images))
	for _, image := range a.Images {
		sub.pictures = append(sub.pictures, pictureOf(s.Data, image))
	}
	for i, d := range a.Distance {
		sub.pairs = append(sub.pairs, shownPair{a.Left[i], a.Right[i], d, a.Same[i]})
	}
	f := s.Pairs.Found
	if f == nil {
		return sub
	}
	number := map[int32]int32{}
	for picture, image := range a.Images {
		number[image] = int32(picture)
	}
	for _, image := range f.Asked {
		sub.asking = append(sub.asking, number[image])
	}
	first := int32(0) // of the answers
	if s.Pairs.Gallery != nil {
		first = int32(len(sub.pictures))
		for _, image := range f.Answers {
			sub.pictures = append(sub.pictures, pictureOf(f.Data, image))
		}
	}
	for at, row := range f.Queries {
		picture := sub.asking[row]
		q := query{picture: picture, class: sub.pictures[picture].Class, distance: f.Distance[at], right: f.Right[at]}
		for _, answer := range f.Top[at] {
			q.answers = append(q.answers, first+answer)
		}
		sub.queries = append(sub.queries, q)
	}
	return sub
}

func (s Source) ofLabels() *subject {
	a := s.Labels.Answers
	sub := &subject{Source: s, kind: ofLabels, embeddings: slices.Concat(a.Embeddings, a.Gallery)}
	sub.dim = len(a.Embeddings) / max(1, len(a.Photos))
	known := map[string]bool{}
	for _, image := range s.Data.Images {
		known[image.Path] = true
	}
	for _, image := range a.Photos {
		sub.pictures = append(sub.pictures, pictureOf(s.Data, image))
	}
	for _, image := range a.Images {
		p := Picture{Path: image.Path, Class: image.Class}
		if known[image.Path] { // else it is one of the training's that this data lacks
			p.Root = s.Data.Root
		}
		sub.pictures = append(sub.pictures, p)
	}
	sub.mapped = len(sub.pictures)
	first := int32(len(a.Photos))
	for q, top := range a.Top {
		one := query{picture: int32(q), class: sub.pictures[first+a.Right[q]].called(), distance: a.Distance[q]}
		for _, row := range top {
			one.answers, one.right = append(one.answers, first+row), append(one.right, row == a.Right[q])
		}
		sub.queries = append(sub.queries, one)
		sub.pairs = append(sub.pairs, shownPair{int32(q), one.answers[0], one.distance[0], one.right[0]})
	}
	return sub
}

// pictureOf returns where an image of data lies.
func pictureOf(d *dataset.Dataset, image int32) Picture {
	of := d.Images[image]
	p := Picture{Root: d.Root, Path: of.Path}
	if of.Class >= 0 && int(of.Class) < len(d.Classes) {
		p.Class = d.Classes[of.Class]
	}
	return p
}

// called is the class of a picture, its path where it has none.
func (p Picture) called() string { return cmp.Or(p.Class, p.Path) }

// name is what a picture is called for those who cannot see it.
func (p Picture) name() string {
	if p.Class == "" {
		return p.Path
	}
	return p.Class + ": " + p.Path
}

// trade returns what thresholds decide.
func (s *subject) trade() trade {
	t := trade{}
	if s.Labels != nil {
		t = tradeOfSearch(s.Labels)
	} else {
		t = tradeOfPairs(s.Pairs)
	}
	t.words = s.kind
	return t
}

// threshold returns that of the model; ok is false where it has none.
func (s *subject) threshold() (value float64, ok bool) {
	switch {
	case s.Labels == nil:
		return s.Pairs.Threshold.Value, true
	case s.Labels.None != nil:
		return s.Labels.None.Above.Value, true
	}
	return 0, false
}

// perClass returns the classes of the report.
func (s Source) perClass() []evaluate.Class {
	if s.Labels != nil {
		return s.Labels.PerClass
	}
	return s.Pairs.PerClass
}

// confusions returns the confused classes of the report.
func (s Source) confusions() []evaluate.Confusion {
	if s.Labels != nil {
		return s.Labels.Confused
	}
	return s.Pairs.Confused
}

// choice is which pictures are on the page.
type choice struct {
	shown   []int32     // pictures, in the order of their numbers
	pairs   []shownPair // under the slider
	queries []query     // of the gallery
	left    string      // what is not shown
}

// choose returns what is shown: all of up to 3,000 pictures, else those of the examples and of queries drawn by the
// evaluation's seed.
func (s *subject) choose(must map[int32]bool) choice {
	c := choice{pairs: s.spread()}
	shown := map[int32]bool{}
	for picture := range must {
		shown[picture] = true
	}
	for _, p := range c.pairs {
		shown[p.left], shown[p.right] = true, true
	}
	if len(s.pictures) <= mostShown {
		for i := range s.pictures {
			shown[int32(i)] = true
		}
		c.queries = s.queries
	} else {
		c.queries = s.drawn(shown)
		c.left = fmt.Sprintf("The pictures are a sample, drawn with seed %d: %s of %s. The numbers are of all of them.", s.seed(),
			commas(int64(len(shown))), commas(int64(len(s.pictures))))
	}
	for picture := range shown {
		c.shown = append(c.shown, picture)
	}
	slices.Sort(c.shown)
	return c
}

// drawn draws queries, and adds them and their answers to what is shown, as long as it may grow.
func (s *subject) drawn(shown map[int32]bool) (list []query) {
	r := rand.New(rand.NewPCG(s.seed(), 0x7265706f)) // "repo": a stream of its own
	order := r.Perm(len(s.queries))
	for _, at := range order {
		q := s.queries[at]
		if len(shown)+1+len(q.answers) > mostShown {
			break
		}
		shown[q.picture] = true
		for _, answer := range q.answers {
			shown[answer] = true
		}
		list = append(list, q)
	}
	if len(s.queries) == 0 {
		for _, picture := range r.Perm(len(s.pictures)) {
			if len(shown) < mostShown {
				shown[int32(picture)] = true
			}
		}
	}
	slices.SortFunc(list, func(a, b query) int { return cmp.Compare(a.picture, b.picture) })
	return list
}

func (s *subject) seed() uint64 {
	if s.Labels != nil {
		return s.Labels.Seed
	}
	return s.Pairs.Seed
}

// spread returns pairs of either kind from near to far, and those beside the threshold.
func (s *subject) spread() (list []shownPair) {
	chosen := map[int]bool{}
	threshold, ok := s.threshold()
	for _, same := range []bool{true, false} {
		var of []int
		for i, p := range s.pairs {
			if p.same == same {
				of = append(of, i)
			}
		}
		slices.SortStableFunc(of, func(a, b int) int { return cmp.Compare(s.pairs[a].distance, s.pairs[b].distance) })
		for k := range min(mostPairs/3, len(of)) {
			chosen[of[k*len(of)/min(mostPairs/3, len(of))]] = true
		}
		if !ok {
			continue
		}
		at, _ := slices.BinarySearchFunc(of, threshold, func(i int, t float64) int { return cmp.Compare(float64(s.pairs[i].distance), t) })
		for _, i := range of[max(0, at-mostPairs/12):min(len(of), at+mostPairs/12)] {
			chosen[i] = true
		}
	}
	for i, p := range s.pairs {
		if chosen[i] {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b shownPair) int { return cmp.Compare(a.distance, b.distance) })
	return list
}
