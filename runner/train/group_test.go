package train

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tfpair/tfpair/models/checkpoint"
	"github.com/tfpair/tfpair/runner/network"
)

// hall is where processes of a test meet, each a goroutine. Vectors are added up in order of rank.
type hall struct {
	mu      sync.Mutex
	all     *sync.Cond
	size    int
	round   int
	brought []any // by rank: a vector, nil before it is there
}

func newHall(size int) *hall {
	h := &hall{size: size, brought: make([]any, size)}
	h.all = sync.NewCond(&h.mu)
	return h
}

// member is the hall as a rank sees it: a Group.
type member struct {
	*hall
	rank int
}

func (m member) Rank() int { return m.rank }

func (m member) Size() int { return m.size }

func (m member) Name(rank int) string { return []string{"chief", "worker 0", "worker 1"}[rank] }

func (m member) Alive() {}

func (m member) InMemory() bool { return true }

func (m member) Traffic() (sent int64, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(1000 * m.round), time.Duration(m.round) * time.Second
}

func (m member) Leave() { _ = m.Share(make([]int32, 1)) } // nobody is lost in a test that ends

func (m member) Sum(v []float32) error { return exchange(m, v) }

func (m member) SumTo(to, from [][]float32) error {
	all := slices.Concat(from...)
	err := m.Sum(all)
	for _, v := range to {
		all = all[copy(v, all):]
	}
	return err
}

func (m member) ShareFloats(v []float32) error { return exchange(m, v) }

func (m member) Share(v []int32) error { return exchange(m, v) }

func (m member) Texts(text string) ([]string, error) {
	var all [3][1 << 16]int32
	for i := range len(text) {
		all[m.rank][i] = int32(text[i])
	}
	texts := make([]string, m.size)
	for rank := range texts {
		if err := m.Share(all[rank][:]); err != nil {
			return nil, err
		}
		var read []byte
		for _, b := range all[rank] {
			if b != 0 {
				read = append(read, byte(b))
			}
		}
		texts[rank] = string(read)
	}
	return texts, nil
}

func exchange[T float32 | int32](m member, v []T) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.brought[m.rank] = v
	round, there := m.round, 0
	for _, w := range m.brought {
		if w != nil {
			there++
		}
	}
	if there < m.size {
		for m.round == round {
			m.all.Wait()
		}
		return nil
	}
	sum := make([]T, len(v))
	for _, w := range m.brought {
		for i, x := range w.([]T) {
			sum[i] += x
		}
	}
	for _, w := range m.brought {
		copy(w.([]T), sum)
	}
	clear(m.brought)
	m.round++
	m.all.Broadcast()
	return nil
}

// result is what a process of a group came to.
type result struct {
	steps int
	err   error
}

// group trains with so many processes into folder. change may change the configuration of a rank.
func group(t *testing.T, files fstest.MapFS, folder string, of int, set []string, change func(rank int, c *Config)) []result {
	t.Helper()
	h, results := newHall(of), make([]result, of)
	var all sync.WaitGroup
	for rank := range of {
		c := config(t, files, folder, tiny(t, set...))
		c.Group, c.Session.Threads = member{h, rank}, 1
		if change != nil {
			change(rank, &c)
		}
		ctx, cancel := context.WithCancel(context.Background())
		t.Cleanup(cancel)
		all.Go(func() {
			if rank > 0 {
				results[rank].steps, results[rank].err = Work(ctx, c)
				return
			}
			var s *Summary
			if s, results[0].err = Run(ctx, c); s != nil {
				results[0].steps = s.Step
			}
		})
	}
	all.Wait()
	return results
}

// near says whether weights are those that are wanted, within a share of each tensor's norm.
func near(t *testing.T, got, want []checkpoint.Tensor, share float64) {
	t.Helper()
	for i, w := range want {
		gap, size := 0.0, 0.0
		for k, x := range w.Data {
			gap, size = math.Hypot(gap, float64(x-got[i].Data[k])), math.Hypot(size, float64(x))
		}
		if got[i].Name != w.Name || !(gap <= share*size+1e-7) {
			t.Errorf("%s is %g off, its norm is %g", w.Name, gap, size)
		}
	}
}

