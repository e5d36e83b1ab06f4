package evaluate

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// LabelImage is an image that stands for others: an answer that a photo can find.
type LabelImage struct {
	Path   string `json:"path"`             // as the data names it
	SHA256 string `json:"sha256"`           // of its file, in hexadecimal
	Class  string `json:"class"`            // of the photos that it stands for
	Coarse string `json:"coarse,omitempty"` // class of the class, where the data has such
}

// LabelEmbeddings is label images with their embeddings.
type LabelEmbeddings struct {
	Images   []LabelImage // [G]
	Vectors  []float32    // [G,D] row by row
	Constant bool         // another network than the model's made them, and can make no more
}

// DescribeLabels returns what data says of label images, and the checksums of their
// files, in the order given.
func DescribeLabels(data *dataset.Dataset, images []int32) ([]LabelImage, error) {
	list := make([]LabelImage, len(images))
	for i, image := range images {
		sum, err := data.SHA256(image)
		if err != nil {
			return nil, err
		}
		class := data.Images[image].Class
		list[i] = LabelImage{Path: data.Images[image].Path, SHA256: sum, Class: data.Classes[class]}
		if data.CoarseOf != nil {
			list[i].Coarse = data.Coarse[data.CoarseOf[class]]
		}
	}
	return list, nil
}

// row returns the row that holds the file of image, that of its path where several do,
// and -1 where none does.
func (g LabelEmbeddings) row(image LabelImage) int {
	found := -1
	for i, known := range g.Images {
		if known.SHA256 == image.SHA256 && (found < 0 || known.Path == image.Path) {
			found = i
		}
	}
	return found
}

// Are reports whether the files with these checksums are the label images, no more and no fewer.
func (g LabelEmbeddings) Are(sha256 []string) bool {
	known, given := map[string]bool{}, map[string]bool{}
	for _, image := range g.Images {
		known[image.SHA256] = true
	}
	for _, sum := range sha256 {
		given[sum] = true
	}
	return len(given) > 0 && maps.Equal(known, given)
}

// Stored returns the embedding [D] of the file with this checksum, nil where g has none.
func (g LabelEmbeddings) Stored(sha256 string) []float32 {
	dim := len(g.Vectors) / max(1, len(g.Images))
	for row, known := range g.Images {
		if known.SHA256 == sha256 {
			return g.Vectors[row*dim:][:dim:dim]
		}
	}
	return nil
}

// with returns g and, behind its own, the label images of data that it lacks, which e
// embeds now, and the row of each of images [N]. The error is a *LabelImageError where g
// is Constant and lacks any.
func (g LabelEmbeddings) with(ctx context.Context, e Embedder, store *pipeline.Store,
	data *dataset.Dataset, images []int32) (LabelEmbeddings, []int32, error) {
	described, err := DescribeLabels(data, images)
	if err != nil {
		return g, nil, err
	}
	all := g
	all.Images = slices.Clone(g.Images)
	rows := make([]int32, len(images))
	var missing []int32
	for i, image := range described {
		row := g.row(image)
		if row < 0 {
			row = len(all.Images)
			missing = append(missing, images[i])
			all.Images = append(all.Images, image)
		}
		rows[i] = int32(row)
	}
	if len(missing) > 0 && g.Constant {
		return g, nil, &LabelImageError{data.Images[missing[0]].Path, len(missing)}
	}
	embedded, err := Embed(ctx, e, store, missing, nil)
	all.Vectors = slices.Concat(g.Vectors, embedded)
	return all, rows, err
}

// LabelImageError says that a label image has no embedding and cannot be given one.
type LabelImageError struct {
	Path  string // the first of them
	Count int
}

func (e *LabelImageError) Error() string {
	what := fmt.Sprintf("label image %q is", e.Path)
	if e.Count > 1 {
		what = fmt.Sprintf("%d label images are, the first %q,", e.Count, e.Path)
	}
	return what + " not among those of the training: with target.side=frozen embeddings of label " +
		"images are those of the network as it was before the training"
}
