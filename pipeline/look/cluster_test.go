package look

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// greedy is Ward's method in plain loops: of all pairs of clusters it joins the one that adds least.
func greedy(looks []Look, k int) []int {
	var clusters []middle
	of := make([]int, len(looks))
	for i, l := range looks {
		clusters, of[i] = append(clusters, middle{l, 1}), i
	}
	for left := len(looks); left > k; left-- {
		at, with, least := 0, 0, math.Inf(1)
		for i := range clusters {
			for j := range i {
				if clusters[i].size > 0 && clusters[j].size > 0 && growth(&clusters[i], &clusters[j]) < least {
					at, with, least = j, i, growth(&clusters[i], &clusters[j])
				}
			}
		}
		clusters[at], clusters[with].size = join(clusters[at], clusters[with]), 0
		for i := range of {
			if of[i] == with {
				of[i] = at
			}
		}
	}
	number := map[int]int{}
	for i, c := range of {
		if _, ok := number[c]; !ok {
			number[c] = len(number)
		}
		of[i] = number[c]
	}
	return of
}

// TestCluster against plain loops, on looks in bursts and on independent ones.
func TestCluster(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, per := range []int{1, 3, 8} {
		for _, k := range []int{1, 2, 4, 40} {
			looks := shots(40, per, r)
			if got, want := cluster(looks, k), greedy(looks, k); !reflect.DeepEqual(got, want) {
				t.Errorf("bursts of %d, %d groups: %v, want %v", per, k, got, want)
			}
		}
	}
}

// TestClusterEqual: equal looks make k groups, too, and no look makes none.
func TestClusterEqual(t *testing.T) {
	if got := cluster(make([]Look, 6), 2); slices.Min(got) != 0 || slices.Max(got) != 1 {
		t.Errorf("groups %v of 6 equal looks, want 2", got)
	}
	if got := cluster(nil, 0); len(got) != 0 {
		t.Errorf("groups %v of no look", got)
	}
}
