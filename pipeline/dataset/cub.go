package dataset

import (
	"path"

	"github.com/tfpair/tfpair/internal/named"
)

// Files of CUB-200-2011.
const (
	cubImages  = "images.txt"
	cubClasses = "image_class_labels.txt"
	cubFolder  = "images"
)

// cubTrained is the last class that is trained on: Oh Song et al., section 6.
const cubTrained = 100

// cub reads CUB_200_2011, birds: the first 100 classes are for training, the other 100 for test.
var cub = named.Row[Format]{
	Brief: "CUB-200-2011 as its authors lay it out: classes 1 to 100 are for training, the others for test",
	Paper: "Wah et al., The Caltech-UCSD Birds-200-2011 Dataset, 2011; split: Oh Song et al., arXiv:1511.06452, section 6",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readCUB, tree: true}, named.Options(raw, &struct{}{})
	},
}

func readCUB(s *source, d *Dataset) error {
	p := newPublished(s.root)
	images, err := p.named(cubImages)
	if err != nil {
		return err
	}
	err = p.lines(cubClasses, 0, func(_ int, words []string) error {
		if len(words) != 2 {
			return faulty("", "%s, want an image and a class", plural(len(words), "word"))
		}
		name, ok := images[words[0]]
		if !ok {
			return faulty("", "image %s is not in %s", words[0], cubImages)
		}
		split, err := bySplit(words[1], cubTrained)
		if err != nil {
			return err
		}
		return p.add(path.Join(cubFolder, name), path.Dir(name), split)
	})
	if err != nil {
		return err
	}
	return unreadable(s, p.fill(d, 1, 2, 4, 8))
}
