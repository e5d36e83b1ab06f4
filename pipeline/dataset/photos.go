package dataset

import (
	"fmt"
	"math/rand/v2"
)

// LabelImageSet tells which images are label images.
func (d *Dataset) LabelImageSet() map[int32]bool {
	labels := map[int32]bool{}
	for _, m := range d.Matches {
		labels[m.Label] = true
	}
	return labels
}

// Shows returns what each image shows: the path of its label image, or where the data has none its
// class; "" where that is not known.
func (d *Dataset) Shows() []string {
	of := make([]string, len(d.Images))
	for _, m := range d.Matches {
		of[m.Image] = d.Images[m.Label].Path
	}
	if len(d.Matches) == 0 {
		for i := range d.Images {
			of[i] = d.className(int32(i))
		}
	}
	return of
}

// holdOutPhotos moves photos of each label image out of train, so that what is held out
// chooses among label images that training knows. Label images with too few photos
// for one of their own take turns, and each keeps one in train.
func (d *Dataset) holdOutPhotos(part Part, cut cut, r *rand.Rand) error {
	if d.GroupOf != nil {
		return d.holdOutPhotoGroups(part, cut, r)
	}
	of := map[int32][]int{} // label image → indices of Matches
	for i, m := range d.Matches {
		if m.Split == Train {
			of[m.Label] = append(of[m.Label], i)
		}
	}
	labels := part.LabelImages()
	r.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
	credit, held := 0.0, 0
	for n, label := range labels {
		photos := of[label]
		credit += cut.share * float64(len(photos))
		k := min(int(credit+1e-9), len(photos)-1)
		if n == len(labels)-1 && held+k == 0 && len(photos) > 1 {
			k = 1
		}
		credit -= float64(k)
		for _, at := range r.Perm(len(photos))[:k] {
			m := &d.Matches[photos[at]]
			m.Split, d.Images[m.Image].Split = cut.to, cut.to
		}
		held += k
	}
	if held == 0 {
		return fmt.Errorf("no %.3g %% of %s of %s can be held out for %s: label images keep "+
			"one in train; add photos, or a column split", 100*cut.share,
			plural(len(part.Matches), "photo"), plural(len(labels), "label image"), cut.to.purpose())
	}
	d.note("no split %s in the data: %d of %s held out by label image, seed %d",
		cut.to, held, plural(len(part.Matches), "training photo"), cut.seed)
	return nil
}

// holdOutPhotoGroups moves groups of photos out of train, about a share of each label image.
func (d *Dataset) holdOutPhotoGroups(part Part, cut cut, r *rand.Rand) error {
	label := map[int32]int32{}
	for _, m := range part.Matches {
		label[m.Image] = m.Label
	}
	u := d.newUnits(part.Images, func(i int32) int32 { return label[i] })
	u.share, u.keep = cut.share, 1
	u.whole = func(held map[int32]int) bool { return len(held) > 0 }
	images, ok := u.choose(r)
	if !ok {
		return fmt.Errorf("no %.3g %% of %s can be held out for %s without parting a group, or leaving a label image "+
			"without photos in train: they are in %s; add photos of other groups, or a column split",
			100*cut.share, plural(len(part.Matches), "photo"), cut.to.purpose(), plural(len(u.images), "group"))
	}
	held := map[int32]bool{}
	for _, i := range images {
		held[i], d.Images[i].Split = true, cut.to
	}
	for i := range d.Matches {
		if m := &d.Matches[i]; held[m.Image] {
			m.Split = cut.to
		}
	}
	d.note("no split %s in the data: %d of %s held out by group and label image, seed %d",
		cut.to, len(images), plural(len(part.Matches), "training photo"), cut.seed)
	return nil
}
