package pipeline

import (
	"iter"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// Batch is N distinct images, S pixels wide and high, and the tuples over them:
// M pairs, and T triplets, each of two of the pairs. A loss reads one kind of them,
// or the labels. Photos come with the label images that they belong to, R of them, whose
// pixels may be read too, behind those of the photos. A Sequence has no tuples. Where
// Turned makes classes of quarter turns, an image may be there once in each turn. Of a
// network with a frozen part there may be Features in place of Pixels. A batch that is InParts has neither.
type Batch struct {
	Step               int       // of the Loader; in a Sequence, the number of the batch
	Size               int       // S, width and height of the images
	Pixels             []uint8   // [N,S,S,3] RGB, in [0,255]; empty where there are Features
	Features           []float32 // [N,F] what the frozen part of the network makes of the images
	Images             []int32   // [N] indices of dataset images, each once
	Labels             []int32   // [N] class of each image, -1 unknown
	Left, Right        []int32   // [M] rows of Pixels, in [0,N)
	Same               []float32 // [M] 1 same, 0 different
	Anchor             []int32   // [T] rows of Pixels
	Positive, Negative []int32   // [T] pairs, in [0,M): of anchor and positive, anchor and negative
	References         []int32   // [R] indices of dataset images, ascending: label images, each once
	Targets            []int32   // [M] rows of References: what each photo belongs to; photos are rows [0,M)

	Own   *Batch // the images that this process reads, with what the network sees of them: see Share; nil: all
	First int    // row of the first of Own

	parts func(images int) iter.Seq2[*Batch, error] // reads what the network sees; nil: it is here
}

// Labels returns the class of each image of the dataset, -1 where it is unknown.
func Labels(ds *dataset.Dataset) []int32 {
	labels := make([]int32, len(ds.Images))
	for i, image := range ds.Images {
		labels[i] = image.Class
	}
	return labels
}

// setImages makes the batch one of the given images.
func (b *Batch) setImages(images, labels []int32) {
	b.Images = append(b.Images[:0], images...)
	b.Labels = b.Labels[:0]
	for _, image := range images {
		b.Labels = append(b.Labels, labels[image])
	}
}

// setPixels makes room for the pixels of so many images.
func (b *Batch) setPixels(images, size int) {
	b.Size = size
	n := images * size * size * 3
	if cap(b.Pixels) < n {
		b.Pixels = make([]uint8, n)
	}
	b.Pixels = b.Pixels[:n]
}

// setFeatures makes room for the features of so many images.
func (b *Batch) setFeatures(images, length int) {
	n := images * length
	if cap(b.Features) < n {
		b.Features = make([]float32, n)
	}
	b.Features = b.Features[:n]
}
