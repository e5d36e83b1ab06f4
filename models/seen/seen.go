// Package seen remembers which pictures a training has seen, and as what:
//
//	images with their roles → List → file of a run → Set → role of a picture, copies of it
//
// A picture is known by its content: the SHA-256 of its file finds it under any path, its
// perceptual hash finds re-encoded and resized copies. The package does not open pictures.
package seen

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/pipeline/phash"
)

// Role is what a training did with an image.
type Role string

// The roles, the most exposed first. A picture that is there more than once has the first of
// its roles. Images of test have none: a training never opens them.
const (
	Train Role = "train" // learned from
	Val   Role = "val"   // the checkpoint and the thresholds were chosen on it
	Label Role = "label" // a label image: an answer, not an example
)

var exposure = map[Role]int{Train: 0, Val: 1, Label: 2}

// Image is one image of a training.
type Image struct {
	Path string // separated by slashes, inside the data
	Role Role
	phash.Identity
	OtherHash bool // it has a hash of another version, which is not read
}

// List is the images of a training, in the order of their paths.
type List []Image

// Sort puts the list into the order of its paths.
func (l List) Sort() {
	slices.SortFunc(l, func(a, b Image) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(exposure[a.Role], exposure[b.Role]))
	})
}

// Sum returns "sha256:" and the hash, in hexadecimal, of the paths, roles and contents of a list in
// the order of Sort. Perceptual hashes, of which there are versions, are not in it.
func (l List) Sum() string {
	h := sha256.New()
	for _, i := range l {
		fmt.Fprintf(h, "%s %x %q\n", i.Role, i.SHA256, i.Path)
	}
	return fmt.Sprintf("sha256:%x", h.Sum(nil))
}

// Unhashed counts the images whose perceptual hash is of another version: their copies are not
// known.
func (l List) Unhashed() (images int) {
	for _, i := range l {
		if i.OtherHash {
			images++
		}
	}
	return images
}

// Count returns how many images have each role.
func (l List) Count() map[Role]int {
	n := map[Role]int{}
	for _, i := range l {
		n[i.Role]++
	}
	return n
}

// Set answers what a List knows of a picture. It is safe for concurrent use.
type Set struct {
	list  List
	of    map[[32]byte]int // content: the row with the most exposed role
	rows  []int            // of the hashes in index
	index *phash.Index
}

// NewSet returns what l knows; it keeps l.
func NewSet(l List) *Set {
	s := &Set{list: l, of: make(map[[32]byte]int, len(l))}
	var hashes []phash.Hash
	for row, i := range l {
		if at, ok := s.of[i.SHA256]; !ok || exposure[i.Role] < exposure[l[at].Role] {
			s.of[i.SHA256] = row
		}
		if i.Hashed {
			hashes, s.rows = append(hashes, i.Hash), append(s.rows, row)
		}
	}
	s.index = phash.NewIndex(hashes)
	return s
}

// List returns all images. They must not be changed.
func (s *Set) List() List { return s.list }

// Find returns the image with exactly this content, of the most exposed role.
func (s *Set) Find(id phash.Identity) (Image, bool) {
	row, ok := s.of[id.SHA256]
	if !ok {
		return Image{}, false
	}
	return s.list[row], true
}

// Copy returns the nearest image that id is a re-encoded or resized copy of: another file
// whose hash is within phash.Near. Of equally near ones it is that of the most exposed role,
// then the first by path. Drawings have no hash and are no copies.
func (s *Set) Copy(id phash.Identity) (Image, bool) {
	if !id.Hashed {
		return Image{}, false
	}
	best, found := Image{}, false
	for _, at := range s.index.Find(id.Hash, phash.Near) {
		i := s.list[s.rows[at]]
		if i.SHA256 == id.SHA256 {
			continue
		}
		if !found || cmp.Or(cmp.Compare(i.Hash.Distance(id.Hash), best.Hash.Distance(id.Hash)),
			cmp.Compare(exposure[i.Role], exposure[best.Role])) < 0 {
			best, found = i, true
		}
	}
	return best, found
}

// Match is an image of a list that is a picture, or a copy of it.
type Match struct {
	Image
	Exact    bool // it is the same file
	Distance int  // of the perceptual hashes, in bits; 0 where Exact
}

// All returns every image that id is, or that is a re-encoded or resized copy of it: the same
// files first, then the nearest, in the order of l. It takes time in proportion to l.
func (l List) All(id phash.Identity) []Match {
	var found []Match
	for _, i := range l {
		switch {
		case i.SHA256 == id.SHA256:
			found = append(found, Match{Image: i, Exact: true})
		case i.Hashed && id.Hashed && i.Hash.Distance(id.Hash) <= phash.Near:
			found = append(found, Match{Image: i, Distance: i.Hash.Distance(id.Hash)})
		}
	}
	rank := func(m Match) int {
		if m.Exact {
			return -1
		}
		return m.Distance
	}
	slices.SortStableFunc(found, func(a, b Match) int { return cmp.Compare(rank(a), rank(b)) })
	return found
}

// Difference is an image whose content or role is not that of an earlier list.
type Difference struct {
	Path   string
	Reason string // "other content", "not in the data any more", "new", "was train, is val"
}

// Compare returns how after differs from before, both sorted, by path.
func Compare(before, after List) []Difference {
	var list []Difference
	a, b := before, after
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Path < b[0].Path:
			list = append(list, Difference{a[0].Path, "not in the data any more"})
			a = a[1:]
			continue
		case len(a) == 0 || b[0].Path < a[0].Path:
			list = append(list, Difference{b[0].Path, "new"})
			b = b[1:]
			continue
		case a[0].SHA256 != b[0].SHA256:
			list = append(list, Difference{a[0].Path, "other content"})
		case a[0].Role != b[0].Role:
			list = append(list, Difference{a[0].Path, "was " + string(a[0].Role) + ", is " + string(b[0].Role)})
		}
		a, b = a[1:], b[1:]
	}
	return list
}

// sum returns the SHA-256 of i's file in hexadecimal.
func (i Image) sum() string { return hex.EncodeToString(i.SHA256[:]) }
