// Package dataset reads what the user's files say about images, before any pixel
// is decoded:
//
//	folder, archive or list → format → Dataset: images, classes, pairs → Assign → parts by split
//
// An archive is read in place and a list's images may lie in one. Formats are in
// Table, one per file. The package does not open images: whether a file is one,
// pipeline/decode finds out.
package dataset

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	english "github.com/tfpair/tfpair/internal/plural"
)

// Image is one image file.
type Image struct {
	Path  string // separated by slashes, inside Dataset.Root
	Size  int64  // bytes
	Class int32  // index of Dataset.Classes, -1 unknown
	Split Split  // of listed images, the most withheld of their pairs' splits: test, val, train; of label images none
	// It is searched by the other images of its split, and asks for nothing itself. Where no image is,
	// each asks for all others.
	Searched bool
}

// Pair is two images, of the same class or not. It has 16 bytes, as there may be millions.
type Pair struct {
	Left, Right int32 // indices of Dataset.Images
	Line        int32 // in the list file, from 1
	Split       Split
	Same        bool
	Fold        uint8 // of a protocol whose folds choose thresholds for each other, from 1; 0: there is none

	list uint8 // of Dataset.lists
}

// spot is where the row of p is.
func (p Pair) spot() spot { return spot{p.list, int(p.Line)} }

// Triplet is three images, two of one class and one of another.
type Triplet struct {
	Anchor, Positive, Negative int32 // indices of Dataset.Images
	Line                       int32 // in the list file, from 1
	Split                      Split

	list uint8 // of Dataset.lists
}

// spot is where the row of t is.
func (t Triplet) spot() spot { return spot{t.list, int(t.Line)} }

// Dataset is images and what is known about them. Once assigned it is safe for
// concurrent use.
type Dataset struct {
	Name     string // last element of the path of the data
	Format   string // row of Table
	Root     fs.FS  // holds the images; safe for concurrent use
	Images   []Image
	Classes  []string  // sorted; nil where the format has none
	Coarse   []string  // classes of classes, sorted; nil where the data names none
	CoarseOf []int32   // [class] index of Coarse; nil where the data names none
	Pairs    []Pair    // in the order of the list; those of triplets once; nil where the format has none
	Triplets []Triplet // in the order of the list; nil where the format has none
	Matches  []Match   // in the order of the list; nil where the format has none
	Groups   []string  // names of bursts, sessions, sellers, …, sorted; nil where the data names none
	GroupOf  []int32   // [image] index of Groups, -1 on its own; nil where Groups is
	GroupBy  string    // what Groups were asked for by: an expression of ParseGroupBy, or a word of the caller; "": none, or the data names them
	Times    []string  // [image] when it was taken, as the list says it, "" unknown; nil where the data names none
	Episodes []Episode // tasks of few-shot learning; nil where the format has none
	Recalls  []int32   // the ranks k of the recall@k that papers report of the data, ascending; nil: none
	Notes    []string  // what a user should know, one sentence each
	Nowhere  []string  // links that were left out since they lead nowhere now; what is behind them may be on a disk that is away

	known Known        // of Options
	lists listNames    // that the tuples are from
	close func() error // nil when there is nothing to close; may be called twice
}

// Error says that data cannot be used, and why.
type Error struct {
	Role string // "data" or "images"
	Path string // as the user wrote it
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("%s %q: %v", e.Role, e.Path, e.Err) }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Close releases the archive behind Root, if there is one. Copies made by Without
// share it. Closing twice is fine.
func (d *Dataset) Close() error {
	if d.close == nil {
		return nil
	}
	return d.close()
}

// Splits returns the splits that hold at least one image or pair, in the order
// train, val, test.
func (d *Dataset) Splits() []Split {
	var present []Split
	for _, s := range []Split{Train, Val, Test} {
		if d.has(s) {
			present = append(present, s)
		}
	}
	return present
}

// Summary returns one line with the counts of images, classes or tuples, in all and
// by split.
func (d *Dataset) Summary() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", d.Name, d.counts(d.All()))
	for i, s := range d.Splits() {
		lead := ", "
		if i == 0 {
			lead = "; "
		}
		fmt.Fprintf(&b, "%s%s %s", lead, s, d.counts(d.In(s)))
	}
	return b.String()
}

