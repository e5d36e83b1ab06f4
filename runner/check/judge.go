package check

import (
	"fmt"
	"slices"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// few is how many pictures are too few to learn from and to measure on.
const few = 20

// judge lists what is wrong.
func (r *Report) judge(d *dataset.Dataset) {
	r.Findings = []Finding{}
	if p := r.Pairs; p != nil && p.Likeness != nil && p.Likeness.Inverted {
		r.find(Inverted, p.Same+p.Different, fmt.Sprintf("pairs called the same look less alike than those called different: "+
			"AUC %.2f (%.2f to %.2f) by %s, where 0.5 is chance", p.Likeness.AUC, p.Likeness.Interval.Low, p.Likeness.Interval.High,
			p.Likeness.By), "")
	}
	if n := len(r.Conflicts); n > 0 {
		first := r.Conflicts[0]
		what := fmt.Sprintf("%q is %s, and %q is %s", first.Path, first.Class, first.Of, first.OfClass)
		if first.Line > 0 {
			what = fmt.Sprintf("%q and %q are called different in line %d", first.Path, first.Of, first.Line)
		}
		r.find(Contradictions, n, fmt.Sprintf("%s of one picture said to be different: %s", plural.Count(n, "copy"), what),
			"decide which is right, and remove the other")
	}
	if p := r.Pairs; p != nil && p.Chained > 0 {
		r.find(Contradictions, p.Chained, fmt.Sprintf("%s others through a third image: %s", contradict(p.Chained), p.Chain),
			"correct one of the rows")
	}
	sure := slices.DeleteFunc(slices.Clone(r.Leaks), func(l Link) bool { return l.Kind == copies.Resembles })
	if n := len(sure); n > 0 {
		first := sure[0]
		r.find(Leaks, n, fmt.Sprintf("%s held out that %s a copy in another split: %q in %s of %q in %s", plural.Count(n, "picture"),
			map[bool]string{true: "has", false: "have"}[n == 1], first.Path, first.Split, first.Of, first.OfSplit),
			"write splits that keep copies together with --write-splits NEW.csv")
	}
	unreadable := 0
	for _, u := range r.Unreadable {
		unreadable += u.Count
	}
	if unreadable > 0 {
		first := r.Unreadable[0]
		r.find(NotReadable, unreadable, fmt.Sprintf("%s cannot be read, first %q: %s", plural.Count(unreadable, "file"), first.First, first.Reason),
			"mend or remove them, or train with --bad-images skip")
	}
	duplicates := 0
	for _, c := range r.Copies {
		if c.Kind != copies.Edited && c.Kind != copies.Resembles {
			duplicates += c.Count
		}
	}
	if duplicates > 0 {
		first := r.Copies[slices.IndexFunc(r.Copies, func(c Copies) bool { return c.Count > 0 })]
		r.find(Duplicates, duplicates, fmt.Sprintf("%s of pictures that are there already: %q of %q", plural.Count(duplicates, "copy"), first.Path, first.Of),
			"")
	}
	if n := len(r.Leaks) - len(sure); n > 0 {
		first := r.Leaks[slices.IndexFunc(r.Leaks, func(l Link) bool { return l.Kind == copies.Resembles })]
		r.find(Resembling, n, fmt.Sprintf("%s held out that the model takes for one in another split: %q in %s for %q in %s", plural.Count(n, "picture"),
			first.Path, first.Split, first.Of, first.OfSplit), "look at them with --sheet: they may be copies, or other pictures of one thing")
	}
	if c := r.Classes; c != nil && len(c.Singles) > 0 {
		r.find(Singles, len(c.Singles), fmt.Sprintf("%s of one picture, which gives no same pair: first %q",
			plural.Count(len(c.Singles), "class"), c.Singles[0]), "add pictures of them, or remove them")
	}
	if n := r.Images - unreadable; n < few {
		r.find(FewPictures, n, fmt.Sprintf("%s can be read: too few to learn from and to measure on", plural.Count(n, "picture")), "")
	}
}

func contradict(n int) string {
	if n == 1 {
		return "1 row contradicts"
	}
	return fmt.Sprintf("%d rows contradict", n)
}

func (r *Report) find(kind Kind, n int, text, mend string) {
	r.Findings = append(r.Findings, Finding{kind, n, text, mend})
}

// Fails returns the findings of the given kinds.
func (r *Report) Fails(kinds []Kind) (failed []Finding) {
	for _, f := range r.Findings {
		if slices.Contains(kinds, f.Kind) {
			failed = append(failed, f)
		}
	}
	return failed
}
