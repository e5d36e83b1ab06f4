package inference

import (
	"fmt"

	"github.com/tfpair/tfpair/models"
	"github.com/tfpair/tfpair/models/index"
)

// Hit is one answer of a search.
type Hit struct {
	Rank int `json:"rank"` // from 1
	models.Hit
	Accepted *bool             `json:"accepted,omitempty"` // near enough; else it is none of these. nil: the index has no threshold
	Path     string            `json:"path"`
	SHA256   string            `json:"sha256,omitempty"`
	Metadata map[string]string `json:"metadata,omitempty"` // that the index has of the image
	Row      int               `json:"-"`                  // of the index
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
// one nobody knows. Errors are those of index.Index.Search.
func (m *Model) Search(x *index.Index, embeddings []float32, k int) ([][]Hit, error) {
	found, err := x.Search(embeddings, k)
	if err != nil {
		return nil, err
	}
	accept := x.About().Accept
	lists := make([][]Hit, len(found))
	for i, neighbours := range found {
		for rank, n := range neighbours {
			item := x.Item(n.Row)
			hit := Hit{Rank: rank + 1, Path: item.Path, SHA256: item.SHA256, Metadata: x.Metadata(n.Row), Row: n.Row,
				Hit: models.Hit{ID: item.ID, Class: item.Class, Distance: n.Distance}}
			if accept != nil {
				hit.Hit.Accepted = accept.Accepts(n.Distance)
				hit.Accepted = &hit.Hit.Accepted
			}
			lists[i] = append(lists[i], hit)
		}
	}
	return lists, nil
}
