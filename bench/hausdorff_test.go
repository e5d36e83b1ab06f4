package main

import (
	"context"
	"math"
	"os"
	"testing"
)

func TestModifiedHausdorff(t *testing.T) {
	a := []point{{0, 0}, {3, 4}}
	b := []point{{0, 0}, {0, 1}, {0, 2}}
	// From a: 0 and √(9+4); from b: 0, 1 and 2, whose mean is 1.
	want := math.Sqrt(13) / 2
	if got := modifiedHausdorff(a, b); math.Abs(got-want) > 1e-15 {
		t.Errorf("modifiedHausdorff = %g, want %g", got, want)
	}
	if modifiedHausdorff(a, b) != modifiedHausdorff(b, a) {
		t.Error("it depends on the order")
	}
}

// TestHausdorffBaseline: the error that Lake's one-shot demo prints, 38.75 %.
func TestHausdorffBaseline(t *testing.T) {
	path := options{data: os.Getenv("TFPAIR_DATA")}.oneShotRuns()
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no one-shot runs: %v", err)
	}
	got, err := hausdorffError(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	if got.Error != 0.3875 || got.Wrong != 155 || got.Queries != 400 {
		t.Errorf("error %.4f, %d of %d; want 0.3875, 155 of 400", got.Error, got.Wrong, got.Queries)
	}
}
