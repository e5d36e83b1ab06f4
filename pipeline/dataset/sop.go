package dataset

import (
	"path"

	"github.com/tfpair/tfpair/internal/named"
)

// Files of Stanford Online Products.
const (
	sopTrain = "Ebay_train.txt"
	sopTest  = "Ebay_test.txt"
)

// sop reads Stanford_Online_Products: a file for each split, whose rows are image, class, class
// of classes and path, under a line of column names.
var sop = named.Row[Format]{
	Brief: "Stanford Online Products as its authors lay it out: Ebay_train.txt and Ebay_test.txt",
	Paper: "Oh Song et al., Deep Metric Learning via Lifted Structured Feature Embedding, 2016, arXiv:1511.06452, section 6",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readSOP, tree: true}, named.Options(raw, &struct{}{})
	},
}

func readSOP(s *source, d *Dataset) error {
	p := newPublished(s.root)
	for _, part := range []struct {
		file  string
		split Split
	}{{sopTrain, Train}, {sopTest, Test}} {
		if err := p.lines(part.file, 1, func(_ int, words []string) error {
			if len(words) != 4 {
				return faulty("", "%s, want image_id, class_id, super_class_id and path", plural(len(words), "word"))
			}
			if _, err := bySplit(words[1], 0); err != nil {
				return err
			}
			return p.add(words[3], padded(words[1], path.Dir(words[3]), 5), part.split)
		}); err != nil {
			return err
		}
	}
	return unreadable(s, p.fill(d, 1, 10, 100, 1000))
}
