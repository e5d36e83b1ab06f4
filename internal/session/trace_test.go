//go:build tensorflow

package session

import (
	"slices"
	"testing"
)

// TestTrace: a traced run gives what another one gives, and its operations are counted by kind.
func TestTrace(t *testing.T) {
	s := open(t)
	call, err := s.Prepare([]string{"x"}, []string{"y", "n"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	x := Of([]float32{1, 2, 3, 4}, 2, 2)
	plain, err := call.Run(x)
	if err != nil {
		t.Fatal(err)
	}
	var trace Trace
	s.Trace(&trace)
	for range 3 {
		traced, err := call.Run(x)
		if err != nil {
			t.Fatal(err)
		}
		for i := range plain {
			if !slices.Equal(traced[i].data, plain[i].data) || !slices.Equal(traced[i].shape, plain[i].shape) || traced[i].dtype != plain[i].dtype {
				t.Errorf("output %d: traced %+v, want %+v", i, traced[i], plain[i])
			}
		}
	}
	if _, err := call.Run(Of([]uint8{1, 2}, 1, 2)); err == nil {
		t.Error("a traced run of another type has no error")
	}
	s.Trace(nil)
	if y := trace.Names["y"]; y.Operations != 3 || y.Time <= 0 {
		t.Errorf("operation \"y\" took %+v, want three runs of it", y)
	}
	if mul := trace.Kinds["Mul"]; trace.Runs != 3 || mul.Operations != 3 || mul.Time <= 0 || trace.Kinds["Cast"].Operations != 3 {
		t.Errorf("trace of three runs: %+v", trace)
	}
	if trace.Wall < trace.Kinds["Mul"].Time {
		t.Errorf("three runs took %v, their products %v", trace.Wall, trace.Kinds["Mul"].Time)
	}
	if again, err := call.Run(x); err != nil || !slices.Equal(again[0].data, plain[0].data) {
		t.Errorf("after a trace: %v, %v", again, err)
	}
}
