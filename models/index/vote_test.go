package index

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// plainVote is the vote as one would write it down: for each class the sum of all its votes, and of the largest the one
// whose entry comes first.
func plainVote(classes []string, distances []float32) Vote {
	names := make([]string, len(classes))
	for i, class := range classes {
		names[i] = "of class " + class
		if class == "" {
			names[i] = fmt.Sprint("alone ", i)
		}
	}
	weight := func(i int) float64 {
		if distances[i] == distances[0] {
			return 1
		}
		return math.Pow(float64(distances[0])/float64(distances[i]), 2)
	}
	sum := func(name string) (total float64) {
		for i := range names {
			if names[i] == name {
				total += weight(i)
			}
		}
		return total
	}
	best := 0
	for i := range names {
		if sum(names[i]) > sum(names[best]) {
			best = i
		}
	}
	v := Vote{Class: classes[best], First: best, Of: len(classes)}
	all := 0.0
	for i := range names {
		all += weight(i)
		if names[i] == names[best] {
			v.Votes++
		} else if sum(names[i]) == sum(names[best]) {
			v.Tied = true
		}
	}
	v.Share = sum(names[best]) / all
	return v
}

// voted fails where VoteOf errs about whether there are classes.
func voted(t *testing.T, classes []string, distances []float32) Vote {
	t.Helper()
	v, named := VoteOf(len(classes), func(i int) (string, float32) { return classes[i], distances[i] })
	if want := slices.ContainsFunc(classes, func(c string) bool { return c != "" }); named != want {
		t.Errorf("classes %q: named %v, want %v", classes, named, want)
	}
	return v
}

// TestVoteOracle: votes are those of a plain loop, with few classes, equal distances and entries without a class.
func TestVoteOracle(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	tied := 0
	for range 5000 {
		n := 1 + r.IntN(12)
		classes, distances := make([]string, n), make([]float32, n)
		d := float32(r.IntN(3))
		for i := range n {
			classes[i] = []string{"", "a", "b", "c"}[r.IntN(4)]
			distances[i] = d
			d += float32(r.IntN(3)) / 4 // which float32 adds exactly
		}
		got, want := voted(t, classes, distances), plainVote(classes, distances)
		if math.Abs(got.Share-want.Share) > 1e-12 {
			t.Errorf("%q at %v: share %v, want %v", classes, distances, got.Share, want.Share)
		}
		if got.Share = want.Share; got != want {
			t.Errorf("%q at %v: %+v, want %+v", classes, distances, got, want)
		}
		if got.Tied {
			tied++
		}
	}
	if tied < 100 {
		t.Errorf("%d of 5000 votes are tied: too few to test ties", tied)
	}
}

// TestVote: cases computed by hand.
func TestVote(t *testing.T) {
	for _, c := range []struct {
		name      string
		classes   []string
		distances []float32
		want      Vote
	}{
		{"one", []string{"a"}, []float32{0.3}, Vote{"a", 1, 1, 1, false, 0}},
		{"two outvote the nearest", []string{"a", "b", "b"}, []float32{1, 1.25, 1.25}, // 2·(4/5)² = 1.28
			Vote{"b", 1.28 / 2.28, 2, 3, false, 1}},
		{"two are too far to outvote it", []string{"a", "b", "b"}, []float32{1, 2, 2}, Vote{"a", 1 / 1.5, 1, 3, false, 0}},
		{"equal to the query", []string{"a", "b", "b", "b"}, []float32{0, 0.1, 0.1, 0.1}, Vote{"a", 1, 1, 4, false, 0}},
		{"tied", []string{"b", "a"}, []float32{0.5, 0.5}, Vote{"b", 0.5, 1, 2, true, 0}},
		{"label images", []string{"a", "b", "c"}, []float32{1, 2, 4}, Vote{"a", 1 / (1 + 1.0/4 + 1.0/16), 1, 3, false, 0}},
		{"without classes", []string{"", "", ""}, []float32{1, 2, 2}, Vote{"", 1 / 1.5, 1, 3, false, 0}},
		{"rounded below 0", []string{"a", "b"}, []float32{-1e-9, 0}, Vote{"a", 0.5, 1, 2, true, 0}},
	} {
		got := voted(t, c.classes, c.distances)
		if math.Abs(got.Share-c.want.Share) > 1e-12 {
			t.Errorf("%s: share %v, want %v", c.name, got.Share, c.want.Share)
		}
		if got.Share = c.want.Share; got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
