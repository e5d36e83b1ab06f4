package check

import (
	"slices"

	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// Quick returns the worst findings, at most three, that what images are known by tells: a training has that
// anyway. Identity returns that of an image, and false where it was not read. Colours, and copies that are
// cropped, are not looked at; the same file in two splits is left out by the training, which says so.
func Quick(d *dataset.Dataset, identity func(image int32) (phash.Identity, bool)) ([]Finding, error) {
	prints := make([]copies.Print, len(d.Images))
	for i := range prints {
		p := &prints[i]
		p.Path = d.Images[i].Path
		if id, ok := identity(int32(i)); ok {
			p.SHA256, p.Pixels = id.SHA256, id.SHA256
			p.Views.Whole = phash.View{Hash: id.Hash, Hashed: id.Hashed}
		}
	}
	r := &Report{Images: len(d.Images)}
	r.classes(d)
	r.groups(d, prints, copies.Find(prints, copies.Same), copies.Same)
	r.Leaks = slices.DeleteFunc(r.Leaks, func(l Link) bool { return l.Kind == copies.File })
	if d.Kind().Lists() {
		for _, pair := range d.Pairs {
			r.callsDifferent(d, prints, pair)
		}
	}
	r.judge(d)
	const most = 3
	found := slices.DeleteFunc(r.Findings, func(f Finding) bool { return f.Kind == FewPictures || f.Kind == NotReadable })
	return found[:min(len(found), most)], nil
}
