package index

// DefaultVote is how many of the nearest entries vote on the class of a query if nothing else is asked for. Of test
// photos of groceries it named 0.4 to 2.4 points more right than the nearest alone, whether the index had two photos of a
// class or all: see docs/search.md.
const DefaultVote = 5

// Vote is the class that the nearest entries of a search name. The threshold of an index is no part of it: that
// acts on the nearest entry, whatever its class is.
type Vote struct {
	Class string  `json:"class" doc:"that has the largest share"`         // "": the entry that won has none
	Share float64 `json:"share" doc:"of the votes, in (0,1]"`             // of the votes that Class got
	Votes int     `json:"votes" doc:"entries of the class"`               // among those that voted
	Of    int     `json:"of" doc:"entries that voted"`                    // k, or all there are
	Tied  bool    `json:"tied,omitempty" doc:"another class has as much"` // Class has the nearer entry
	First int     `json:"-"`                                              // number of the nearest entry of Class
}

// VoteOf lets n entries vote, nearest first, of which says what each is. An entry's vote counts
//
//	(d₀ / d)²
//
// where d is its distance and d₀ that of the nearest: the weight 1/d of Dudani, The distance-weighted k-nearest-neighbor
// rule, 1976, squared. So the nearest entry outweighs two that are half as far again as it is, and an entry equal to the
// query outweighs all that are not. Of equal sums that class wins whose entry is nearer, or first in the index.
// An entry without a class is of a class of its own; named reports whether some have one. It panics without entries.
func VoteOf(n int, of func(i int) (class string, distance float32)) (v Vote, named bool) {
	if n < 1 {
		panic("index: a vote of no entries")
	}
	type party struct {
		class        string
		first, votes int
		weight       float64
	}
	var parties []party
	number := map[string]int{}
	all := 0.0
	_, nearest := of(0)
	for i := range n {
		class, d := of(i)
		named = named || class != ""
		at, known := number[class]
		if !known || class == "" {
			at = len(parties)
			number[class], parties = at, append(parties, party{class: class, first: i})
		}
		w := inverse(float64(nearest), float64(d))
		parties[at].votes++
		parties[at].weight += w
		all += w
	}
	won, tied := 0, false
	for i, p := range parties[1:] {
		switch best := parties[won].weight; {
		case p.weight > best:
			won, tied = i+1, false
		case p.weight == best:
			tied = true
		}
	}
	p := parties[won]
	return Vote{Class: p.class, Share: p.weight / all, Votes: p.votes, Of: n, Tied: tied, First: p.first}, named
}

// inverse is what a vote counts. Distances are not negative but for their rounding.
func inverse(nearest, d float64) float64 {
	if d <= nearest || d <= 0 {
		return 1
	}
	share := max(nearest, 0) / d
	return share * share
}
