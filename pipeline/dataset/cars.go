package dataset

import (
	"fmt"
	"io"
	"io/fs"
	"strconv"

	"github.com/tfpair/tfpair/internal/matlab"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/regular"
)

// carsName is the file that says what the pictures of Cars-196 are.
const carsName = "cars_annos.mat"

// maxAnnotations is the largest such file that is read, in bytes.
const maxAnnotations = 32 << 20

// carsTrained is the last class that is trained on: Oh Song et al., section 6.
const carsTrained = 98

// cars reads Cars-196: car_ims, and what cars_annos.mat says of each. Its own split is not the one that
// papers of metric learning use, which is by class.
var cars = named.Row[Format]{
	Brief: "Cars-196 as its authors lay it out: classes 1 to 98 are for training, the others for test",
	Paper: "Krause et al., 3D Object Representations for Fine-Grained Categorization, 2013; split: Oh Song et al., " +
		"arXiv:1511.06452, section 6",
	New: func(raw named.Raw) (Format, error) {
		return Format{read: readCars, tree: true}, named.Options(raw, &struct{}{})
	},
}

func readCars(s *source, d *Dataset) error {
	file, err := s.root.Open(carsName)
	if err != nil {
		return &Error{"data", carsName, regular.Reason(err)}
	}
	defer file.Close() // read only
	p := newPublished(s.root)
	if err := p.addCars(file); err != nil {
		return err
	}
	return unreadable(s, p.fill(d, 1, 2, 4, 8))
}

func (p *published) addCars(file fs.File) error {
	text, err := io.ReadAll(io.LimitReader(file, maxAnnotations))
	if err != nil {
		return &Error{"data", carsName, regular.Reason(err)}
	}
	of, err := matlab.Read(text)
	if err != nil {
		return &Error{"data", carsName, err}
	}
	annotations, names := of["annotations"].Fields, matlab.Text(of["class_names"].Cells)
	paths, classes := matlab.Text(annotations["relative_im_path"]), annotations["class"]
	if len(paths) == 0 || len(classes) != len(paths) {
		return &Error{"data", carsName, fmt.Errorf("annotations have %s and %s, want one of each for each image",
			plural(len(paths), "relative_im_path"), plural(len(classes), "class"))}
	}
	bad := ListError{Path: carsName}
	for i, name := range paths {
		if err := p.addCar(name, classes[i], names); err != nil {
			bad.add(i+1, err)
		} else {
			bad.Good++
		}
	}
	if bad.Bad > 0 {
		return &bad
	}
	return nil
}

func (p *published) addCar(name string, class matlab.Value, names []string) error {
	number, err := class.Number()
	if err != nil {
		return faulty("", "class has %v", err)
	}
	text := strconv.FormatFloat(number, 'f', -1, 64)
	split, err := bySplit(text, carsTrained)
	if err != nil {
		return err
	}
	model := ""
	if int(number) <= len(names) {
		model = names[int(number)-1]
	}
	return p.add(name, padded(text, model, 3), split)
}
