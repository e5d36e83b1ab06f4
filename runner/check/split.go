package check

import (
	"fmt"

	"github.com/tfpair/tfpair/internal/forest"
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// Part gives the data splits anew such that copies of one picture, and groups that the data names,
// are in one split. Splits that the data names are forgotten. Errors are those of Dataset.Assign.
func Part(d *dataset.Dataset, groups []copies.Group, o dataset.SplitOptions) error {
	sets, grouped := together(d, groups)
	names := map[int32]string{}
	for i, in := range grouped {
		if in {
			root := sets.Root(int32(i))
			names[int32(i)] = d.Images[root].Path
			if d.GroupOf != nil && d.GroupOf[root] >= 0 {
				names[int32(i)] = d.Groups[d.GroupOf[root]]
			}
		}
	}
	d.Unsplit()
	d.Groups, d.GroupOf = nil, nil
	if len(names) > 0 {
		if err := d.SetGroups("copies", names); err != nil {
			return fmt.Errorf("group copies: %w", err)
		}
	}
	return d.Assign(o)
}

// together joins the images that have to be in one split, and tells which are joined to any.
func together(d *dataset.Dataset, groups []copies.Group) (forest.Forest, []bool) {
	sets, grouped := d.JoinGroups(forest.New(len(d.Images))), make([]bool, len(d.Images))
	for i, g := range d.GroupOf {
		grouped[i] = g >= 0
	}
	labels := d.LabelImageSet() // belong to no split
	for _, g := range groups {
		at := int32(-1)
		for _, m := range g {
			i := int32(m.Print)
			if labels[i] {
				continue
			}
			grouped[i] = true
			if at >= 0 {
				sets.Join(at, i)
			}
			at = i
		}
	}
	return sets, grouped
}
