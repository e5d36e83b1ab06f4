package cli

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/runner/label"
)

// labelledPhotos is what a session about label images came to.
type labelledPhotos struct {
	Out     string `json:"out"`
	Answers int    `json:"answers"`
	None    int    `json:"none"` // photos for which none of those shown was chosen
	Used    int    `json:"label_images"`
}

// match asks which label image stands for each photo.
func (o labelOptions) match(ctx context.Context, out output) (err error) {
	f, err := o.folders()
	if err != nil {
		return err
	}
	lists, shut, err := o.matchLists()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	photos, err := f.openImages(0)
	if err != nil {
		return err
	}
	defer photos.Close() // read only
	labels, err := f.openImages(1)
	if err != nil {
		return err
	}
	defer labels.Close() // read only
	all, err := o.embed(ctx, out, photos, labels)
	if err != nil {
		return err
	}
	type picture struct {
		from *dataset.Dataset
		path string
	}
	var pictures []picture
	for i, from := range []*dataset.Dataset{photos, labels} {
		for n, path := range all[i].Paths {
			pictures = append(pictures, picture{from, path})
			all[i].Paths[n] = filepath.ToSlash(filepath.Join(f.below[i], path))
		}
	}
	session, err := label.NewMatching(labelPictures(all[0]), labelPictures(all[1]), lists, o.seed, time.Now)
	if err != nil {
		return fmt.Errorf("--data %q, --label-images %q: %w", o.data, o.labels, err)
	}
	site := label.NewMatchingSite(session, func(n int) (image.Image, error) {
		return decode.Open(pictures[n].from.Root, pictures[n].path, decode.DefaultLimits)
	})
	p := session.Progress()
	if err := o.serve(ctx, out, site, labelling{Pictures: p.Photos, Labels: p.Labels, Answers: p.Answers}); err != nil {
		return err
	}
	return o.endMatching(out, session.Progress(), f.root)
}

// labelFolders says where photos (0) and label images (1) lie: below one folder, which the paths of the list start from.
type labelFolders struct {
	root  string    // as a command line has it
	typed [2]string // as the user wrote them
	at    [2]string // absolute
	below [2]string // relative to root
}

// folders finds the folder that holds photos and label images.
func (o labelOptions) folders() (f labelFolders, err error) {
	f.typed = [2]string{o.data, o.labels}
	for i, flag := range []string{"data", "label-images"} {
		info, err := os.Stat(f.typed[i])
		if err != nil {
			return f, &dataset.Error{Role: "--" + flag, Path: f.typed[i], Err: regular.Reason(err)}
		}
		if !info.IsDir() {
			return f, usagef("--%s %q: with --label-images both are folders; unpack an archive first", flag, f.typed[i])
		}
		if f.at[i], err = filepath.Abs(f.typed[i]); err != nil {
			return f, fmt.Errorf("--%s: %w", flag, err)
		}
	}
	if f.at[0] == f.at[1] {
		return f, usagef("--data and --label-images are the same folder, %q: want that of the photos and that of the pictures that stand for them", o.data)
	}
	f.root = f.at[0]
	for !inside(f.root, f.at[1]) {
		f.root = filepath.Dir(f.root)
	}
	if f.root == filepath.Dir(f.root) {
		return f, usagef("--data %q and --label-images %q have no folder in common, and the paths of a list start from one: move them into one", o.data, o.labels)
	}
	for i := range f.below {
		if f.below[i], err = filepath.Rel(f.root, f.at[i]); err != nil {
			return f, err
		}
	}
	if filepath.IsAbs(o.data) && filepath.IsAbs(o.labels) {
		return f, nil
	}
	here, err := os.Getwd()
	if err == nil {
		f.root, err = filepath.Rel(here, f.root)
	}
	return f, err
}

// inside reports whether a path is a folder or lies in it.
func inside(folder, path string) bool {
	rest, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rest)
}

// openImages opens the pictures of one folder, without those of the other one where that lies in it.
func (f labelFolders) openImages(i int) (*dataset.Dataset, error) {
	data, err := (layoutOptions{}).openImages(f.typed[i])
	if err != nil || !inside(f.at[i], f.at[1-i]) {
		return data, err
	}
	other, err := filepath.Rel(f.at[i], f.at[1-i])
	if err != nil {
		return nil, errors.Join(err, data.Close())
	}
	data.Images = slices.DeleteFunc(data.Images, func(img dataset.Image) bool { return inside(other, filepath.FromSlash(img.Path)) })
	return data, nil
}

// matchLists opens the list, and beside it those of label images that were rejected and of second answers.
func (o labelOptions) matchLists() (lists label.MatchLists, shut func() error, err error) {
	var open []*label.Journal[label.Match]
	shut = func() (err error) {
		for _, j := range open {
			err = errors.Join(err, j.Close())
		}
		return err
	}
	for _, one := range []struct {
		path string
		open func(string) (*label.Journal[label.Match], error)
		to   **label.Journal[label.Match]
	}{{o.out, label.OpenMatches, &lists.Chosen}, {o.beside("none"), label.OpenRejected, &lists.Rejected}, {o.beside("second"), label.OpenMatches, &lists.Second}} {
		if *one.to, err = one.open(one.path); err != nil {
			return lists, nil, errors.Join(fmt.Errorf("--out: %w", err), shut())
		}
		open = append(open, *one.to)
	}
	return lists, shut, nil
}

// endMatching says what was answered, and how it trains.
func (o labelOptions) endMatching(out output, p label.MatchProgress, root string) error {
	if p.Answers > 0 {
		out.print("wrote %s: %s of %s", o.out, count(p.Answers, "photo"), count(p.Used, "label image"))
	} else {
		out.print("no label image was chosen, and %s was not written", o.out)
	}
	if p.None > 0 {
		out.print("%s had none of the label images that were shown: %s", count(p.None, "photo"), o.beside("none"))
	}
	if err := out.emit("summary", labelledPhotos{o.out, p.Answers, p.None, p.Used}); err != nil {
		return err
	}
	if p.Used < 2 {
		if p.Answers > 0 {
			out.say("a training needs photos of at least 2 label images")
		}
		return nil
	}
	if filepath.Clean(root) == filepath.Dir(o.out) {
		root = ""
	}
	out.say("next: %s", commandLine{"tfpair", "train"}.with(given{"data", o.out}, given{"images", root}, given{"out", freeName("run", "")}))
	return nil
}
