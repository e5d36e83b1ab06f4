// Package label asks people which pictures are the same, and keeps what they say.
//
//	embeddings → Session → question → page → answer → Journal: a list of pairs that trains
//
// It asks what is worth asking: pairs that are likely to be the same and are not known to be, with a sure one now and then
// that measures the person. An answer is on the disk before it is acknowledged.
package label

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Pictures are what is asked about.
type Pictures struct {
	Paths      []string  // [N] as the list is to have them, each once
	Embeddings []float32 // [N,D] row by row, finite
	Dim        int       // D
}

// Session asks about pictures, one question after another. It is safe for concurrent use.
type Session struct {
	pictures Pictures
	number   map[string]int // of each path
	near     [][]int32      // [N][≤neighbours] the nearest others, nearest first
	space    *Space
	journal  *Journal[Answer] // one answer of each pair
	second   *Journal[Answer] // what others said of pairs that have one
	now      func() time.Time

	mu        sync.Mutex // protects all that follows
	random    *rand.Rand
	asked     map[pair]bool      // answered, by anybody, or skipped by this session
	skipped   map[pair]bool      // by this session
	last      []*Journal[Answer] // that this session's answers went to
	turn      int                // questions asked
	count     []int              // [N] answers that each picture is in
	order     []int32            // [N] in which pictures are asked about
	threshold float64            // squared distance of the space that questions are near
	sure      map[pair]bool      // expected answers of sure questions that are out
	person    person
}

// pair is two pictures, the lower number first.
type pair struct{ a, b int32 }

func newPair(a, b int32) pair { return pair{min(a, b), max(a, b)} }

// person is how sure questions were answered.
type person struct {
	Right int `json:"right"`
	Asked int `json:"asked"`
}

// count counts an answer to a sure question.
func (p *person) count(expected bool) {
	p.Asked++
	if expected {
		p.Right++
	}
}

// neighbours is how many of the nearest pictures questions are chosen from.
const neighbours = 100

// New returns a session over pictures that goes on with what the journal holds; second answers of a pair go to another one. Rows
// whose pictures are not there stay as they are. Equal seeds and equal answers ask equal questions. The error says that there are too few pictures.
func New(p Pictures, j, second *Journal[Answer], seed uint64, now func() time.Time) (*Session, error) {
	if len(p.Paths) < 3 {
		return nil, fmt.Errorf("%d pictures are too few to ask about, want at least 3", len(p.Paths))
	}
	s := &Session{pictures: p, number: map[string]int{}, journal: j, second: second, skipped: map[pair]bool{}, now: now, random: rand.New(rand.NewPCG(seed, 0x6c61626c)),
		asked: map[pair]bool{}, count: make([]int, len(p.Paths)), sure: map[pair]bool{}}
	for i, path := range p.Paths {
		s.number[path] = i
	}
	s.space = NewSpace(p.Embeddings, p.Dim)
	s.near = nearest(s.space, neighbours)
	s.order = s.space.spread(s.random)
	for _, a := range j.Answers() {
		s.note(a)
	}
	s.learn()
	return s, nil
}

// note remembers that a pair was answered.
func (s *Session) note(a Answer) {
	left, right, ok := s.numbers(a)
	if !ok {
		return
	}
	s.asked[newPair(left, right)] = true
	s.count[left]++
	s.count[right]++
}

// numbers returns the pictures of an answer.
func (s *Session) numbers(a Answer) (left, right int32, ok bool) {
	l, okLeft := s.number[a.Left]
	r, okRight := s.number[a.Right]
	return int32(l), int32(r), okLeft && okRight
}

// labelled returns the answers as pairs of pictures.
func (s *Session) labelled() (list []Labelled) {
	for _, a := range s.journal.Answers() {
		if left, right, ok := s.numbers(a); ok {
			list = append(list, Labelled{left, right, a.Same})
		}
	}
	return list
}

// Labelled is a pair of pictures that was answered.
type Labelled struct {
	Left, Right int32
	Same        bool
}

// learnEvery is after how many answers the space is made anew.
const learnEvery = 10

// learn makes the space and the threshold from what was answered.
func (s *Session) learn() {
	list := s.labelled()
	s.space.turn(list)
	s.threshold = s.guess()
	for _, l := range list {
		s.step(l.Same)
	}
}

// kinds counts answers.
func kinds(list []Labelled) (same, different int) {
	for _, l := range list {
		if l.Same {
			same++
		}
	}
	return same, len(list) - same
}

