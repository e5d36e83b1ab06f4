package evaluate

import (
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/pipeline/dataset"
)

// SharedError says that a gallery holds an image that is searched for in it.
type SharedError struct {
	Gallery string // its split, where it is of the same data, or else its data
	Image   string // of the gallery
	Query   string // the same image, as the data measured names it
}

func (e *SharedError) Error() string {
	return fmt.Sprintf("gallery %s holds %q, which is searched for as %q", e.Gallery, e.Image, e.Query)
}

// Disjoint refuses a gallery that holds an image of part of data: one of the same data by its
// number, one of other data by its content, under whatever name. The error is a *SharedError,
// or that of reading a file.
func Disjoint(data *dataset.Dataset, part dataset.Part, gallery Source) error {
	if gallery.Data != data {
		return disjointFiles(data, part, gallery)
	}
	for _, i := range gallery.Part.Images {
		if _, both := slices.BinarySearch(part.Images, i); both {
			path := data.Images[i].Path
			return &SharedError{Gallery: string(gallery.Part.Split), Image: path, Query: path}
		}
	}
	return nil
}

// disjointFiles compares files by their checksums, those of one size alone.
func disjointFiles(data *dataset.Dataset, part dataset.Part, gallery Source) error {
	bySize := map[int64][]int32{}
	for _, i := range part.Images {
		size := data.Images[i].Size
		bySize[size] = append(bySize[size], i)
	}
	asked := map[int64]map[string]int32{} // by size and checksum, where a file of the gallery has the size
	for _, i := range gallery.Part.Images {
		image := gallery.Data.Images[i]
		if len(bySize[image.Size]) == 0 {
			continue
		}
		if asked[image.Size] == nil {
			sums, err := sumsOf(data, bySize[image.Size])
			if err != nil {
				return err
			}
			asked[image.Size] = sums
		}
		sum, err := gallery.Data.SHA256(i)
		if err != nil {
			return err
		}
		if q, both := asked[image.Size][sum]; both {
			return &SharedError{Gallery: gallery.Data.Name, Image: image.Path, Query: data.Images[q].Path}
		}
	}
	return nil
}

// sumsOf returns images by the checksum of their files.
func sumsOf(data *dataset.Dataset, images []int32) (map[string]int32, error) {
	of := map[string]int32{}
	for _, i := range images {
		sum, err := data.SHA256(i)
		if err != nil {
			return nil, err
		}
		of[sum] = i
	}
	return of, nil
}
