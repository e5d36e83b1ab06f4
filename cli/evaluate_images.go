package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/pipeline"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// parts chooses what is measured out of data.
type parts struct {
	data        *dataset.Dataset
	train       spec.Train // how training split
	seen        []string   // classes that it saw
	fingerprint string     // of the data of the training, assigned
	unseen      bool       // test holds the other classes, whatever their split
}

// splits are what training made of data that names none.
func (p parts) splits() dataset.SplitOptions {
	return dataset.SplitOptions{Val: p.train.Val, Test: p.train.Test, ByClass: p.train.Unseen, Seed: uint64(p.train.Seed)}
}

// trained tells whether the data is that of the training: assigned as it was, it has its
// fingerprint.
func (p parts) trained() bool {
	again := p.data.Without(nil)
	return again.Assign(p.splits()) == nil && again.Fingerprint() == p.fingerprint
}

// choose returns the part that split, the value of flag, names. Test of the data that was
// trained on is what training kept for it. Other data that names no splits is all test; its
// train and val are what training would make of it.
func (p parts) choose(flag, split string) (dataset.Part, error) {
	want := dataset.Split(split)
	if p.unseen && flag == "--split" {
		if want != dataset.Test {
			return dataset.Part{}, usagef("--unseen-classes measures test, got --split %q", split)
		}
		return p.data.Unseen(p.seen)
	}
	switch want {
	case dataset.Test:
		switch {
		case p.train.Test > 0 && p.trained():
			if err := p.data.Assign(p.splits()); err != nil {
				return dataset.Part{}, err
			}
		case len(p.data.Splits()) == 0:
			part := p.data.In("")
			part.Split = dataset.Test
			return part, nil
		}
	case dataset.Train, dataset.Val:
		if err := p.data.Assign(p.splits()); err != nil {
			return dataset.Part{}, err
		}
	default:
		return dataset.Part{}, usagef("%s must be train, val or test, got %q", flag, split)
	}
	if splits := p.data.Splits(); !slices.Contains(splits, want) {
		var names []string
		for _, s := range splits {
			names = append(names, string(s))
		}
		return dataset.Part{}, usagef("%s has no split %q (it has: %s); choose one with %s",
			p.data.Name, want, strings.Join(names, ", "), flag)
	}
	return p.data.In(want), nil
}

// pixels are the images of a command, read at a network's size.
type pixels struct {
	store   *pipeline.Store
	skipped []string // paths of bad images
}

// readImages reads the images of the parts, which may be nil, for m, and takes the bad ones
// out of them or refuses.
func readImages(c *cli.Context, out output, data *dataset.Dataset, m *model,
	parts ...*dataset.Part) (*pixels, error) {
	skip, err := skipShare(c)
	if err != nil {
		return nil, err
	}
	o := storeOptions(c)
	if err := o.Resize(m.Preprocessing.Options, m.spec.Target.Resize); err != nil {
		return nil, err
	}
	parts = slices.DeleteFunc(parts, func(p *dataset.Part) bool { return p == nil })
	var images []int32
	for _, p := range parts {
		images = append(images, p.Images...)
	}
	p := &pixels{store: pipeline.NewStore(data, o)}
	bar := newProgress(out, "reading images", len(images), time.Now)
	bad, err := p.store.Prepare(c.Context, images, func(done, total int) { bar.at(done, total, "") })
	bar.done()
	if err == nil {
		p.skipped, err = pipeline.LeaveOut(bad, len(images), skip, parts...)
	}
	if err != nil {
		p.store.Close() // a cache
		return nil, stopped(c.Context, err)
	}
	return p, nil
}

// outcome says, where all else went well, that images were skipped.
func (p *pixels) outcome() error {
	if len(p.skipped) > 0 {
		return &skippedError{len(p.skipped)}
	}
	return nil
}
