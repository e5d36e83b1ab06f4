package pipeline

import (
	"context"
	"sync/atomic"
	"testing"
)

// TestOrderedShares: while the consumer waits all workers are busy; where it is slower, each job it takes makes room for one.
func TestOrderedShares(t *testing.T) {
	const workers, ahead, steps = 4, 8, 40
	p := parallel{workers: workers, ahead: ahead}

	var waiting atomic.Int32
	all := make(chan struct{})
	meet := func(context.Context, *job) error {
		if waiting.Add(1) == workers {
			close(all)
		}
		select {
		case <-all: // fewer at once would wait for ever
		case <-t.Context().Done():
		}
		return nil
	}
	for _, err := range ordered(t.Context(), 0, steps, p, meet) {
		if err != nil {
			t.Fatal(err)
		}
	}

	filled := make(chan struct{}, steps)
	fill := func(context.Context, *job) error { filled <- struct{}{}; return nil }
	done := 0
	for j, err := range ordered(t.Context(), 0, steps, p, fill) {
		if err != nil {
			t.Fatal(err)
		}
		for ; done < min(j.step+ahead+1, steps); done++ {
			<-filled // all that may be ahead is ready: the network is slower
		}
		if more := len(filled); more > 0 {
			t.Fatalf("at step %d workers have filled %d jobs of later ones, want none", j.step, more)
		}
	}
}