// Say keeps an answer. Once it returns, the answer is on the disk. It returns what the answer contradicts, nil where it does not.
// Errors are those of Journal.Append and *UnknownError.
func (s *Session) Say(left, right int, same bool, name string) (*Contradiction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.answer(left, right, same, name)
	if err != nil {
		return nil, err
	}
	if first, ok := s.first(a); ok {
		if err := s.second.Append(a); err != nil {
			return nil, err
		}
		s.last = append(s.last, s.second)
		if first.Same == same {
			return nil, nil //nolint:nilnil // nothing is contradicted
		}
		return &Contradiction{Answer: a, Chain: []string{a.Left, a.Right}, Other: &first}, nil
	}
	if err := s.journal.Append(a); err != nil {
		return nil, err
	}
	s.said(a)
	return s.contradicted(a), nil
}

// first returns the answer that a pair has.
func (s *Session) first(a Answer) (Answer, bool) {
	for _, other := range s.journal.Answers() {
		if other.Left == a.Left && other.Right == a.Right || other.Left == a.Right && other.Right == a.Left {
			return other, true
		}
	}
	return Answer{}, false
}

// said remembers an answer that is on the disk.
func (s *Session) said(a Answer) {
	s.note(a)
	s.last = append(s.last, s.journal)
	left, right, _ := s.numbers(a)
	p := newPair(left, right)
	if want, ok := s.sure[p]; ok {
		s.person.count(want == a.Same)
		delete(s.sure, p)
	}
	s.step(a.Same)
	if len(s.journal.Answers())%learnEvery == 0 {
		s.learn()
	}
}

// UnknownError says that there is no picture of a number.
type UnknownError struct{ Number, Pictures int }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("there is no picture %d: there are %d, from 0", e.Number, e.Pictures)
}

func (s *Session) answer(left, right int, same bool, name string) (Answer, error) {
	for _, n := range []int{left, right} {
		if n < 0 || n >= len(s.pictures.Paths) || left == right {
			return Answer{}, &UnknownError{n, len(s.pictures.Paths)}
		}
	}
	return Answer{Left: s.pictures.Paths[left], Right: s.pictures.Paths[right], Same: same, Name: name, Time: s.now()}, nil
}

// Skip does not ask about a pair again in this session.
func (s *Session) Skip(left, right int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.answer(left, right, false, ""); err != nil {
		return err
	}
	p := newPair(int32(left), int32(right))
	s.asked[p], s.skipped[p] = true, true
	delete(s.sure, p)
	return nil
}

// Undo takes the last answer back, and returns its pair. ok is false where there is none.
func (s *Session) Undo() (q Question, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := s.journal
	if n := len(s.last); n > 0 {
		from, s.last = s.last[n-1], s.last[:n-1]
	}
	a, ok, err := from.Undo()
	if !ok || err != nil {
		return q, ok, err
	}
	left, right, known := s.numbers(a)
	if !known || from == s.second {
		return Question{Left: int(left), Right: int(right)}, known, nil
	}
	s.count[left]--
	s.count[right]--
	delete(s.asked, newPair(left, right))
	s.learn()
	return Question{Left: int(left), Right: int(right)}, true, nil
}

// SayGroup keeps that pictures are the same as the first one, or are not: same has one for each of the others. All answers are
// on the disk once it returns. It returns the first contradiction, nil where there is none.
func (s *Session) SayGroup(pictures []int, same []bool, name string) (*Contradiction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(pictures) != len(same)+1 {
		return nil, fmt.Errorf("%d pictures of a group have %d answers, want one for each but the first", len(pictures), len(same))
	}
	var list []Answer
	for i, is := range same {
		a, err := s.answer(pictures[0], pictures[i+1], is, name)
		if err != nil {
			return nil, err
		}
		if _, known := s.first(a); !known {
			list = append(list, a)
		}
	}
	if err := s.journal.Append(list...); err != nil {
		return nil, err
	}
	var first *Contradiction
	for _, a := range list {
		s.said(a)
		if c := s.contradicted(a); first == nil {
			first = c
		}
	}
	return first, nil
}

// Progress is how far a session is.
type Progress struct {
	Answers  int    `json:"answers"`
	Same     int    `json:"same"`
	Sure     person `json:"sure"` // questions with an expected answer
	Pictures int    `json:"pictures"`
}

// Progress returns how far the session is.
func (s *Session) Progress() Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := Progress{Answers: len(s.journal.Answers()), Sure: s.person, Pictures: len(s.pictures.Paths)}
	for _, a := range s.journal.Answers() {
		if a.Same {
			p.Same++
		}
	}
	return p
}
