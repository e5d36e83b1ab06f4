package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/pipeline/copies"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/phash"
)

const (
	duplicatePhotos    = 500  // that are altered
	duplicatePrecision = 0.99 // that every method keeps at least
)

// found is what one method finds of copies.
type found struct {
	Method    string             `json:"method"`    // "same", "alike", "phash", "dhash"
	Distance  int                `json:"distance"`  // bits up to which pictures count as the same; -1 none
	Precision float64            `json:"precision"` // of all pairs of a copy with a photo or another photo that it calls the same
	False     int                `json:"false"`     // pairs of a copy and another photo
	Recall    map[string]float64 `json:"recall"`    // by alteration: copies that are the same as their photo
}

// alteration is a way of altering photos.
type alteration struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// falseMatches is how often different photos are taken for the same.
type falseMatches struct {
	Pairs int                        `json:"pairs"` // of photos of different days and shops
	Near  map[copies.Level][]float64 `json:"near"`  // [bits] per million pairs, at most so far apart
	Upper map[copies.Level]float64   `json:"upper"` // per million pairs at the threshold, by a 95 % interval's upper end
}

// copiesFound is what command duplicates measures.
type copiesFound struct {
	Alterations []alteration `json:"alterations"`
	Found       []found      `json:"found"`
	False       falseMatches `json:"false_matches"`
	// Originals is, by alteration, the share of found copies that are told from their photo: it has the more detail.
	Originals map[string]float64 `json:"originals"`
}

// duplicates measures which altered copies of photos are found, beside the package imagehash.
func duplicates(ctx context.Context, o options) error {
	r, err := openResults(o, "duplicates")
	if err != nil {
		return err
	}
	c, err := row(o, r, "duplicates/grocery", func() (copiesFound, error) { return findCopies(ctx, o) })
	if err != nil {
		return err
	}
	c.print(o.out)
	return nil
}

// print prints a table of the recall of each kind of alteration.
func (c copiesFound) print(w io.Writer) {
	fmt.Fprintf(w, "%-12s", "recall of")
	for _, f := range c.Found {
		fmt.Fprintf(w, "  %5s ≤%2d", f.Method, f.Distance)
	}
	fmt.Fprintln(w, "   original")
	for _, a := range c.Alterations {
		fmt.Fprintf(w, "%-12s", a.Name)
		for _, f := range c.Found {
			fmt.Fprintf(w, "  %9.3f", f.Recall[a.Name])
		}
		fmt.Fprintf(w, "  %9.3f  %s\n", c.Originals[a.Name], a.Kind)
	}
	fmt.Fprintf(w, "%-12s", "precision")
	for _, f := range c.Found {
		fmt.Fprintf(w, "  %9.5f", f.Precision)
	}
	fmt.Fprintf(w, "\nfalse matches per million of %d pairs: same %.4f, alike %.4f at most\n", c.False.Pairs,
		c.False.Upper[copies.Same], c.False.Upper[copies.Alike])
}

func findCopies(ctx context.Context, o options) (c copiesFound, err error) {
	folder, err := os.MkdirTemp("", "tfpair-duplicates-")
	if err != nil {
		return c, err
	}
	defer os.RemoveAll(folder)
	train, others, err := groceryPhotos(o)
	if err != nil {
		return c, err
	}
	photos := dataset.Evenly(train, duplicatePhotos)
	hashes, err := imageHashes(ctx, o, folder, photos, others)
	if err != nil {
		return c, err
	}
	c.Alterations = hashes.alterations
	m := matcher{hashes: hashes}
	if m.train, err = printsOf(ctx, o.grocery(), folder, train); err != nil {
		return c, err
	}
	if m.others, err = printsOf(ctx, o.grocery(), folder, others); err != nil {
		return c, err
	}
	m.photos = dataset.Evenly(m.train, duplicatePhotos)
	m.copies = map[string][]copies.Print{}
	for _, a := range c.Alterations {
		if m.copies[a.Name], err = printsOf(ctx, filepath.Join(folder, a.Name), "", nil); err != nil {
			return c, err
		}
	}
	for _, method := range []string{"same", "alike", "phash", "dhash"} {
		c.Found = append(c.Found, m.measure(method, c.Alterations, duplicatePrecision))
	}
	for _, method := range []string{"phash", "dhash"} { // at the precision of alike
		c.Found = append(c.Found, m.measure(method, c.Alterations, c.Found[1].Precision))
	}
	c.False, c.Originals = m.falseMatches(), m.originals()
	return c, nil
}

