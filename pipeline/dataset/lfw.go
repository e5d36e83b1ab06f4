package dataset

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tfpair/tfpair/internal/named"
)

// lfwName is the file of the pairs of Labeled Faces in the Wild, view 2.
const lfwName = "pairs.txt"

// lfwFolders are where people unpack its pictures.
var lfwFolders = []string{".", "lfw", "lfw_funneled", "lfw-deepfunneled", "lfw-deepfunneled/lfw-deepfunneled"}

// lfw reads Labeled Faces in the Wild for its test: ten folds of pairs. The first line is the number
// of folds and of pairs of each kind in a fold. "NAME 1 4" are two pictures of a person, "NAME 1 OTHER 2"
// of two.
var lfw = named.Row[Format]{
	Brief: "Labeled Faces in the Wild as its authors lay it out: pairs.txt, whose folds choose thresholds for each other",
	Paper: "Huang et al., Labeled Faces in the Wild, Technical Report 07-49, University of Massachusetts, 2007, section III",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readLFW, tree: true}, named.Options(raw, &struct{}{})
	},
}

func readLFW(s *source, d *Dataset) error {
	r := &facesReader{published: newPublished(s.root), d: d, number: map[string]int32{}}
	if err := r.lines(lfwName, 0, r.add); err != nil {
		return err
	}
	if want := 2 * r.folds * r.kind; len(d.Pairs) != want || want == 0 {
		return &Error{"data", lfwName, fmt.Errorf("%s, want %d: two kinds of %d in each of %d folds",
			plural(len(d.Pairs), "pair"), want, r.kind, r.folds)}
	}
	return nil
}

// facesReader collects pairs of faces.
type facesReader struct {
	*published
	d           *Dataset
	number      map[string]int32 // of each image, by path
	folds, kind int              // pairs of each kind in a fold; 0 before the first line
	folder      string           // of the pictures, "" before they are looked for
}

func (r *facesReader) add(line int, words []string) error {
	if r.folds == 0 {
		numbers, err := integers(words)
		if err != nil || len(numbers) != 2 {
			return faulty("", "want two whole numbers in the first line, folds and pairs of each kind in one, got %s",
				strings.Join(words, " "))
		}
		if numbers[0] > math.MaxUint8 {
			return faulty("", "%s, want at most %d", plural(numbers[0], "fold"), math.MaxUint8)
		}
		r.folds, r.kind = numbers[0], numbers[1]
		return nil
	}
	left, right := words[0], words[0]
	switch len(words) {
	case 3:
	case 4:
		right = words[2]
		words = slices.Delete(slices.Clone(words), 2, 3)
	default:
		return faulty("", "%s, want NAME N M or NAME N OTHER M", plural(len(words), "word"))
	}
	of, err := integers(words[1:])
	if err != nil {
		return err
	}
	a, err := r.face(left, of[0])
	if err != nil {
		return err
	}
	b, err := r.face(right, of[1])
	if err != nil {
		return err
	}
	fold := len(r.d.Pairs)/(2*r.kind) + 1
	r.d.Pairs = append(r.d.Pairs, Pair{Left: a, Right: b, Same: left == right, Split: Test, Line: int32(line), Fold: uint8(fold)})
	return nil
}

// integers returns words as whole numbers from 1.
func integers(words []string) ([]int, error) {
	var list []int
	for _, w := range words {
		n, err := strconv.Atoi(w)
		if err != nil || n < 1 {
			return nil, faulty("", "%q is no whole number from 1", w)
		}
		list = append(list, n)
	}
	return list, nil
}

// face returns the number of a picture of a person, which it adds to the data at first sight.
func (r *facesReader) face(person string, picture int) (int32, error) {
	name := path.Join(person, fmt.Sprintf("%s_%04d.jpg", person, picture))
	if r.folder == "" {
		if r.folder = r.below(name, lfwFolders...); r.folder == "" {
			return 0, faulty("fetch lfw.tgz, too, and unpack it beside "+lfwName, "image %q is not in the data", name)
		}
	}
	name = path.Join(r.folder, name)
	if n, ok := r.number[name]; ok {
		return n, nil
	}
	size, err := r.size(name)
	if err != nil {
		return 0, err
	}
	n := int32(len(r.d.Images))
	r.number[name] = n
	r.d.Images = append(r.d.Images, Image{Path: name, Class: -1, Split: Test, Size: size})
	return n, nil
}
