// Package copies finds pictures that are there more than once:
//
//	images of a data set → Read → []Print → Find → []Group
//	                         ↕
//	                       Cache: what was read before
//
// Two pictures are the same file, have the same pixels, are re-encoded or resized, or are edited: cropped,
// framed or written on. The package knows nothing of what pictures show.
package copies

import (
	"cmp"
	"crypto/sha256"
	"slices"

	"github.com/tfpair/tfpair/pipeline/decode"
	"github.com/tfpair/tfpair/pipeline/phash"
)

// Kind says how two pictures are the same.
type Kind string

// The kinds, the closest first.
const (
	File      Kind = "file"       // the same bytes
	Pixels    Kind = "pixels"     // the same pixels in another file, of which there are no more pictures
	Reencoded Kind = "re-encoded" // or resized, grey or of slightly other colours: phash.Views.Recoded
	Edited    Kind = "edited"     // cropped, framed or written on: phash.Views.Alike
	Resembles Kind = "resembles"  // near by something else than hashes, such as the embeddings of a model
)

// Kinds are all kinds, the closest first.
var Kinds = []Kind{File, Pixels, Reencoded, Edited, Resembles}

// Compare orders kinds, the closest first, and links of one kind by their distance.
func (k Kind) Compare(distance int, other Kind, otherDistance int) int {
	return cmp.Or(cmp.Compare(slices.Index(Kinds, k), slices.Index(Kinds, other)), cmp.Compare(distance, otherDistance))
}

// Level says which kinds count.
type Level string

// The levels.
const (
	Same  Level = "same"  // same file or re-encoded: File, Pixels and Reencoded
	Alike Level = "alike" // looks the same: Edited, too
)

// Counts reports whether a kind counts at a level.
func (l Level) Counts(k Kind) bool { return l == Alike || k != Edited }

// Print is what a picture is compared by.
type Print struct {
	Path   string // separated by slashes, inside the data
	Stamp  Stamp
	SHA256 [sha256.Size]byte // of the file; zero where it is empty or cannot be read
	Pixels [sha256.Size]byte // of width, height and pixels, upright and over white; zero without a picture
	Width  int32             // pixels, upright
	Height int32
	Detail float32 // of the picture, see detail; a copy that was enlarged has less than its original
	Views  phash.Views
	Small  Small        // of the picture
	Facts  decode.Facts // of the header; zero where it cannot be read
	Fault  string       // why the file is no picture that can be read; "": it is one
}

// Small is the mean colours of a picture at 4×4 places, red, green and blue.
type Small [4 * 4 * 3]uint8

// unread is the SHA256 of what cannot be read.
var unread [sha256.Size]byte

// Compare returns how two pictures are the same, the closest kind that they are, and false where they are
// not. The distance is that of the hashes in bits, 0 for the same file or pixels.
// What was not read is the same as nothing. Of animations and files of pages only the first picture is known, which
// can make them look the same, and no more.
func Compare(a, b *Print) (kind Kind, distance int, ok bool) {
	more := a.Facts.More || b.Facts.More
	switch {
	case a.SHA256 == b.SHA256 && a.SHA256 != unread:
		return File, 0, true
	case a.Fault != "" || b.Fault != "" || a.SHA256 == unread || b.SHA256 == unread:
		return "", 0, false
	case !more && a.Pixels == b.Pixels:
		return Pixels, 0, true
	}
	mean, most := a.Small.recoloured(&b.Small)
	if distance, ok := a.Views.Recoded(&b.Views); ok && !more && most <= sameColour {
		return Reencoded, distance, true
	}
	distance, ok = a.Views.Alike(&b.Views)
	return Edited, distance, ok && mean <= alikeColour
}
