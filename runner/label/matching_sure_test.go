package label

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestMatchingSure: a person who looks answers sure questions as expected, and one who always presses 1 does not.
func TestMatchingSure(t *testing.T) {
	photos, labels := catalogue(12, 70)
	folder := t.TempDir()
	m := matching(t, photos, labels, folder)
	const honest = 300
	for turn := 1; turn <= honest; turn++ {
		s, err := m.Next("Ada")
		if err != nil {
			t.Fatal(err)
		}
		if want, sure := m.sure[photos.Paths[s.Photo]]; sure && (turn%sureEvery != 0 || !slices.Contains(s.Labels, m.label[want])) {
			t.Fatalf("turn %d: %+v is a sure question for %s", turn, s, want)
		}
		answers(t, m, s, "Ada")
	}
	p := m.Progress().Sure
	if p.Asked < 10 || p.Asked > honest/sureEvery || p.Right < p.Asked*9/10 {
		t.Errorf("who looks: %+v", p)
	}
	for range 200 {
		s, err := m.Next("Ada")
		if err != nil {
			t.Fatal(err)
		}
		if _, sure := m.sure[photos.Paths[s.Photo]]; !sure {
			answers(t, m, s, "Ada")
			continue
		}
		if _, err := m.Choose(s.Photo, s.Labels[0], "Ada"); err != nil {
			t.Fatal(err)
		}
	}
	after := m.Progress().Sure
	// The right one is at each of five places alike: of 12 it is first 2.4 times, and more than 8 times once in 10,000 draws (binomial).
	if asked, right := after.Asked-p.Asked, after.Right-p.Right; asked < 8 || right > asked*2/3 {
		t.Errorf("who always presses 1: %d of %d as expected", right, asked)
	}
}

// TestMatchingSureCopy: before enough is answered, a copy of a photo that has a label image is sure, as long as its copies agree.
func TestMatchingSureCopy(t *testing.T) {
	photos, labels := catalogue(8, 4)
	copied := func(to, from int) {
		copy(photos.Embeddings[to*photos.Dim:][:photos.Dim], photos.Embeddings[from*photos.Dim:][:photos.Dim])
	}
	copied(5, 0) // of another class: its label image is that of photo 0 nevertheless
	copied(9, 12)
	copied(10, 12)
	m := matching(t, photos, labels, t.TempDir())
	sure := func() (s Suggestion, ok bool) {
		t.Helper()
		s, ok = m.sureOne()
		return s, ok
	}
	if s, ok := sure(); ok {
		t.Errorf("without answers, %+v is sure", s)
	}
	for photo, label := range map[int]int{0: 7, 9: 1, 10: 2} { // 9 and 10 are one picture, and 12 is, too
		if _, err := m.Choose(photo, label, "Ada"); err != nil {
			t.Fatal(err)
		}
	}
	s, ok := sure()
	if !ok || s.Photo != 5 || !slices.Contains(s.Labels, 7) || len(s.Labels) != suggestions {
		t.Fatalf("%+v, %v; want photo 5 with label image 7", s, ok)
	}
	shown, err := json.Marshal(matchingSite{session: m}.suggested(s))
	if err != nil || strings.Count(string(shown), "sure") != 1 { // how many were answered as expected
		t.Errorf("the page is told that a question is sure: %s, %v", shown, err)
	}
	if err := m.Skip(5); err != nil {
		t.Fatal(err)
	}
	if s, ok := sure(); ok {
		t.Errorf("%+v is sure, and photo 12 has copies with two label images", s)
	}
	if p := m.Progress().Sure; p != (person{}) {
		t.Errorf("a question that was skipped counts: %+v", p)
	}
	clear(m.skipped)
	for _, c := range []struct {
		answer func() error
		want   person
	}{
		{func() error { _, err := m.None(5, s.Labels, "Ada"); return err }, person{0, 1}},
		{func() error { _, err := m.Choose(5, 7, "Ada"); return err }, person{1, 2}},
	} {
		if s, ok = sure(); !ok || s.Photo != 5 {
			t.Fatalf("%+v, %v; want photo 5", s, ok)
		}
		if err := c.answer(); err != nil {
			t.Fatal(err)
		}
		if p := m.Progress().Sure; p != c.want {
			t.Errorf("%+v, want %+v", p, c.want)
		}
		if _, _, err := m.Undo(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWide: by hand. Of 60 leads the widest 50 are right but one, which is 0.98 of them.
func TestWide(t *testing.T) {
	var leads []lead
	for i := range 60 {
		leads = append(leads, lead{float64(100 - i), i < 50 && i != 30})
	}
	if got := wide(leads); got != 51 {
		t.Errorf("%v, want that of the fiftieth, 51", got)
	}
	if got := wide(leads[:19]); !math.IsInf(got, 1) {
		t.Errorf("of 19 answers: %v", got)
	}
	leads[0].right = false
	if got := wide(leads); !math.IsInf(got, 1) {
		t.Errorf("two of the widest 50 are wrong: %v", got)
	}
}