// TestGroup: two and three processes make the steps of one, with what is drawn keyed by image; the chief alone writes,
// and a training that goes on with another number of processes ends the same, too.
func TestGroup(t *testing.T) {
	files := pictures(t, 4, 10)
	for _, set := range [][]string{
		{"augment=light"},
		{"topology=triplet", "loss=triplet", "sampler=triplets"},
		{"loss=supcon", "distance=cosine", "sampler=balanced"},
		{"loss=proxyanchor", "distance=cosine", "sampler=balanced"},
	} {
		t.Run(strings.Join(set, " "), func(t *testing.T) {
			set := append([]string{"optimizer={sgd: {lr: 0.01}}"}, set...)
			alone := config(t, files, filepath.Join(t.TempDir(), "alone"), tiny(t, set...))
			if _, err := Run(context.Background(), alone); err != nil {
				t.Fatal(err)
			}
			want := newest(t, alone.Folder)
			for _, of := range []int{2, 3} {
				folder := filepath.Join(t.TempDir(), "run")
				var steps []Stepped
				for rank, r := range group(t, files, folder, of, set, func(rank int, c *Config) {
					if rank > 0 {
						c.Folder = filepath.Join(t.TempDir(), "none", "of", "these") // cannot be made: it is not
						return
					}
					c.Observe = func(e Event) {
						if s, ok := e.(Stepped); ok && s.Recorded() {
							steps = append(steps, s)
						}
					}
				}) {
					if r.err != nil || r.steps != 12 {
						t.Errorf("rank %d of %d: %d steps, %v", rank, of, r.steps, r.err)
					}
				}
				near(t, newest(t, folder).Variables, want.Variables, 1e-5)
				// From the tenth step to the twelfth: in each a word of the chief, embeddings and gradients, and once a word and sums
				// of variables, which are compared. The hall counts 1,000 bytes and a second for each.
				if last := steps[len(steps)-1]; last.ReduceBytes != (2*3+2)*1000/2 || last.ReduceSeconds != (2*3+2)/2 {
					t.Errorf("a step of %d takes %d bytes and %g s", of, last.ReduceBytes, last.ReduceSeconds)
				}
			}
		})
	}
}

// TestGroupGoesOn: a group that is told to stop ends all its processes, and goes on to the same weights, bit for bit.
func TestGroupGoesOn(t *testing.T) {
	files := pictures(t, 4, 10)
	whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
	group(t, files, whole, 2, []string{"augment=light"}, nil)
	h := newHall(2)
	var steps, worked result
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for rank := range 2 {
		c := config(t, files, parts, tiny(t, "augment=light"))
		c.Group, c.Session.Threads = member{h, rank}, 1
		all.Go(func() {
			if rank == 0 {
				c.Observe = func(e Event) {
					if s, ok := e.(Stepped); ok && s.Step == 7 {
						cancel() // the worker is told to stop, not the chief
					}
				}
				_, steps.err = Run(context.Background(), c)
				return
			}
			worked.steps, worked.err = Work(ctx, c)
		})
	}
	all.Wait()
	var gone *LeftError
	if !errors.As(steps.err, &gone) || gone.Who != "worker 0" || !errors.Is(worked.err, context.Canceled) {
		t.Fatalf("chief: %v; worker: %v", steps.err, worked.err)
	}
	if c := newest(t, parts); c.Step != gone.Step || c.Step < 7 || c.Step == 12 {
		t.Errorf("saved at step %d, left after %d", c.Step, gone.Step)
	}
	for rank, r := range group(t, files, parts, 2, []string{"augment=light"}, nil) {
		if r.err != nil {
			t.Errorf("rank %d: %v", rank, r.err)
		}
	}
	if diff := cmp.Diff(newest(t, whole).Variables, newest(t, parts).Variables); diff != "" {
		t.Errorf("weights differ (-whole +parts):\n%.500s", diff)
	}
}

