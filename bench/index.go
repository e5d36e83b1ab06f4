package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/tfpair/tfpair/models/index"
)

// Sizes of what command index measures.
const (
	indexDim     = 128
	indexK       = 10
	indexClasses = 1000 // the vectors lie around so many centres
	indexBlocks  = 30   // of each program, in turn
	indexAsked   = 20   // queries of a block
	indexMore    = 10_000
)

// searchTimes is a search beside FAISS: medians of blocks, of single queries on one core.
type searchTimes struct {
	Vectors int     `json:"vectors"`
	Ours    float64 `json:"milliseconds"`
	FAISS   float64 `json:"faiss_milliseconds"` // IndexFlatIP, one thread
	// Ratio is FAISS' processor time over ours, block by block: others may use the machine meanwhile.
	Ratio  quantiles `json:"ratio"`
	Same   float64   `json:"same"`          // share of the ten nearest that are the same rows
	Recall float64   `json:"recall"`        // that the index says of itself
	Build  float64   `json:"build_seconds"` // of the index in a folder, vectors given
	Open   float64   `json:"open_seconds"`
}

// changeTimes is what changes cost.
type changeTimes struct {
	Vectors int       `json:"vectors"`
	Add     quantiles `json:"add_seconds"` // ten entries: opened, put, acknowledged
	// AddOwn is the processor time of the same: others may use the machine meanwhile.
	AddOwn  quantiles `json:"add_processor_seconds"`
	Quiet   quantiles `json:"quiet_seconds"` // of searches, nobody changes the index
	Beside  quantiles `json:"beside_seconds"`
	Quiet99 float64   `json:"quiet_p99_seconds"`
	P99     float64   `json:"beside_p99_seconds"`
	Added   int       `json:"added"`   // meanwhile, ten at once
	Missed  int       `json:"missed"`  // entries acknowledged before a search began that it did not find
	Seconds float64   `json:"seconds"` // of adding
}

// indexRows are what command index measures.
var indexRows = []string{"flat-100000", "flat-1000000", "ivf-1000000", "postgres", "changes", "real", "migrate"}

// indexes measures search in an index, beside FAISS, and what changes cost.
func indexes(ctx context.Context, o options) error {
	r, err := openResults(o, "index")
	if err != nil {
		return err
	}
	for _, c := range []struct {
		kind string
		n    int
	}{{"flat", 100_000}, {"flat", 1_000_000}, {"ivf", 1_000_000}} {
		n, id := c.n, fmt.Sprintf("index/%s/%d", c.kind, c.n)
		if !slices.Contains(o.rows, fmt.Sprintf("%s-%d", c.kind, n)) {
			continue
		}
		t, err := row(o, r, id, func() (searchTimes, error) { return besideFAISS(ctx, o, c.kind, n) })
		if err != nil {
			return err
		}
		fmt.Fprintf(o.out, "%s, %d vectors: %.2f ms, FAISS flat %.2f ms, ratio of processor time %.2f (%.2f to %.2f), same neighbours %.4f; built in %.1f s, opened in %.2f s\n",
			c.kind, n, t.Ours, t.FAISS, t.Ratio.Median, t.Ratio.Low, t.Ratio.High, t.Same, t.Build, t.Open)
	}
	if slices.Contains(o.rows, "postgres") {
		t, err := row(o, r, "index/postgres", func() (databaseTimes, error) { return inDatabase(ctx, 100_000) })
		if err != nil {
			return err
		}
		for _, k := range t.Kinds {
			fmt.Fprintf(o.out, "PostgreSQL, %s, %d vectors: pushed in %.1f s, again in %.1f s; search %.2f ms, answers of flat for %.3f of queries, recall %.4f\n",
				k.Kind, t.Vectors, k.Push, k.Again, 1e3*k.Search.Median, k.Equal, k.Recall)
		}
	}
	if err := indexesOfPictures(ctx, o, r); err != nil || !slices.Contains(o.rows, "changes") {
		return err
	}
	t, err := row(o, r, "index/changes", func() (changeTimes, error) { return changesOf(100_000) })
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "10 entries to %d: %.3f s (%.3f to %.3f), processor %.3f s; searches p99 %.2f ms quiet, %.2f ms while %d were added in %.1f s, %d missed\n",
		t.Vectors, t.Add.Median, t.Add.Low, t.Add.High, t.AddOwn.Median, 1e3*t.Quiet99, 1e3*t.P99, t.Added, t.Seconds, t.Missed)
	return nil
}

