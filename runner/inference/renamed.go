package inference

import (
	"context"
	"encoding/hex"
	"path"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/phash"
	"github.com/tfpair/tfpair/runner/evaluate"
)

// maxLookedAt is how many images of a class are asked whether training saw them. Where it saw nine
// tenths of a class, fewer than half of 20 drawn ones are known in one of a million cases.
const maxLookedAt = 20

// classesSeen returns the names of the classes of data that training saw: those that it knows by
// name, and those of part that have another name now. A class has another name where training saw
// at least half of its images by content, whatever their split. Names are nil where the training
// does not tell them.
func (m *Model) classesSeen(ctx context.Context, data *dataset.Dataset, part dataset.Part) (
	names []string, renamed []evaluate.Renamed, err error) {
	names = m.seenClasses()
	if len(names) == 0 || m.Seen == nil {
		return names, nil, nil
	}
	names = slices.Clone(names)
	for class, images := range unknownClasses(data, part, names) {
		var as []string
		some := dataset.Evenly(images, maxLookedAt)
		sums, err := data.Sums(ctx, some)
		if err != nil {
			return nil, nil, err
		}
		for _, sum := range sums {
			if was, ok := m.seenAs(sum); ok {
				as = append(as, was)
			}
		}
		if 2*len(as) >= len(some) && len(some) > 0 {
			renamed = append(renamed, evaluate.Renamed{Class: data.Classes[class], As: commonest(as)})
			names = append(names, data.Classes[class])
		}
	}
	return names, renamed, nil
}

// unknownClasses returns the images of data by class, where part has the class and names lack it; nil
// for other classes.
func unknownClasses(data *dataset.Dataset, part dataset.Part, names []string) [][]int32 {
	of := make([][]int32, len(data.Classes))
	measured := make([]bool, len(data.Classes))
	for _, i := range part.Images {
		if c := data.Images[i].Class; c >= 0 {
			measured[c] = !slices.Contains(names, data.Classes[c])
		}
	}
	labels := data.LabelImageSet()
	for i, image := range data.Images {
		if c := image.Class; c >= 0 && measured[c] && !labels[int32(i)] {
			of[c] = append(of[c], int32(i))
		}
	}
	return of
}

// seenAs returns the class that training saw a file in, "" where its path does not tell, and
// whether it saw it.
func (m *Model) seenAs(sum string) (class string, ok bool) {
	var id phash.Identity
	if _, err := hex.Decode(id.SHA256[:], []byte(sum)); err != nil {
		return "", false
	}
	was, ok := m.Seen.Find(id)
	for _, folder := range strings.Split(path.Dir(was.Path), "/") {
		if slices.Contains(m.Manifest.Seen, folder) {
			class = folder
		}
	}
	return class, ok
}

// commonest returns the name that is there most often, of equals the first.
func commonest(names []string) (best string) {
	count := map[string]int{}
	for _, name := range names {
		count[name]++
	}
	for _, name := range names {
		if count[name] > count[best] {
			best = name
		}
	}
	return best
}
