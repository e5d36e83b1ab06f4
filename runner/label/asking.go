package label

import (
	"errors"
	"slices"

	"github.com/tfpair/tfpair/internal/forest"
)

// Question is two pictures.
type Question struct {
	Left, Right int
	Sure        bool // the answer is expected: it measures the person
}

// sureEvery is how many questions there are to a sure one.
const sureEvery = 12

// ErrNothingLeft says that every pair worth asking about was asked.
var ErrNothingLeft = errors.New("every pair that is worth asking about has an answer")

// Next returns a question for a person.
func (s *Session) Next(name string) (Question, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn++
	if s.turn%secondEvery == 0 {
		if q, ok := s.secondOne(name); ok {
			return q, nil
		}
	}
	if s.turn%sureEvery == 0 {
		if q, ok := s.sureOne(); ok {
			return q, nil
		}
	}
	if q, ok := s.setsOne(); ok {
		return q, nil
	}
	return s.unsureOne()
}

// tries is how many pictures a question is the best of.
const tries = 24

// unsureOne returns the pair nearest to the threshold, of pictures that were asked about least.
func (s *Session) unsureOne() (Question, error) {
	joined := s.joined()
	order := s.random.Perm(len(s.near))
	slices.SortStableFunc(order, func(a, b int) int { return s.count[a] - s.count[b] })
	best, found, off := Question{}, false, 0.0
	looked := 0
	for _, i := range order {
		any := false
		for _, k := range s.near[i] {
			p := newPair(int32(i), k)
			if s.asked[p] || joined.Root(int32(i)) == joined.Root(k) { // what follows from answers is not asked
				continue
			}
			any = true
			if d := s.off(int32(i), k); !found || d < off {
				best, found, off = Question{Left: i, Right: int(k)}, true, d
			}
		}
		if any {
			looked++
		}
		if looked == tries {
			break
		}
	}
	if !found {
		return Question{}, ErrNothingLeft
	}
	return best, nil
}

// off is how far the distance of a pair is from the threshold.
func (s *Session) off(a, b int32) float64 {
	d := s.space.apart(a, b) - s.threshold
	return max(d, -d)
}

// joined returns which pictures are the same by the answers.
func (s *Session) joined() forest.Forest {
	f := forest.New(len(s.near))
	for _, l := range s.labelled() {
		if l.Same {
			f.Join(l.Left, l.Right)
		}
	}
	return f
}

// sureOne returns a pair that the distance leaves no doubt about: two that are nearest to each other, or two at random that
// are far apart.
func (s *Session) sureOne() (Question, bool) {
	list := s.labelled()
	for range 50 {
		i := int32(s.random.IntN(len(s.near)))
		if len(list) > 0 { // of a picture that is placed: the answer places the other one, too
			i = list[s.random.IntN(len(list))].Left
		}
		k, same := s.near[i][0], s.random.IntN(2) == 0
		if !same {
			k = int32(s.random.IntN(len(s.near)))
			if len(list) > 0 {
				k = list[s.random.IntN(len(list))].Right
			}
		}
		d := s.space.apart(i, k)
		if p := newPair(i, k); i != k && !s.asked[p] && (same && d < s.threshold/4 || !same && d > 4*s.threshold) {
			s.sure[p] = same
			return Question{int(i), int(k), true}, true
		}
	}
	return Question{}, false
}

// stair is by how much an answer moves the distance that is asked about.
const stair = 1.02

// step asks about pairs that are farther apart after a same one, and nearer together after a different one, so that both
// answers become as frequent: the staircase of Dixon and Mood, A method for obtaining and analyzing sensitivity data, Journal of
// the American Statistical Association 43, 1948.
func (s *Session) step(same bool) {
	if same {
		s.threshold *= stair
	} else {
		s.threshold /= stair
	}
}

// guess returns a threshold before anything is known: the median distance of the third nearest.
func (s *Session) guess() float64 {
	var distances []float64
	for i, near := range s.near {
		distances = append(distances, s.space.apart(int32(i), near[min(2, len(near)-1)]))
	}
	slices.Sort(distances)
	return distances[len(distances)/2]
}