// indexesOfPictures measures what needs pictures and networks.
func indexesOfPictures(ctx context.Context, o options, r *results) error {
	if slices.Contains(o.rows, "real") {
		for _, set := range realSets {
			t, err := row(o, r, "index/real/"+set.name, func() (realRecall, error) { return amongReal(ctx, o, set.name, set.make) })
			if err != nil {
				return err
			}
			for _, k := range t.Kinds {
				fmt.Fprintf(o.out, "%s, %d of length %d, %d queries: %s finds %.4f of the ten nearest, says %.4f, %.2f ms\n",
					t.Pictures, t.Vectors, t.Dim, t.Queries, k.Kind, k.Recall, k.Says, 1e3*k.Search.Median)
			}
		}
	}
	if !slices.Contains(o.rows, "migrate") {
		return nil
	}
	t, err := row(o, r, "index/migrate", func() (migratedTimes, error) { return migration(ctx, o) })
	if err != nil {
		return err
	}
	fmt.Fprintf(o.out, "%d photos to another network: killed after %.1f s with %d done, went on for %.1f s, from nothing %.1f s; answers as of a fresh index %.3f, numbers differ by %.1e at most, old index untouched %v, new one there before the end %v\n",
		t.Images, t.Killed, t.Resumed, t.Seconds, t.Fresh, t.Equal, t.Largest, t.Untouched, t.Early)
	return nil
}

// unitVectors returns n vectors of length 1 around the centres.
func unitVectors(seed uint64, n int) []float32 {
	centres := rand.New(rand.NewPCG(1, 2))
	around := make([]float32, indexClasses*indexDim)
	for i := range around {
		around[i] = float32(centres.NormFloat64())
	}
	r := rand.New(rand.NewPCG(seed, 3))
	data := make([]float32, n*indexDim)
	for i := range n {
		row, centre := data[i*indexDim:][:indexDim], around[r.IntN(indexClasses)*indexDim:]
		square := 0.0
		for j := range row {
			row[j] = centre[j] + 0.7*float32(r.NormFloat64())
			square += float64(row[j]) * float64(row[j])
		}
		for j := range row {
			row[j] /= float32(math.Sqrt(square))
		}
	}
	return data
}

// vectorIndex builds an index of vectors in a folder.
func vectorIndex(path, kind string, data []float32) error {
	return writeIndex(path, index.About{Kind: kind, Space: "bench", Model: "bench", Distance: "cosine", Dim: indexDim}, data)
}

// writeIndex builds an index of vectors of about.
func writeIndex(path string, about index.About, data []float32) error {
	b, err := index.Build(path, false)
	if err != nil {
		return err
	}
	entries := func(yield func(index.Entry, error) bool) {
		for i := range len(data) / about.Dim {
			if !yield(numbered(i, data[i*about.Dim:][:about.Dim]), nil) {
				return
			}
		}
	}
	return errors.Join(b.Write(index.Contents{About: about, Entries: entries}), b.Close())
}

func numbered(i int, vector []float32) index.Entry {
	id := fmt.Sprintf("photos/%d.jpg", i)
	return index.Entry{Item: index.Item{ID: id, Path: id, Class: fmt.Sprint(i % indexClasses)}, Vector: vector}
}