// groceryPhotos returns the paths of the photos of train and of test, below the data.
func groceryPhotos(o options) (train, test []string, err error) {
	for split, to := range map[string]*[]string{"train": &train, "test": &test} {
		file, err := os.Open(filepath.Join(o.grocery(), "image_label_"+split+".csv"))
		if err != nil {
			return nil, nil, err
		}
		rows, err := csv.NewReader(file).ReadAll()
		file.Close() // read only
		if err != nil {
			return nil, nil, err
		}
		for _, row := range rows[1:] { // image,label_image,class
			*to = append(*to, row[0])
		}
	}
	return train, test, nil
}

// printsOf reads the prints of a list of images below root, or of all of them.
func printsOf(ctx context.Context, root, folder string, list []string) ([]copies.Print, error) {
	options := dataset.Options{Data: root, ImagesOnly: true}
	if list != nil {
		options = dataset.Options{Data: filepath.Join(folder, "list.csv"), Images: root, ImagesOnly: true}
		if err := os.WriteFile(options.Data, []byte("image\n"+strings.Join(list, "\n")+"\n"), 0o600); err != nil {
			return nil, err
		}
	}
	data, err := dataset.Open(options)
	if err != nil {
		return nil, err
	}
	defer data.Close() // read only
	prints, _, err := copies.Read(ctx, data, copies.Options{})
	for _, p := range prints {
		if p.Fault != "" {
			return nil, fmt.Errorf("%s: %s", p.Path, p.Fault)
		}
	}
	return prints, err
}

// matcher compares copies with photos.
type matcher struct {
	hashes imageHash
	train  []copies.Print // all
	photos []copies.Print // of which copies were made
	others []copies.Print
	copies map[string][]copies.Print // by alteration
}

// levels are tfpair's own methods.
var levels = map[string]copies.Level{"same": copies.Same, "alike": copies.Alike}

// measure returns what a method finds at the precision wanted: imagehash at the largest distance that keeps
// it, tfpair at its own.
func (m matcher) measure(method string, list []alteration, least float64) found {
	distances := make([][]int, len(list)) // [alteration][copy] to its photo
	histograms := make([][65]int, len(list))
	workers.Each(len(list), func() func(int) {
		return func(k int) {
			for i := range m.photos {
				distances[k] = append(distances[k], m.distance(method, list[k].Name, i, "photo", i))
				for j := range m.others {
					histograms[k][min(m.distance(method, list[k].Name, i, "other", j), 64)]++
				}
			}
		}
	})
	var wrong [65]int
	for _, h := range histograms {
		for d, n := range h {
			wrong[d] += n
		}
	}
	f := found{Method: method, Distance: -1, Recall: map[string]float64{}}
	right, false_ := 0, 0
	for d := range 64 {
		false_ += wrong[d]
		right = 0
		for _, of := range distances {
			right += within(of, d)
		}
		precision := float64(right) / float64(right+false_)
		level, own := levels[method]
		if own && d == reach(level) || !own && precision >= least {
			f.Distance, f.Precision, f.False = d, precision, false_
		}
	}
	for k, a := range list {
		f.Recall[a.Name] = float64(within(distances[k], f.Distance)) / float64(len(m.photos))
	}
	return f
}

// reach is the distance up to which pictures count at a level.
func reach(l copies.Level) int {
	if l == copies.Same {
		return phash.Alike
	}
	return phash.AlikeWhole
}

func within(distances []int, most int) (n int) {
	for _, d := range distances {
		if d <= most {
			n++
		}
	}
	return n
}

// distance returns the distance of the i-th copy from the j-th picture of a set, 64 where there is none.
func (m matcher) distance(method, name string, i int, set string, j int) int {
	level, own := levels[method]
	if !own {
		return m.hashes.of[method][name][i].Distance(m.hashes.of[method][set][j])
	}
	of := m.photos
	if set == "other" {
		of = m.others
	}
	return apart(level, &m.copies[name][i], &of[j])
}

