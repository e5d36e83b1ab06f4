package evaluate

import (
	"context"
	"image"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/resize"
	"github.com/tfpair/tfpair/runner/metric"
)

const (
	// pixelSize is the side of the pictures that are compared pixel by pixel: the size of
	// CIFAR's, at which people still tell what is on most of them.
	pixelSize = 32
	pixelName = "pixels at 32×32"
	// maxBaseline is how many images are compared by pixels with as many, at most: 30 billion
	// differences, a quarter of a minute on two cores.
	maxBaseline = 3000
)

// Baseline is what the plainest comparison comes to: a network that does no better has
// learnt nothing.
type Baseline struct {
	Name      string     `json:"name"`
	Metrics   []Measured `json:"metrics"`             // of pairs, that need no threshold
	Retrieval []Measured `json:"retrieval,omitempty"` // nil where there is none of the network
}

// pixels is pictures as their own embeddings: 32×32×3 values in [0,1], compared by
// Euclidean distance.
type pixels struct {
	size    int // S of the pictures that come in
	resizer resize.Resizer
	by      distance.Distance
}

func newPixels(size int) (pixels, error) {
	r, err := resize.New(resize.Options{Size: pixelSize, Filter: "box"})
	if err != nil {
		return pixels{}, err
	}
	by, err := distance.ByName("euclidean")
	return pixels{size, r, by}, err
}

// Dim returns the number of values of a picture.
func (p pixels) Dim() int { return p.resizer.Bytes() }

// Distance returns the Euclidean distance.
func (p pixels) Distance() distance.Distance { return p.by }

// Embed returns the values [N,3072] of pixels [N,S,S,3] uint8.
func (p pixels) Embed(in []uint8) ([]float32, error) {
	each := 3 * p.size * p.size
	embeddings := make([]float32, 0, len(in)/each*p.Dim())
	img := image.NewNRGBA(image.Rect(0, 0, p.size, p.size))
	small := make([]uint8, p.Dim())
	for ; len(in) > 0; in = in[each:] {
		for i := range p.size * p.size {
			copy(img.Pix[4*i:], in[3*i:3*i+3])
			img.Pix[4*i+3] = 255
		}
		p.resizer.Into(small, img)
		for _, v := range small {
			embeddings = append(embeddings, float32(v)/255)
		}
	}
	return embeddings, nil
}

// Compare returns the distance of each pair; there is no probability.
func (p pixels) Compare(embeddings []float32, left, right []int32) (distances, probability []float32, err error) {
	return p.by.Pairs(embeddings, p.Dim(), left, right), nil, nil
}

// baseline measures the same pairs and searches by pixels, nil where there are too many
// images. queries are those of pairs that ask for the nearest.
func (c Config) baseline(ctx context.Context, pairs Pairs, queries []int32) (*Baseline, error) {
	if len(pairs.Images) > maxBaseline || c.Gallery != nil && len(c.Gallery.Part.Images) > maxBaseline {
		return nil, nil
	}
	plain, err := newPixels(c.Store.Size())
	if err != nil {
		return nil, err
	}
	c.Model, c.Known, c.Progress = plain, LabelEmbeddings{}, nil
	m, err := c.measure(ctx, pairs, queries)
	if err != nil {
		return nil, err
	}
	b := &Baseline{Name: pixelName}
	list, err := pairMetrics(m.scored, pairs, 0)
	if err != nil {
		return nil, err
	}
	for _, m := range list {
		if row, err := metric.Pairs.New(&named.Choice{Name: m.Name}); err != nil {
			return nil, err
		} else if !row.Thresholds {
			b.Metrics = append(b.Metrics, m)
		}
	}
	r := c.describe(pairs, queries)
	if err := c.retrieve(ctx, r, m.embeddings[:len(queries)*plain.Dim()], queries); err != nil {
		return nil, err
	}
	b.Retrieval = r.Retrieval
	return b, nil
}

// baseline searches the photos of t by pixels, nil where there are too many images, or where not all of so many label
// images are of the data. rows are those of its label images in the gallery of t.
func (c LabelConfig) baseline(ctx context.Context, t LabelTask, rows map[int32]int32, searched int) (*Baseline, error) {
	if len(rows) != searched || max(len(t.Photos), searched) > maxBaseline {
		return nil, nil
	}
	plain, err := newPixels(c.Store.Size())
	if err != nil {
		return nil, err
	}
	labels := make([]int32, searched)
	for image, row := range rows {
		labels[row] = image
	}
	if t.Gallery, err = Embed(ctx, plain, c.Store, labels, nil); err != nil {
		return nil, err
	}
	photos, err := Embed(ctx, plain, c.Store, t.Photos, nil)
	if err != nil {
		return nil, err
	}
	f, err := t.search(plain, photos)
	if err != nil {
		return nil, err
	}
	b := &Baseline{Name: pixelName, Metrics: []Measured{}}
	b.Retrieval, err = measureAll(f.metrics, t.Sample)
	return b, err
}
