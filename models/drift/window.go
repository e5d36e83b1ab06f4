package drift

import (
	"math"
	"slices"
	"sync"
)

// Pictures is how many pictures a Window has, and fewest how many it must have for a Drift.
const (
	Pictures = 200
	fewest   = 50
)

// Window keeps the features of the last Pictures pictures of each kind. It is safe for any number of goroutines. A nil Window
// keeps nothing.
type Window struct {
	reference *Reference

	mu    sync.Mutex // protects what follows
	last  Sample     // a ring of each feature, Pictures long at most
	added map[string]int
}

// NewWindow returns an empty Window of pictures to be compared with r; nil where that is nil.
func NewWindow(r *Reference) *Window {
	if r == nil {
		return nil
	}
	return &Window{reference: r, last: Sample{}, added: map[string]int{}}
}

// Embedded adds n pictures: pixels [n,S,S,3] uint8 RGB, and embeddings [n,D].
func (w *Window) Embedded(n int, pixels []uint8, embeddings []float32) {
	if w == nil || n < 1 {
		return
	}
	one, dim := len(pixels)/n, len(embeddings)/n
	side := int(math.Sqrt(float64(one / 3)))
	s := Sample{}
	for i := range n {
		s.Pixels(pixels[i*one:][:one], side)
		s.Embedding(embeddings[i*dim:][:dim])
	}
	w.add(s)
}

// Sized adds the size of the file of a picture, in pixels.
func (w *Window) Sized(width, height int) {
	if w == nil {
		return
	}
	s := Sample{}
	s.Size(width, height)
	w.add(s)
}

// Searched adds the distance of the nearest picture of a search, and whether it was accepted.
func (w *Window) Searched(nearest float32, accepted bool) {
	if w == nil {
		return
	}
	s := Sample{}
	s.Nearest(nearest, accepted)
	w.add(s)
}

func (w *Window) add(s Sample) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, values := range s {
		for _, value := range values {
			if at := w.added[name] % Pictures; at < len(w.last[name]) {
				w.last[name][at] = value
			} else {
				w.last[name] = append(w.last[name], value)
			}
			w.added[name]++
		}
	}
}

// Drift is how far a feature of the last pictures is from the reference.
type Drift struct {
	Feature  string
	Distance float64 // 0 to 1
	Limit    float64 // that the distance passes once in a million by chance, and 0.2 at least
	Pictures int     // of the window
}

// Drifts returns the drift of each feature that 50 pictures or more have, in the order of the reference.
func (w *Window) Drifts() []Drift {
	if w == nil {
		return nil
	}
	var list []Drift
	for _, f := range w.reference.Features {
		w.mu.Lock()
		values := slices.Clone(w.last[f.Name])
		w.mu.Unlock()
		if len(values) < fewest || !f.usable() {
			continue
		}
		slices.Sort(values)
		list = append(list, Drift{f.Name, f.distance(values), f.limit(len(values)), len(values)})
	}
	return list
}