func (d *Dataset) counts(p Part) string {
	switch d.Kind() {
	case OfLabelImages:
		return fmt.Sprintf("%s of %s", plural(len(p.Matches), "photo"),
			plural(len(p.LabelImages()), "label image"))
	case OfTriplets:
		return fmt.Sprintf("%s of %s", plural(p.Triplets.Len(), "triplet"),
			plural(len(p.Images), "image"))
	case OfEpisodes:
		return fmt.Sprintf("%s of %s", plural(len(d.Episodes), "episode"), plural(len(p.Images), "image"))
	case OfPairs:
		same := 0
		for pair := range p.Pairs.All() {
			if pair.Same {
				same++
			}
		}
		return fmt.Sprintf("%s (%d same) of %s", plural(p.Pairs.Len(), "pair"), same,
			plural(len(p.Images), "image"))
	}
	classes := map[int32]bool{}
	for _, i := range p.Images {
		classes[d.Images[i].Class] = true
	}
	return fmt.Sprintf("%s in %s", plural(len(p.Images), "image"), plural(len(classes), "class"))
}

// CheckPairs says why training on pairs cannot work, as an *Error: it needs pairs
// of both kinds, listed, or drawn from at least two classes of which one has two
// images, or photos of at least two label images. It looks at the training split, or at
// everything where there is none.
func (d *Dataset) CheckPairs() error {
	p := d.In(Train)
	if len(p.Images) == 0 {
		p = d.All()
	}
	reason := d.noPairs(p)
	if reason == "" {
		return nil
	}
	if p.Split != Unsplit {
		reason = fmt.Sprintf("split %q: %s", p.Split, reason)
	}
	return &Error{"data", d.Name, fmt.Errorf("%s", reason)}
}

func (d *Dataset) noPairs(p Part) string {
	if d.Kind() == OfLabelImages {
		if len(p.LabelImages()) > 1 {
			return ""
		}
		return fmt.Sprintf("one label image stands for %s; want at least 2 to choose from",
			plural(len(p.Matches), "photo"))
	}
	kinds := map[bool]int{}
	for pair := range p.Pairs.All() {
		kinds[pair.Same]++
	}
	sizes, largest := map[int32]int{}, 0
	for _, i := range p.Images {
		if c := d.Images[i].Class; c >= 0 {
			sizes[c]++
			largest = max(largest, sizes[c])
		}
	}
	switch {
	case len(kinds) == 2:
		return ""
	case kinds[true] > 0:
		return fmt.Sprintf("%s, all same; training needs different ones, too", plural(kinds[true], "pair"))
	case kinds[false] > 0:
		return fmt.Sprintf("%s, all different; training needs same ones, too", plural(kinds[false], "pair"))
	case d.Kind() == OfEpisodes:
		return "one-shot runs are for evaluation; training needs class folders or pairs"
	case len(sizes) == 0:
		return "no image has a class, and no pairs are listed"
	case len(sizes) == 1:
		return fmt.Sprintf("%s, all of one class; pairs need at least 2 classes", plural(largest, "image"))
	case largest == 1:
		return fmt.Sprintf("each of the %d classes has one image; "+
			"pairs need a class with at least 2", len(sizes))
	}
	return ""
}

// Fingerprint returns "sha256:" and the hash, in hexadecimal, of all paths, sizes,
// classes, splits and tuples. It does not depend on where the data lies.
func (d *Dataset) Fingerprint() string {
	h := sha256.New()
	for _, c := range d.Classes {
		fmt.Fprintf(h, "class %q\n", c)
	}
	for _, i := range d.Images {
		fmt.Fprintf(h, "image %q %d %d %s\n", i.Path, i.Size, i.Class, i.Split)
		if i.Searched {
			fmt.Fprintf(h, "searched\n")
		}
	}
	for _, p := range d.Pairs {
		fmt.Fprintf(h, "pair %d %d %t %s\n", p.Left, p.Right, p.Same, p.Split)
		if p.Fold > 0 {
			fmt.Fprintf(h, "fold %d\n", p.Fold)
		}
	}
	for _, t := range d.Triplets {
		fmt.Fprintf(h, "triplet %d %d %d %s\n", t.Anchor, t.Positive, t.Negative, t.Split)
	}
	for _, c := range d.Coarse {
		fmt.Fprintf(h, "coarse %q\n", c)
	}
	for class, c := range d.CoarseOf {
		fmt.Fprintf(h, "class %d of coarse %d\n", class, c)
	}
	for _, m := range d.Matches {
		fmt.Fprintf(h, "match %d %d %s\n", m.Image, m.Label, m.Split)
	}
	for i, g := range d.GroupOf {
		if g >= 0 {
			fmt.Fprintf(h, "image %d of group %q\n", i, d.Groups[g])
		}
	}
	for _, e := range d.Episodes {
		fmt.Fprintf(h, "episode %d %d %d %d\n", e.Support, e.Class, e.Query, e.Answer)
	}
	return fmt.Sprintf("sha256:%x", h.Sum(nil))
}

// note adds a sentence to Notes, once.
func (d *Dataset) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(d.Notes, text) {
		d.Notes = append(d.Notes, text)
	}
}

// plural returns "1 image" or "2 images".
func plural(n int, noun string) string { return english.Count(n, noun) }
