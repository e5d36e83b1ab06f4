package phash

// Bounds of Views that count as the same picture. bench duplicates measures what they find, and how many pairs of
// different photos are as near.
const (
	Alike      = 7  // bits of the nearest views, for a picture cropped, framed or written on
	AlikeWhole = 11 // bits of the wholes, where equal parts are near, too

	recodedParts = 3  // bits in the mean of equal parts, for a picture in other colours
	alikeParts   = 12 // for one that is written on all over
)

// Recoded returns how many bits the wholes of v and w are apart, and whether they can be one picture, re-encoded:
// within Near, or within Alike where their equal parts are as near.
func (v *Views) Recoded(w *Views) (distance int, ok bool) {
	if !v.Whole.Hashed || !w.Whole.Hashed {
		return 0, false
	}
	distance = v.Whole.Hash.Distance(w.Whole.Hash)
	return distance, distance <= Near || distance <= Alike && v.parts(w) <= recodedParts
}

// Alike returns how many bits v and w are apart, and whether they can be one picture, cropped, framed or written on:
// by Distance, or by the wholes where these are within AlikeWhole and equal parts are near.
func (v *Views) Alike(w *Views) (distance int, ok bool) {
	if distance, ok = v.Distance(w); !ok || distance <= Alike {
		return distance, ok
	}
	distance = v.Whole.Hash.Distance(w.Whole.Hash)
	return distance, distance <= AlikeWhole && v.parts(w) <= alikeParts
}

// parts returns the mean distance in bits of the windows and parts of v from the same ones of w, 64 where none
// is hashed in both.
func (v *Views) parts(w *Views) float64 {
	sum, n := 0, 0
	add := func(a, b View) {
		if a.Hashed && b.Hashed {
			sum += a.Hash.Distance(b.Hash)
			n++
		}
	}
	for i := range v.Windows {
		add(v.Windows[i], w.Windows[i])
	}
	for i := range v.Parts {
		add(v.Parts[i], w.Parts[i])
	}
	if n == 0 {
		return 64
	}
	return float64(sum) / float64(n)
}

// Distance returns the least distance of the views of v and w that are compared, and false where none is:
// each whole and inside with each whole, inside and window of the other, and equal parts.
func (v *Views) Distance(w *Views) (least int, ok bool) {
	compare := func(a, b View) {
		if a.Hashed && b.Hashed {
			if d := a.Hash.Distance(b.Hash); !ok || d < least {
				least, ok = d, true
			}
		}
	}
	for _, a := range []View{v.Whole, v.Inside} {
		compare(a, w.Whole)
		compare(a, w.Inside)
		for _, b := range w.Windows {
			compare(a, b)
		}
	}
	for _, b := range []View{w.Whole, w.Inside} {
		for _, a := range v.Windows {
			compare(a, b)
		}
	}
	for i, a := range v.Parts {
		compare(a, w.Parts[i])
	}
	return least, ok
}
