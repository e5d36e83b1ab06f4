package modelstest

import (
	"errors"
	"slices"
	"testing"

	"github.com/tfpair/tfpair/models"
)

// TestModel: an embedding is the means of the quarters, counted by hand.
func TestModel(t *testing.T) {
	pixels := make([]uint8, 2*Size*Size*3)
	for i := range Size * Size { // the second picture: red above, its right half blue, too
		at := (Size*Size + i) * 3
		if i/Size < Size/2 {
			pixels[at] = 255
		}
		if i%Size >= Size/2 {
			pixels[at+2] = 255
		}
	}
	m := &Model{}
	got, err := m.EmbedPixels(t.Context(), pixels)
	want := append(make([]float32, Dim), 1, 0, 0 /**/, 1, 0, 1 /**/, 0, 0, 0 /**/, 0, 0, 1)
	if err != nil || !slices.EqualFunc(got, want, func(a, b float32) bool { return a-b < 1e-6 && b-a < 1e-6 }) {
		t.Errorf("EmbedPixels = %v, %v; want %v", got, err, want)
	}
	list, err := m.CompareEmbeddings(t.Context(), got[:Dim], got[Dim:])
	if err != nil || len(list) != 1 || list[0].Same || list[0].Distance < 1.99 || list[0].Distance > 2.01 { // √4
		t.Errorf("CompareEmbeddings = %+v, %v; want a distance of 2", list, err)
	}
	x, err := NewIndex([]string{"black", "other"}, got)
	if err != nil {
		t.Fatal(err)
	}
	hits, err := x.SearchEmbeddings(got[Dim:], 2)
	if err != nil || len(hits) != 1 || hits[0][0].ID != "other" || !hits[0][0].Accepted || hits[0][1].Accepted {
		t.Errorf("SearchEmbeddings = %+v, %v; want other, then black", hits, err)
	}
	if err := m.Close(); err != nil || !m.Closed() {
		t.Errorf("Close = %v, closed %t", err, m.Closed())
	}
	if _, err := m.EmbedPixels(t.Context(), pixels); !errors.Is(err, models.ErrClosed) {
		t.Errorf("EmbedPixels after Close = %v, want %v", err, models.ErrClosed)
	}
}
