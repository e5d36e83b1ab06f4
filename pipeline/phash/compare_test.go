package phash

import (
	"image"
	"testing"

	"github.com/disintegration/imaging"
)

// brighter returns a picture whose colours are a fifth brighter, cut at white.
func brighter(img *image.NRGBA) *image.NRGBA {
	out := imaging.Clone(img)
	for i, v := range out.Pix {
		if i%4 < 3 {
			out.Pix[i] = uint8(min(6*int(v)/5, 255))
		}
	}
	return out
}

// TestRecoded: a picture that was cut at white is the same one, also where its whole is farther than Near.
func TestRecoded(t *testing.T) {
	const n = 40
	originals := make([]Views, n)
	far := 0
	for i := range n {
		img := scene(120, 90, uint64(i))
		originals[i] = ViewsOf(img)
		copied := ViewsOf(brighter(img))
		distance, ok := originals[i].Recoded(&copied)
		back, backOk := copied.Recoded(&originals[i])
		if distance != back || ok != backOk {
			t.Errorf("scene %d: %d bits, %t one way and %d, %t the other", i, distance, ok, back, backOk)
		}
		if ok && distance > Near {
			far++
		}
		for j := range i {
			if d, ok := originals[i].Recoded(&originals[j]); ok {
				t.Errorf("scenes %d and %d are one: %d bits", i, j, d)
			}
		}
	}
	if far == 0 {
		t.Error("no copy is farther than Near: the test tests nothing")
	}
}

// TestAlikeByParts holds the bounds of the mean of equal parts, with hashes that are made.
func TestAlikeByParts(t *testing.T) {
	bits := func(n int) View { return View{1<<n - 1, true} }
	made := func(whole, parts int) *Views {
		v := &Views{Whole: bits(whole), Inside: bits(whole)}
		for i := range v.Windows { // far from every whole
			v.Windows[i] = View{^bits(parts).Hash, true}
		}
		for i := range v.Parts {
			v.Parts[i] = View{^bits(parts).Hash, true}
		}
		return v
	}
	for _, c := range []struct {
		whole, parts   int // bits by which the two differ
		recoded, alike bool
	}{
		{Near, 30, true, true},
		{Near + 1, recodedParts, true, true},
		{Near + 1, recodedParts + 1, false, true},
		{Alike, recodedParts, true, true},
		{Alike + 1, recodedParts, false, true},
		{AlikeWhole, alikeParts, false, true},
		{AlikeWhole, alikeParts + 1, false, false},
		{AlikeWhole + 1, 8, false, false},
	} {
		v, w := made(0, 0), made(c.whole, c.parts)
		if _, ok := v.Recoded(w); ok != c.recoded {
			t.Errorf("wholes %d and parts %d bits apart: recoded %t, want %t", c.whole, c.parts, ok, c.recoded)
		}
		if _, ok := v.Alike(w); ok != c.alike {
			t.Errorf("wholes %d and parts %d bits apart: alike %t, want %t", c.whole, c.parts, ok, c.alike)
		}
		index := NewViewIndex(2, func(i int) *Views { return []*Views{v, w}[i] })
		if found := len(index.Find(v)) == 2; c.alike && !found {
			t.Errorf("wholes %d and parts %d bits apart are not found", c.whole, c.parts)
		}
	}
}
