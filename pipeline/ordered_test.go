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

// TestOrderedRefills: where the consumer is slower, the workers begin again once there is room for so many jobs, and never are further
// ahead than they may be.
func TestOrderedRefills(t *testing.T) {
	const ahead, steps = 8, 40
	for _, refill := range []int{1, 4, ahead + 1} {
		p := parallel{workers: 4, ahead: ahead, refill: refill}
		filled := make(chan struct{}, steps)
		fill := func(context.Context, *job) error { filled <- struct{}{}; return nil }
		step, begun := 0, 0
		for j, err := range ordered(t.Context(), 0, steps, p, fill) {
			if err != nil {
				t.Fatal(err)
			}
			if j.step != step {
				t.Fatalf("refill %d: got step %d, want %d", refill, j.step, step)
			}
			step++
			if room := j.step + ahead + 1 - begun; room >= refill {
				for ; begun < min(j.step+ahead+1, steps); begun++ {
					<-filled
				}
			}
			if more := len(filled); more > 0 {
				t.Fatalf("refill %d: at step %d workers have filled %d jobs more than %d", refill, j.step, more, begun)
			}
		}
		if step != steps {
			t.Errorf("refill %d: %d steps, want %d", refill, step, steps)
		}
	}
}

// TestSequenceIsAhead: small pictures are many batches ahead, large ones a batch for each worker; room for half of them calls the workers.
func TestSequenceIsAhead(t *testing.T) {
	for size, want := range map[int]parallel{
		64:   {workers: 3, ahead: 42, refill: 21}, // 32 images of 12,288 bytes fit 42 times into 16 MiB
		224:  {workers: 3, ahead: 3, refill: 2},
		2048: {workers: 3, ahead: 3, refill: 2},
	} {
		s := &Store{options: StoreOptions{Workers: 3}, bytes: size * size * 3}
		if got := s.inTurns(32); got != want {
			t.Errorf("size %d: %+v, want %+v", size, got, want)
		}
	}
}
