package dataset

import (
	"path"

	"github.com/tfpair/tfpair/internal/named"
)

// The file of In-Shop Clothes Retrieval, in its folder or, as it is downloaded, in one below.
const (
	inshopName = "list_eval_partition.txt"
	inshopEval = "Eval/" + inshopName
)

// inshop reads the In-Shop Clothes Retrieval Benchmark of DeepFashion: photos of query ask for those of
// gallery. Rows are image, item and train, query or gallery, below two lines.
var inshop = named.Row[Format]{
	Brief: "In-Shop Clothes Retrieval as its authors lay it out: queries are searched among the gallery",
	Paper: "Liu et al., DeepFashion: Powering Robust Clothes Recognition and Retrieval with Rich Annotations, 2016, section 4.3",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readInShop, tree: true}, named.Options(raw, &struct{}{})
	},
}

func readInShop(s *source, d *Dataset) error {
	p := newPublished(s.root)
	list := inshopName
	if p.below(inshopEval, ".") != "" {
		list = inshopEval
	}
	searched := map[string]bool{}
	var folder string
	err := p.lines(list, 2, func(_ int, words []string) error {
		if len(words) != 3 {
			return faulty("", "%s, want image_name, item_id and evaluation_status", plural(len(words), "word"))
		}
		if folder == "" { // img.zip unpacks there
			folder = p.below(words[0], ".", "Img", "In-shop Clothes Retrieval Benchmark")
		}
		name, split := path.Join(folder, words[0]), Test
		switch words[2] {
		case "train":
			split = Train
		case "gallery":
			searched[name] = true
		case "query":
		default:
			return faulty("", "evaluation_status is %q, want train, query or gallery", words[2])
		}
		return p.add(name, words[1], split)
	})
	if err != nil {
		return err
	}
	if err := p.fill(d, 1, 10, 20, 30, 40, 50); err != nil {
		return unreadable(s, err)
	}
	for i := range d.Images {
		d.Images[i].Searched = searched[d.Images[i].Path]
	}
	return nil
}
