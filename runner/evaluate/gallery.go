package evaluate

import (
	"fmt"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// LabelImage is an image that stands for others: an answer that a photo can find.
type LabelImage struct {
	Path   string `json:"path"`             // as the data names it
	SHA256 string `json:"sha256"`           // of its file, in hexadecimal
	Class  string `json:"class"`            // of the photos that it stands for
	Coarse string `json:"coarse,omitempty"` // class of the class, where the data has such
}

// LabelGallery is label images with their embeddings.
type LabelGallery struct {
	Images  []LabelImage // [G]
	Vectors []float32    // [G,D] row by row
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
func (g LabelGallery) row(image LabelImage) int {
	found := -1
	for i, known := range g.Images {
		if known.SHA256 == image.SHA256 && (found < 0 || known.Path == image.Path) {
			found = i
		}
	}
	return found
}

// LabelImageError says that a label image has no embedding and cannot be given one.
type LabelImageError struct {
	Path  string // the first of them
	Count int
}

func (e *LabelImageError) Error() string {
	return fmt.Sprintf("%d label images are not among those of the training, the first %q: with "+
		"target.side=frozen embeddings of label images are those of the network as it was before "+
		"the training", e.Count, e.Path)
}
