package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/look"
)

// Values of group-by that are no expression.
const (
	byLook = "look" // groups by the pictures, and not by their names
	byNone = "none" // no groups but those of a column
)

// grouping opens data, again and again with the same groups. It looks at the pictures once.
type grouping struct {
	data   *dataOptions // whose groupBy becomes byLook where pictures come in bursts
	parted bool         // a training keeps a part for test of data that names no splits
	out    output
	names  map[int32]string // groups by look; nil: not known yet
	found  string           // note on the bursts; "": none were looked for, or none found
}

// parts reports whether a training of s keeps images for test whose classes it sees.
func parts(s *spec.Spec) bool { return s.Train.Test > 0 && !s.Train.Unseen }

func (g *grouping) open(ctx context.Context) (*dataset.Dataset, error) {
	options, err := g.data.options()
	if err != nil {
		return nil, err
	}
	data, err := dataset.Open(options)
	if err != nil {
		return nil, err
	}
	if err := g.group(ctx, data); err != nil {
		return nil, errors.Join(err, data.Close())
	}
	return data, nil
}

// group gives data its groups by look, where they are wanted.
func (g *grouping) group(ctx context.Context, data *dataset.Dataset) (err error) {
	bar := stages{out: g.out}
	defer bar.end()
	if g.data.groupBy == "" && g.parted && data.Groups == nil && len(data.Splits()) == 0 {
		if err := g.search(ctx, data, g.options(bar.of("looking for bursts"))); err != nil {
			return err
		}
	}
	if g.data.groupBy != byLook {
		return nil
	}
	if g.names == nil {
		if g.names, err = look.Groups(ctx, data, g.options(bar.of("looking"))); err != nil {
			return err
		}
	}
	if err := data.SetGroups("group-by look", g.names); err != nil {
		return err
	}
	data.GroupBy = byLook
	if g.found != "" {
		data.Notes = append(data.Notes, g.found)
	}
	return nil
}

// search looks for bursts once: what it finds is the value of group-by from then on.
func (g *grouping) search(ctx context.Context, data *dataset.Dataset, o look.Options) error {
	g.parted = false
	seen, err := look.Bursts(ctx, data, o)
	if err != nil || !seen.Bursts() {
		return err
	}
	g.data.groupBy = byLook
	g.found = fmt.Sprintf("pictures of one class come in bursts: the nearest is %.0f %% as far as if they were independent; "+
		"they are grouped by look, a guess at the bursts, and new days can still be harder than test; --group-by none parts them at random", 100*seen.Ratio)
	return nil
}

// forget undoes what search found, so that data is opened as it was before there was a search.
// It reports whether there was something to undo.
func (g *grouping) forget() bool {
	if g.found == "" {
		return false
	}
	g.data.groupBy, g.names, g.found = "", nil, ""
	return true
}

func (g *grouping) options(progress func(done, total int)) look.Options {
	r := g.data.reading
	return look.Options{Workers: r.workers, Limits: decode.DefaultLimits, Kept: r.kept(), Progress: progress}
}
