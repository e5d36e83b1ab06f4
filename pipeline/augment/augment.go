// Package augment changes training images at random, so that a network learns what
// does not matter, one step per file:
//
//	pixels [S,S,3], (seed, epoch, image, turn) → steps in a fixed order → pixels [S,S,3]
//
// What becomes of an image depends on those four and the steps alone, and each step
// draws from a stream of its own: a resumed training sees what an uninterrupted one
// does, whatever the number of workers, and adding a step leaves the draws of the
// others as they were.
//
// The order is that of stages: quarter turns; shapes; colours; blur; noise; jpeg;
// erase. Within a stage it is that of names. All that move pixels are composed and
// sampled once, bilinearly, and all that change colours are composed and clamped once.
// The package reads no files and knows no labels; validation never comes here.
package augment

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/tfpair/tfpair/internal/named"
)

// Step is one kind of change with its options.
type Step struct {
	stage   stage
	apply   func(r *rand.Rand, c *canvas) // a pure function of both
	classes int                           // it makes of each class, 0 for 1: see turns
}

// stage orders steps.
type stage int

const (
	stageTurn stage = iota
	stageShape
	stageColour
	stageBlur
	stageNoise
	stageJPEG
	stageErase
	stageOwn // those of Change
)

// Row is a step under a name, as Table has it and as programs hand in their own. Its New
// decodes Options with their method Into, and checks them.
type Row = named.Row[Step]

// Options are the options of a step as a spec has them.
type Options = named.Raw

// Change returns a step that changes pixels [S,S,3] uint8 RGB in place, after all steps of
// Table. It must be a function of r and the pixels alone, and is called from many goroutines.
func Change(change func(r *rand.Rand, pixels []uint8, size int)) Step {
	return Step{stage: stageOwn, apply: func(r *rand.Rand, c *canvas) {
		c.settle()
		change(r, c.pixels, c.size)
	}}
}

// Own are steps of a program's own, by the names that specs choose them by.
type Own map[string]Row

// Table lists every step. A new step is a new file here and a new row.
var Table = named.Table[Step]{Kind: "augmentation", Rows: map[string]named.Row[Step]{
	"affine":     affine,
	"blur":       blur,
	"brightness": brightness,
	"contrast":   contrast,
	"crop":       crop,
	"erase":      erase,
	"flip":       flip,
	"grayscale":  grayscale,
	"hue":        hue,
	"jpeg":       jpeg,
	"noise":      noise,
	"rotate":     rotate,
	"saturation": saturation,
	"translate":  translate,
	"turns":      turns,
}}

// Draw says which of the draws of an image is wanted.
type Draw struct {
	Epoch int
	Image int32 // index in the dataset
	Turn  int   // quarter turns, in [0,Classes())
}

// Augmenter applies steps to images. The zero value has no steps and changes
// nothing. It is safe for concurrent use.
type Augmenter struct {
	seed    uint64
	steps   []Step
	keys    []uint64 // of each step's stream
	classes int
	scratch sync.Pool // of *scratch
}

// scratch is what one image at a time needs.
type scratch struct {
	canvas canvas
	source *rand.ChaCha8
	rand   *rand.Rand
}

// New returns the Augmenter of the steps that c names, and resolves c: its preset
// replaced by the steps of the preset, in the order of their application, with every
// option. Errors are those of named.Table.New.
func New(c *named.Choices, seed uint64) (*Augmenter, error) { return Own(nil).New(c, seed) }

// New is New with steps of one's own beside those of Table.
func (o Own) New(c *named.Choices, seed uint64) (*Augmenter, error) {
	table, err := Table.With(o)
	if err != nil {
		return nil, err
	}
	resolved := named.Choices{Chosen: slices.Clone(c.Chosen)}
	if c.Preset != "" {
		base, err := Presets.New(&named.Choice{Name: c.Preset})
		if err != nil {
			return nil, err
		}
		resolved = c.Over(base)
	}
	made := map[string]Step{}
	for i := range resolved.Chosen {
		choice := &resolved.Chosen[i]
		step, err := table.New(choice)
		if err != nil {
			return nil, err
		}
		made[choice.Name] = step
	}
	slices.SortFunc(resolved.Chosen, func(a, b named.Choice) int {
		return cmp.Or(cmp.Compare(made[a.Name].stage, made[b.Name].stage), cmp.Compare(a.Name, b.Name))
	})
	a := &Augmenter{seed: seed, classes: 1}
	for _, choice := range resolved.Chosen {
		a.steps = append(a.steps, made[choice.Name])
		a.keys = append(a.keys, key(choice.Name))
		a.classes *= max(1, made[choice.Name].classes)
	}
	*c = resolved
	return a, nil
}

// key numbers the stream of a step by its name, so that other steps do not move it.
func key(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash takes all
	return h.Sum64()
}

// None reports whether there is nothing to do.
func (a *Augmenter) None() bool { return len(a.steps) == 0 }

// Classes returns how many classes training makes of each class of the data: 4 where
// the steps have "turns", else 1.
func (a *Augmenter) Classes() int { return max(1, a.classes) }

// Notes returns what a user should know about classes that the steps make.
func (a *Augmenter) Notes() []string {
	if n := a.Classes(); n > 1 {
		return []string{fmt.Sprintf("quarter turns are classes of their own: training has %d times "+
			"the classes, and an epoch %d times the images", n, n)}
	}
	return nil
}

// Apply changes an image in place: pixels [S,S,3] uint8 RGB, S = size. It panics if
// pixels has another length.
func (a *Augmenter) Apply(pixels []uint8, size int, d Draw) {
	if len(pixels) != size*size*3 {
		panic(fmt.Sprintf("augment: %d bytes for %d×%d pixels", len(pixels), size, size))
	}
	if a.None() {
		return
	}
	s, ok := a.scratch.Get().(*scratch)
	if !ok {
		s = &scratch{source: rand.NewChaCha8([32]byte{})}
		s.rand = rand.New(s.source)
	}
	defer a.scratch.Put(s)
	s.canvas.set(pixels, size, d.Turn)
	for i, step := range a.steps {
		s.source.Seed(a.stream(a.keys[i], d))
		step.apply(s.rand, &s.canvas)
	}
	s.canvas.settle()
	s.canvas.pixels = nil
}

// stream returns the key of a step's random numbers for a draw. ChaCha8 is a cipher:
// streams of neighbouring keys are unrelated without further mixing.
func (a *Augmenter) stream(step uint64, d Draw) (k [32]byte) {
	binary.LittleEndian.PutUint64(k[0:], a.seed)
	binary.LittleEndian.PutUint64(k[8:], step)
	binary.LittleEndian.PutUint64(k[16:], uint64(d.Epoch))
	binary.LittleEndian.PutUint64(k[24:], uint64(uint32(d.Image))|uint64(d.Turn)<<32)
	return k
}
