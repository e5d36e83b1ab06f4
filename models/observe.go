package models

// Observer is told of what a Model answers. It is called by the goroutines that ask, before they get
// the answer, so it should be quick. *drift.Window is one.
type Observer interface {
	// Embedded is told of n pictures: pixels [n,S,S,3] uint8 RGB, and their embeddings [n,D]. It must not keep them.
	Embedded(n int, pixels []uint8, embeddings []float32)
	// Searched is told of the nearest picture of a search, and whether it is accepted.
	Searched(nearest float32, accepted bool)
}

// Observe has o be told of all that m answers from now on; nil: nobody is. To watch drift:
//
//	window := drift.NewWindow(m.Info().Manifest.Reference)
//	m.Observe(window)
//	…
//	for _, d := range window.Drifts() { … }
func (m *Model) Observe(o Observer) {
	if o == nil {
		m.observer.Store(nil)
		return
	}
	m.observer.Store(&o)
}

// embedded tells the observer.
func (m *Model) embedded(pixels []uint8, embeddings []float32) {
	if o := m.observer.Load(); o != nil {
		(*o).Embedded(len(pixels)/m.resizer.Bytes(), pixels, embeddings)
	}
}

// searched tells the observer of the hits of each picture.
func (m *Model) searched(lists [][]Hit) {
	o := m.observer.Load()
	if o == nil {
		return
	}
	for _, list := range lists {
		if len(list) > 0 {
			(*o).Searched(list[0].Distance, list[0].Accepted)
		}
	}
}