// TestUnlike: a process with another spec, data, or version is refused by its name, in all processes.
func TestUnlike(t *testing.T) {
	files, others := pictures(t, 4, 10), pictures(t, 4, 10)
	delete(others, "data/class1/03.png")
	changed := pictures(t, 4, 10)
	for shade, set := range []fstest.MapFS{files, changed} { // of the same length
		img, b := image.NewGray(image.Rect(0, 0, 16, 16)), &bytes.Buffer{}
		img.Pix[0] = uint8(shade)
		if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(b, img); err != nil {
			t.Fatal(err)
		}
		set["data/class1/03.png"] = &fstest.MapFile{Data: b.Bytes()}
	}
	for want, change := range map[string]func(c *Config){
		"worker 0 has tfpair 2 (the chief )":                                                            func(c *Config) { c.Program = "2" },
		"worker 0 has threads 2 (the chief 1)":                                                          func(c *Config) { c.Session.Threads = 2 },
		"worker 0 has train.steps 9 (the chief 12)":                                                     func(c *Config) { c.Resolved = mustResolve(t, tiny(t, "train.steps=9")) },
		`worker 0 has other data: 1 image not there (first "class1/03.png")`:                            func(c *Config) { c.Data = config(t, others, c.Folder, tiny(t)).Data },
		`worker 0 has other data: 1 image of another class or with other bytes (first "class1/03.png")`: func(c *Config) { c.Data = config(t, changed, c.Folder, tiny(t)).Data },
	} {
		folder := filepath.Join(t.TempDir(), "run")
		for rank, r := range group(t, files, folder, 2, nil, func(rank int, c *Config) {
			if rank > 0 {
				change(c)
			}
		}) {
			var unlike *UnlikeError
			if !errors.As(r.err, &unlike) || !strings.Contains(r.err.Error(), want) || strings.Contains(r.err.Error(), "chief has") {
				t.Errorf("rank %d: %v, want %q", rank, r.err, want)
			}
		}
		if _, err := checkpoint.Latest(filepath.Join(folder, "checkpoints"), nil); !errors.Is(err, checkpoint.ErrNone) {
			t.Errorf("%s: a refused training has left a checkpoint: %v", want, err)
		}
	}
}

// TestApart: variables that differ end the training of all, with the names of process and variable.
func TestApart(t *testing.T) {
	files := pictures(t, 4, 10)
	h, errs := newHall(3), make([]error, 3)
	var all sync.WaitGroup
	for rank := range 3 {
		c := config(t, files, filepath.Join(t.TempDir(), "run"), tiny(t))
		c.Group = member{h, rank}
		l := &loop{Config: c, step: 7}
		var err error
		if l.network, err = network.Open(l.Parts, l.Own, l.Session); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := l.network.Close(); err != nil {
				t.Error(err)
			}
		})
		if err := l.network.Start(1); err != nil {
			t.Fatal(err)
		}
		if rank == 2 {
			s, err := l.network.Snapshot()
			if err != nil {
				t.Fatal(err)
			}
			last := &s.Variables[0].Data[3]
			*last = math.Float32frombits(math.Float32bits(*last) ^ 1) // the last bit
			if err := l.network.Restore(s); err != nil {
				t.Fatal(err)
			}
		}
		all.Go(func() { errs[rank] = l.compareVariables() })
	}
	all.Wait()
	for rank, err := range errs {
		var apart *ApartError
		if !errors.As(err, &apart) ||
			err.Error() != "after step 7 variables are not those of the chief: worker 1 in backbone/conv1/kernel" {
			t.Errorf("rank %d: %v", rank, err)
		}
	}
}
