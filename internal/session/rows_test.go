//go:build tensorflow

package session

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/galeone/tensorflow/tensorflow/go/core/framework/types_go_proto"
)

// TestRows: images are shared out among the threads of a session that takes them apart, none gets no image, and what comes
// of them is in their order. A session for single images gets those, and no others.
func TestRows(t *testing.T) {
	for _, c := range []struct {
		apart, single bool
		images, runs  int // of the session that has all threads
	}{{false, false, 7, 1}, {true, false, 1, 1}, {true, false, 2, 2}, {true, false, 3, 3}, {true, false, 7, 3}, {false, true, 1, 0}, {false, true, 2, 1}} {
		t.Run(fmt.Sprintf("%d images, apart %v, single %v", c.images, c.apart, c.single), func(t *testing.T) {
			s, err := Open(graph(t), Options{Threads: 3, Apart: c.apart})
			if err != nil {
				t.Fatal(err)
			}
			if c.single {
				if err := s.OpenSingle(Options{Threads: 3}); err != nil {
					t.Fatal(err)
				}
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			rows, err := s.PrepareRows("x", "y")
			if err != nil {
				t.Fatal(err)
			}
			var x, want []float32
			for i := range 2 * c.images {
				x, want = append(x, float32(i)), append(want, float32(2*i))
			}
			var trace Trace
			s.Trace(&trace)
			y, err := rows.Run(Of(x, int64(c.images), 2))
			s.Trace(nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Data[float32](y)
			if err != nil || !slices.Equal(got, want) || !slices.Equal(y.Shape(), []int64{int64(c.images), 2}) {
				t.Errorf("got %v of shape %v (%v), want %v", got, y.Shape(), err, want)
			}
			if trace.Runs != c.runs {
				t.Errorf("the runtime was asked %d times, want %d", trace.Runs, c.runs)
			}
			if _, err := rows.Run(Of(make([]uint8, 2*c.images), int64(c.images), 2)); err == nil {
				t.Error("rows of another type have no error")
			}
		})
	}
}

// TestSingleLate: after a late run neither session runs, and Close says so.
func TestSingleLate(t *testing.T) {
	o := Options{Threads: 2, Timeout: time.Hour}
	s, err := Open(graph(t), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.OpenSingle(o); err != nil {
		t.Fatal(err)
	}
	rows, err := s.PrepareRows("x", "y")
	if err != nil {
		t.Fatal(err)
	}
	s.single.late.Store(true)
	for images := range int64(2) {
		if _, err := rows.Run(Of(make([]float32, 2*(images+1)), images+1, 2)); !errors.Is(err, ErrTimeout) {
			t.Errorf("a run of %d images after a late one = %v, want %v", images+1, err, ErrTimeout)
		}
	}
	if err := s.Close(); !errors.Is(err, ErrTimeout) {
		t.Errorf("Close = %v, want %v", err, ErrTimeout)
	}
}

// TestJoin: what is no row for each image is refused, and nobody's memory is written to.
func TestJoin(t *testing.T) {
	first := []float32{1, 2, 3, 4}
	got, err := join([]Value{Of(first[:2:2], 1, 2), Of([]float32{5, 6, 7, 8}, 2, 2)})
	if numbers, _ := Data[float32](got); err != nil || !slices.Equal(numbers, []float32{1, 2, 5, 6, 7, 8}) {
		t.Errorf("got %v (%v), want the three rows", numbers, err)
	}
	if first[2] != 3 {
		t.Errorf("a row was written behind the first: %v", first)
	}
	other := Of([]float32{1, 2}, 1, 2)
	other.dtype = types_go_proto.DataType_DT_INT32
	for _, bad := range []Value{Of([]float32{1}, 1, 1), Scalar[float32](1), other} {
		if _, err := join([]Value{Of(first[:2], 1, 2), bad}); err == nil {
			t.Errorf("%v of shape %v beside a row of two numbers: no error", bad.dtype, bad.shape)
		}
	}
}
