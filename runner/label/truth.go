package label

import "slices"

// Contradiction is an answer that earlier ones deny.
type Contradiction struct {
	Answer Answer   `json:"answer"`
	Chain  []string `json:"chain"` // pictures, each the same as the next, from one of the answer's to the other or to one that is different
	Other  *Answer  `json:"other"` // the earlier answer that says different; nil where the new one does
}

// contradicted returns what the last answer denies, nil where it fits.
func (s *Session) contradicted(a Answer) *Contradiction {
	list := s.journal.Answers()
	if !a.Same {
		if chain := s.chain(list, a.Left, a.Right); chain != nil {
			return &Contradiction{Answer: a, Chain: chain}
		}
		return nil
	}
	for _, other := range list {
		if other.Same {
			continue
		}
		if chain := s.chain(list, other.Left, other.Right); chain != nil && slices.Contains(chain, a.Left) && slices.Contains(chain, a.Right) {
			return &Contradiction{Answer: a, Chain: chain, Other: &other}
		}
	}
	return nil
}

// chain returns the shortest way of same answers from one picture to another, nil where there is none.
func (s *Session) chain(list []Answer, from, to string) []string {
	beside := map[string][]string{}
	for _, a := range list {
		if a.Same {
			beside[a.Left], beside[a.Right] = append(beside[a.Left], a.Right), append(beside[a.Right], a.Left)
		}
	}
	before, queue := map[string]string{from: from}, []string{from}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if at == to {
			chain := []string{at}
			for at != from {
				at = before[at]
				chain = append(chain, at)
			}
			slices.Reverse(chain)
			return chain
		}
		for _, next := range beside[at] {
			if _, seen := before[next]; !seen {
				before[next] = at
				queue = append(queue, next)
			}
		}
	}
	return nil
}

// Agreement is how often two people said the same of a pair.
type Agreement struct {
	First  string `json:"first"`
	Second string `json:"second"`
	Pairs  int    `json:"pairs"` // that both answered
	Alike  int    `json:"alike"`
}

// Agreements returns how second answers agree with the first ones, by people.
func (s *Session) Agreements() []Agreement {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := map[pair]Answer{}
	for _, a := range s.journal.Answers() {
		if left, right, ok := s.numbers(a); ok {
			first[newPair(left, right)] = a
		}
	}
	var list agreements
	for _, a := range s.second.Answers() {
		left, right, ok := s.numbers(a)
		other, known := first[newPair(left, right)]
		if !ok || !known {
			continue
		}
		list.add(other.Name, a.Name, other.Same == a.Same)
	}
	return list
}

// agreements are those of pairs of people.
type agreements []Agreement

// add counts what two people said of the same.
func (l *agreements) add(first, second string, alike bool) {
	at := slices.IndexFunc(*l, func(g Agreement) bool { return g.First == first && g.Second == second })
	if at < 0 {
		at = len(*l)
		*l = append(*l, Agreement{First: first, Second: second})
	}
	(*l)[at].Pairs++
	if alike {
		(*l)[at].Alike++
	}
}

// secondEvery is how many questions there are to one that another person has answered.
const secondEvery = 10

// secondOne returns a pair that another person has answered and this one has not.
func (s *Session) secondOne(name string) (Question, bool) {
	mine := map[pair]bool{}
	for _, a := range s.second.Answers() {
		if left, right, ok := s.numbers(a); ok && a.Name == name {
			mine[newPair(left, right)] = true
		}
	}
	list := s.journal.Answers()
	for _, i := range s.random.Perm(len(list)) {
		left, right, ok := s.numbers(list[i])
		if p := newPair(left, right); ok && list[i].Name != name && !mine[p] && !s.skipped[p] {
			return Question{Left: int(left), Right: int(right)}, true
		}
	}
	return Question{}, false
}
