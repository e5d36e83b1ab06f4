package inference

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/pipeline/dataset"
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

// RenamedError says that no new class is left to measure, because the training saw all of them, some
// under other names.
type RenamedError struct {
	Data    string
	Renamed []evaluate.Renamed
}

func (e *RenamedError) Error() string {
	names := make([]string, len(e.Renamed))
	for i, r := range e.Renamed {
		if names[i] = strconv.Quote(r.Class); r.As != "" {
			names[i] += " (was " + strconv.Quote(r.As) + ")"
		}
	}
	return fmt.Sprintf("%s: training has seen all of its classes, %s under other names: %s",
		e.Data, plural.Count(len(names), "class"), strings.Join(names, ", "))
}

// newOnly returns part of data without the classes that training saw under other names, where new classes
// are measured, and says so in e. The error is a *RenamedError.
func (m *Model) newOnly(e *evaluate.Exposure, data *dataset.Dataset, part dataset.Part, r Reading) (dataset.Part, error) {
	asked := r.NewClasses || m.Spec.Train.Unseen && part.Split == dataset.Test
	if !asked || r.MeasureSeen || len(e.Renamed) == 0 {
		return part, nil
	}
	skip := map[int32]bool{}
	for _, i := range part.Images {
		class := data.Images[i].Class
		skip[i] = slices.ContainsFunc(e.Renamed, func(r evaluate.Renamed) bool { return r.Class == data.Classes[class] })
	}
	e.RenamedLeftOut = true
	if part = part.Without(skip); len(part.Images) == 0 {
		return part, &RenamedError{data.Name, e.Renamed}
	}
	return part, nil
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
	was, ok := m.seenFile(sum)
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