// apart returns the distance of two pictures: within reach where they count as one at a level, beyond it elsewhere,
// and 64 where there is none.
func apart(level copies.Level, a, b *copies.Print) int {
	if kind, distance, ok := copies.Compare(a, b); ok && level.Counts(kind) {
		return distance
	}
	far := 64
	if v, w := a.Views.Whole, b.Views.Whole; level == copies.Same && v.Hashed && w.Hashed {
		far = v.Hash.Distance(w.Hash)
	} else if d, ok := a.Views.Distance(&b.Views); level == copies.Alike && ok {
		far = d
	}
	return max(far, reach(level)+1)
}

// falseMatches compares every photo of train with every one of test, which were taken on other days.
func (m matcher) falseMatches() falseMatches {
	f := falseMatches{Pairs: len(m.train) * len(m.others), Near: map[copies.Level][]float64{}, Upper: map[copies.Level]float64{}}
	for _, level := range levels {
		rows := make([][65]int, len(m.train))
		workers.Each(len(m.train), func() func(int) {
			return func(i int) {
				for j := range m.others {
					rows[i][apart(level, &m.train[i], &m.others[j])]++
				}
			}
		})
		sum := 0
		for d := range 16 {
			for _, row := range rows {
				sum += row[d]
			}
			f.Near[level] = append(f.Near[level], 1e6*float64(sum)/float64(f.Pairs))
			if d == reach(level) {
				f.Upper[level] = 1e6 * poissonUpper(sum) / float64(f.Pairs)
			}
		}
	}
	return f
}

// poissonUpper returns the mean at which n events or fewer have a probability of 5 %: 3.0 for none.
func poissonUpper(n int) float64 {
	low, high := 0.0, 10+4*float64(n)
	for range 60 {
		mean := (low + high) / 2
		p, term := 0.0, math.Exp(-mean)
		for k := range n + 1 {
			p += term
			term *= mean / float64(k+1)
		}
		if p > 0.05 {
			low = mean
		} else {
			high = mean
		}
	}
	return high
}

// originals returns, of the copies of each alteration that are found, how many have less detail than their photo.
func (m matcher) originals() map[string]float64 {
	shares := map[string]float64{}
	for name, list := range m.copies {
		all, told := 0, 0
		for i := range list {
			if groups := copies.Find([]copies.Print{list[i], m.photos[i]}, copies.Alike); len(groups) == 1 {
				all++
				if groups[0][0].Print == 1 {
					told++
				}
			}
		}
		shares[name] = float64(told) / float64(max(all, 1))
	}
	return shares
}

// imageHash is what the peer says.
type imageHash struct {
	alterations []alteration
	of          map[string]map[string][]phash.Hash // by method and set
}

// imageHashes makes the copies in folder and returns the hashes of imagehash.
func imageHashes(ctx context.Context, o options, folder string, photos, others []string) (h imageHash, err error) {
	interpreter, err := environment(ctx, o, "imagehash")
	if err != nil {
		return h, err
	}
	argv := []string{interpreter, filepath.Join("peers", "imagehash_copies.py"), o.grocery()}
	for name, list := range map[string][]string{"photos": photos, "others": others} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(strings.Join(list, "\n")+"\n"), 0o600); err != nil {
			return h, err
		}
	}
	argv = append(argv, filepath.Join(folder, "photos"), filepath.Join(folder, "others"), folder)
	peer, err := start(ctx, "imagehash", argv)
	if err != nil {
		return h, err
	}
	h.of = map[string]map[string][]phash.Hash{"phash": {}, "dhash": {}}
	for peer.out.Scan() {
		if err := h.add(peer.out.Bytes()); err != nil {
			return h, err
		}
	}
	return h, peer.end()
}

// add takes a line of the peer.
func (h *imageHash) add(text []byte) error {
	var a alteration
	if ok, err := decode(text, "alteration", &a); ok || err != nil {
		h.alterations = append(h.alterations, a)
		return err
	}
	var line struct{ Set, PHash, DHash string }
	if ok, err := decode(text, "hash", &line); !ok || err != nil {
		return err
	}
	for method, digits := range map[string]string{"phash": line.PHash, "dhash": line.DHash} {
		hash, err := phash.Parse(digits)
		if err != nil {
			return err
		}
		h.of[method][line.Set] = append(h.of[method][line.Set], hash)
	}
	return nil
}
