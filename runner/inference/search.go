package inference

import (
	"context"
	"fmt"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
)

// Hit is one answer of a search.
type Hit struct {
	Rank int `json:"rank"` // from 1
	models.Hit
	Accepted *bool             `json:"accepted,omitempty"` // near enough; else it is none of these. nil: the index has no threshold
	Path     string            `json:"path"`
	SHA256   string            `json:"sha256,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"` // that the index has of the image
	Row      int               `json:"-"`                  // of what was searched
}

// Vote returns the class that the k nearest of hits name, and whether some of them have a class: see index.VoteOf.
func Vote(hits []Hit, k int) (v index.Vote, named bool) {
	return index.VoteOf(min(k, len(hits)), func(i int) (string, float32) { return hits[i].Class, hits[i].Distance })
}

// OpenSearched returns what lies at a path: an index, or m's gallery where path is "", or an index in a database
// where path is its URL. It is used until done is called. Errors: those of OpenIndex, and *postgres.Error.
func (m *Model) OpenSearched(ctx context.Context, path string) (x index.Searched, done func() error, err error) {
	if !postgres.Is(path) {
		x, err := m.OpenIndex(path)
		if err != nil { // a nil *index.Index is no nil Searched
			return nil, nil, err
		}
		return x, func() error { return nil }, nil
	}
	d, err := postgres.Open(ctx, path, m.Manifest.FitsAbout)
	if err != nil {
		return nil, nil, err
	}
	return d, d.Close, nil
}

// OpenIndex returns the index in a file, or m's gallery where path is "". Errors: *index.Error,
// which wraps a *models.SpaceError where the file is another model's, and models.ErrNoGallery.
func (m *Model) OpenIndex(path string) (*index.Index, error) {
	if path == "" && m.Gallery == nil {
		return nil, fmt.Errorf("model %q: %w", m.Name, models.ErrNoGallery)
	} else if path == "" {
		return m.Gallery, nil
	}
	x, err := m.distances().Read(path)
	if err != nil {
		return nil, err
	}
	if err := m.Manifest.Fits(x); err != nil {
		return nil, &index.Error{Path: path, Err: err}
	}
	return x, nil
}

// distances returns m's, under its name: all that an index of m may be searched by.
func (m *Model) distances() index.Own { return index.Own{m.Manifest.Distance: m.Distance()} }

// Search returns, for each of embeddings [N,D] of m's space, the k nearest of x, nearest
// first. A hit is accepted up to the threshold of x, which is for a search of its size; without
// one nobody knows. Errors are those of index.Index.Search, and *postgres.Error.
func (m *Model) Search(ctx context.Context, x index.Searched, embeddings []float32, k int) ([][]Hit, error) {
	found, err := x.Answers(ctx, embeddings, k)
	if err != nil {
		return nil, err
	}
	accept := x.About().Accept
	lists := make([][]Hit, len(found))
	for i, answers := range found {
		for rank, a := range answers {
			hit := Hit{Rank: rank + 1, Path: a.Path, SHA256: a.SHA256, Metadata: a.Metadata, Row: a.Row,
				Hit: models.Hit{ID: a.ID, Class: a.Class, Distance: a.Distance}}
			if accept != nil {
				hit.Hit.Accepted = accept.Accepts(a.Distance)
				hit.Accepted = &hit.Hit.Accepted
			}
			lists[i] = append(lists[i], hit)
		}
	}
	return lists, nil
}