// besideFAISS measures single queries on one core, blocks of either program in turn.
func besideFAISS(ctx context.Context, o options, kind string, n int) (t searchTimes, err error) {
	t.Vectors = n
	folder, err := os.MkdirTemp("", "bench-index-")
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(folder)
	interpreter, err := environment(ctx, o, "faiss")
	if err != nil {
		return t, err
	}
	data, queries := unitVectors(4, n), unitVectors(5, indexBlocks*indexAsked)
	for name, rows := range map[string][]float32{"vectors": data, "queries": queries} {
		raw := make([]byte, 0, 4*len(rows))
		for _, x := range rows {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
		if err := os.WriteFile(filepath.Join(folder, name), raw, 0o600); err != nil {
			return t, err
		}
	}
	began := time.Now()
	if err := vectorIndex(filepath.Join(folder, "x.index"), kind, data); err != nil {
		return t, err
	}
	t.Build = time.Since(began).Seconds()
	began = time.Now()
	x, err := index.Read(filepath.Join(folder, "x.index"))
	if err != nil {
		return t, err
	}
	t.Open, t.Recall = time.Since(began).Seconds(), x.Recall()
	peer, err := start(ctx, "faiss", []string{interpreter, filepath.Join("peers", "faiss_flat.py"),
		filepath.Join(folder, "vectors"), filepath.Join(folder, "queries"), fmt.Sprint(indexDim), fmt.Sprint(indexK)})
	if err != nil {
		return t, err
	}
	if err := peer.await("ready", &struct{}{}); err != nil {
		return t, err
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var ours, theirs, ratios []float64
	same := 0
	for block := range indexBlocks {
		var mine []float64
		var rows [][]index.Neighbour
		from := ownTime()
		for i := range indexAsked {
			query := queries[(block*indexAsked+i)*indexDim:][:indexDim]
			began := time.Now()
			found, err := x.Search(query, indexK)
			if err != nil {
				return t, err
			}
			mine = append(mine, time.Since(began).Seconds())
			rows = append(rows, found[0])
		}
		used := ownTime() - from
		if _, err := fmt.Fprintln(peer.in, indexAsked); err != nil {
			return t, err
		}
		var answer struct {
			Seconds   []float64
			Rows      [][]int
			Processor float64
		}
		if err := peer.await("block", &answer); err != nil {
			return t, err
		}
		for i, list := range rows {
			for _, n := range list {
				if slices.ContainsFunc(answer.Rows[i], func(row int) bool { return numbered(row, nil).ID == x.Item(n.Row).ID }) {
					same++
				}
			}
		}
		a, b := spread(mine).Median, spread(answer.Seconds).Median
		ours, theirs, ratios = append(ours, a), append(theirs, b), append(ratios, answer.Processor/used)
	}
	t.Ours, t.FAISS, t.Ratio = 1e3*spread(ours).Median, 1e3*spread(theirs).Median, spread(ratios)
	t.Same = float64(same) / float64(indexBlocks*indexAsked*indexK)
	return t, peer.end()
}

// ownTime returns the seconds of processors that this program has used, finer than processorTime does.
func ownTime() float64 {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return math.NaN()
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
}

// changesOf measures additions to an index of n, and searches beside them.
func changesOf(n int) (t changeTimes, err error) {
	t.Vectors = n
	folder, err := os.MkdirTemp("", "bench-index-")
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "x.index")
	if err := vectorIndex(path, "flat", unitVectors(6, n)); err != nil {
		return t, err
	}
	more := unitVectors(7, indexMore+50)
	var adds, own []float64
	entries := func(from int) (list []index.Entry) {
		for i := from; i < from+10; i++ {
			list = append(list, numbered(n+i, more[i*indexDim:][:indexDim]))
		}
		return list
	}
	for i := range 5 {
		began, from := time.Now(), ownTime()
		f, err := index.OpenFolder(path)
		if err == nil {
			err = f.Put(entries(10 * i)...)
		}
		if err != nil {
			return t, err
		}
		adds, own = append(adds, time.Since(began).Seconds()), append(own, ownTime()-from)
	}
	t.Add, t.AddOwn = spread(adds), spread(own)
	f, err := index.OpenFolder(path)
	if err != nil {
		return t, err
	}
	var quiet []float64
	for _, searches := range []int{500, 5000} { // the first read the file for the first time
		if quiet, _, err = searching(f, func(i int) bool { return i < searches }, func() int { return 0 }, more, n); err != nil {
			return t, err
		}
	}
	var mu sync.Mutex
	acknowledged := 0
	added := make(chan error, 1)
	began := time.Now()
	go func() {
		var err error
		for i := 0; i < indexMore && err == nil; i += 10 {
			if err = f.Put(entries(50 + i)...); err == nil {
				mu.Lock()
				acknowledged = i + 10
				mu.Unlock()
			}
		}
		added <- err
	}()
	now := func() int { mu.Lock(); defer mu.Unlock(); return acknowledged }
	beside, missed, err := searching(f, func(int) bool { return now() < indexMore && len(added) == 0 }, now, more, n)
	if err = errors.Join(err, <-added); err != nil {
		return t, err
	}
	t.Seconds, t.Added, t.Missed = time.Since(began).Seconds(), now(), missed
	t.Quiet, t.Beside, t.Quiet99, t.P99 = spread(quiet), spread(beside), percentile(quiet, 0.99), percentile(beside, 0.99)
	return t, nil
}

// searching searches as long as goes says, for entries that were acknowledged where there are some, and
// counts those that it does not find.
func searching(f *index.Folder, goes func(int) bool, acknowledged func() int, more []float32, n int) (seconds []float64, missed int, err error) {
	r := rand.New(rand.NewPCG(8, 9))
	for i := 0; goes(i); i++ {
		at, known := r.IntN(50), acknowledged()
		if known > 0 {
			at = 50 + r.IntN(known)
		}
		began := time.Now()
		x := f.Index()
		found, err := x.Search(more[at*indexDim:][:indexDim], indexK)
		if err != nil {
			return nil, 0, err
		}
		seconds = append(seconds, time.Since(began).Seconds())
		if x.Item(found[0][0].Row).ID != numbered(n+at, nil).ID {
			missed++
		}
	}
	return seconds, missed, nil
}

// percentile returns the value that a share of x is at most.
func percentile(x []float64, share float64) float64 {
	if len(x) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(x))
	return sorted[min(len(sorted)-1, int(share*float64(len(sorted))))]
}
