package check

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// mostCompared is how many pictures Quick compares: each takes a kilobyte.
const mostCompared = 100_000

// Quick returns the worst findings, at most three, that what images are known by tells: a training has that
// anyway. Identity returns that of an image, and false where it was not read. Colours, and copies that are
// cropped, are not looked at; the same file in two splits is left out by the training, which says so. Of a million
// images those are compared that have another one near them, and a finding says where these are too many.
func Quick(d *dataset.Dataset, identity func(image int32) (phash.Identity, bool)) ([]Finding, error) {
	return quick(d, identity, mostCompared)
}

func quick(d *dataset.Dataset, identity func(image int32) (phash.Identity, bool), most int) ([]Finding, error) {
	images, nearOnly := doubtful(int32(len(d.Images)), identity)
	all := len(images)
	if all > most {
		images = slices.DeleteFunc(images, func(i int32) bool { return nearOnly[i] })
		images = images[:min(len(images), most)]
	}
	prints := make([]copies.Print, len(images))
	for k, i := range images {
		p := &prints[k]
		id, _ := identity(i)
		p.Path = d.Images[i].Path
		p.SHA256, p.Pixels = id.SHA256, id.SHA256
		p.Views.Whole = phash.View{Hash: id.Hash, Hashed: id.Hashed}
	}
	r := &Report{Images: len(d.Images)}
	r.classes(d)
	r.groups(standing(d, prints, copies.Same, func(k int) int32 { return images[k] }), copies.Find(prints, copies.Same))
	r.Leaks = slices.DeleteFunc(r.Leaks, func(l Link) bool { return l.Kind == copies.File })
	if d.Kind().Lists() {
		for _, pair := range d.Pairs {
			left, known := slices.BinarySearch(images, pair.Left)
			right, both := slices.BinarySearch(images, pair.Right)
			if known && both {
				r.callsDifferent(pair, &prints[left], &prints[right])
			}
		}
	}
	r.judge(d)
	const worst = 3
	found := slices.DeleteFunc(r.Findings, func(f Finding) bool { return f.Kind == FewPictures || f.Kind == NotReadable })
	if all > len(images) {
		found = slices.Insert(found, 0, Finding{Duplicates, all, fmt.Sprintf("%d pictures look like others: too many to compare "+
			"before a training, so %d are compared", all, len(images)), "tfpair check compares them all"})
	}
	return found[:min(len(found), worst)], nil
}

// doubtful returns those of n images that may be there more than once, ascending: another one has the same file, or a hash as
// near as that of the same picture. NearOnly [image] says of which only the second is true. It takes some 100 bytes for each image.
func doubtful(n int32, identity func(image int32) (phash.Identity, bool)) (images []int32, nearOnly []bool) {
	type file struct {
		begins uint64 // its SHA-256
		image  int32
	}
	var files []file
	var hashes []phash.Hash
	var owners []int32
	for i := range n {
		if id, ok := identity(i); ok {
			files = append(files, file{binary.LittleEndian.Uint64(id.SHA256[:]), i})
			if id.Hashed {
				hashes, owners = append(hashes, id.Hash), append(owners, i)
			}
		}
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.begins, b.begins) })
	same, near := make([]bool, n), make([]bool, n)
	for k := 1; k < len(files); k++ {
		if files[k].begins == files[k-1].begins {
			same[files[k].image], same[files[k-1].image] = true, true
		}
	}
	index := phash.NewIndex(hashes)
	for row, i := range owners {
		near[i] = !same[i] && index.Others(hashes[row], row, phash.Near)
	}
	for i := range n {
		if same[i] || near[i] {
			images = append(images, i)
		}
	}
	return images, near
}
