package postgres_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/postgres"
)

// testThreshold: a threshold is chosen anew for what is in the database, as it is for an index of the same entries, and
// all programs see it. Entries of learned classes do not ask.
func testThreshold(t *testing.T, url string) {
	x := indexOf(t, "euclidean", "", 1, 300)
	there, _ := push(t, url, x, postgres.Options{Flat: true})
	items, data := []index.Item{}, slices.Clone(x.Vectors())
	for _, item := range x.All() {
		items = append(items, item)
	}
	var more []index.Entry
	for i, from := 0, vectors(5, 200); i < 200; i++ {
		e := index.Entry{Item: index.Item{ID: fmt.Sprintf("more %05d", i), Path: "x", Class: fmt.Sprint("other ", i%9)},
			Vector: from[i*dim:][:dim], Learned: i%9 == 4}
		more, items, data = append(more, e), append(items, e.Item), append(data, e.Vector...)
	}
	if _, err := there.Put(t.Context(), more...); err != nil {
		t.Fatal(err)
	}
	about := x.About()
	about.Accept = nil
	whole, err := index.New(about, items, data)
	if err != nil {
		t.Fatal(err)
	}
	strangers := index.Strangers{Vectors: vectors(6, 100)}
	for i := range 100 {
		strangers.Classes = append(strangers.Classes, fmt.Sprint("stranger ", i%10))
	}
	c := index.Calibration{Promise: 0.1, Strangers: strangers, Learned: func(i index.Item) bool { return i.Class == "class 3" }}
	got, err := there.Renew(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	c.Learned = func(i index.Item) bool { return i.Class == "class 3" || i.Class == "other 4" }
	want := whole.Calibrate(c).About()
	if d := cmp.Diff(want.Accept, got.Accept); d != "" || got.Accept == nil || got.Accept.Images != 500 {
		t.Errorf("the threshold of the database differs (-index +database): %s\n%s", got.NoAccept, d)
	}
	again, err := postgres.Open(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }() // it says nothing
	if d := cmp.Diff(want.Accept, again.About().Accept); d != "" || again.Promised() != 0.1 {
		t.Errorf("another program sees another threshold, promising %v:\n%s", again.Promised(), d)
	}
	c.Strangers, c.Learned = index.Strangers{}, func(index.Item) bool { return true }
	none, err := there.Renew(t.Context(), c)
	if d := cmp.Diff(want.Accept, there.About().Accept); err != nil || none.Accept != nil || none.NoAccept == "" || d != "" {
		t.Errorf("without strangers: %+v, %v; want none, and why, and that of before in the database:\n%s", none, err, d)
	}
	if there.Outgrown() {
		t.Error("it is outgrown, want a threshold for these images")
	}
	for i := range more {
		more[i].ID = "again " + more[i].ID
	}
	if _, err := there.Put(t.Context(), more...); err != nil {
		t.Fatal(err)
	}
	if !there.Outgrown() || there.About().Accept != nil {
		t.Errorf("grown from 500 to 700, it is not outgrown: %+v", there.About())
	}
	if none, err = there.Renew(t.Context(), c); err != nil || none.Accept != nil || there.About().NoAccept != none.NoAccept || there.Outgrown() {
		t.Errorf("without strangers, outgrown: %+v, %v; the database has %+v, want none, and why", none, err, there.About())
	}
}

// testSuggest: the threshold to begin with is that of an index of the same entries, also by a graph and where entries are gone. Without a
// graph few of many ask.
func testSuggest(t *testing.T, url string) {
	for name, o := range map[string]postgres.Options{"flat": {Flat: true}, "hnsw": {}} {
		x := indexOf(t, "cosine", "", 1, 280) // each asks
		there, _ := push(t, url+"?index="+name, x, o)
		want, _, err := x.Suggest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, ok, err := there.Suggest(t.Context())
		if err != nil || !ok || got != want || want <= 0 {
			t.Errorf("%s: %v, %v, %v; want %v, which the index suggests", name, got, ok, err, want)
		}
		var gone []string
		var items []index.Item
		var data []float32
		for row, item := range x.All() {
			if row%3 == 0 {
				gone = append(gone, item.ID)
				continue
			}
			items, data = append(items, item), append(data, x.Vector(row)...)
		}
		if _, err := there.Remove(t.Context(), gone...); err != nil {
			t.Fatal(err)
		}
		less, err := index.New(x.About(), items, data)
		if err != nil {
			t.Fatal(err)
		}
		if want, _, err = less.Suggest(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, ok, err = there.Suggest(t.Context()); err != nil || !ok || got != want {
			t.Errorf("%s, a third of the entries gone: %v, %v, %v; want %v", name, got, ok, err, want)
		}
		if _, err := there.Remove(t.Context(), idsOf(less)...); err != nil {
			t.Fatal(err)
		}
		if got, ok, err = there.Suggest(t.Context()); err != nil || ok {
			t.Errorf("%s, without entries: %v, %v, %v; want none", name, got, ok, err)
		}
	}
}

func idsOf(x *index.Index) (ids []string) {
	for _, item := range x.All() {
		ids = append(ids, item.ID)
	}
	return ids
}
