// Package sampler says which images and which tuples form the batch of a step,
// one sampler per file:
//
//	part of a dataset, labels, seed, step → sampler → Plan: distinct images and tuples over them
//
// A plan depends on the Source and the step and on nothing else, so a resumed run
// sees the batches of an uninterrupted one, whatever the number of workers and the
// order in which they ask. It reads no pixels.
package sampler

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// Tuples is what a plan holds over its images: what the loss reads of them.
type Tuples string

// The kinds of tuples. The words are those of messages.
const (
	Pairs    Tuples = "pairs"
	Triplets Tuples = "triplets"
	Classes  Tuples = "classes" // no tuples: the loss reads the labels of the images
	Targets  Tuples = "targets" // photos and the label images that they belong to
)

// Plan is one batch before its pixels are read: N distinct images, M pairs of
// them, and, where triplets are wanted, T of those, each two of the pairs. Where
// targets are wanted the images are photos, and R label images stand beside them.
type Plan struct {
	Images             []int32 // [N] indices of dataset images, each once
	Left, Right        []int32 // [M] rows of Images, in [0,N)
	Same               []bool  // [M] true where the two images are of the same class
	Anchor             []int32 // [T] rows of Images
	Positive, Negative []int32 // [T] pairs, in [0,M): of anchor and positive, anchor and negative
	References         []int32 // [R] indices of dataset images, ascending: label images, each once
	Targets            []int32 // [N] rows of References: what each photo belongs to
}

// Source is what plans are drawn from.
type Source struct {
	Part      dataset.Part // images, and listed tuples if there are any
	Labels    []int32      // class of each dataset image, -1 unknown; may be nil where Maker.Lists
	BatchSize int          // tuples, or images: each sampler's Brief says which
	Tuples    Tuples       // what plans are to hold
	Seed      uint64
	Hardest   [][]int32 // of each dataset image, the nearest of other classes, for a Maker that mines; nil: not known yet
}

// Mining says what a sampler must be told of the network whose batches it plans.
type Mining struct {
	Every int // updates after which a new sampler is made, of a Source with Hardest as the network has them then; 0: never
	Among int // images in Hardest of each image
}

// Maker makes the sampler of one row.
type Maker struct {
	// Gives says which tuples its plans can hold.
	Gives []Tuples
	// Lists reports whether plans take the tuples that a part lists, and need no labels.
	Lists func(dataset.Part) bool
	// New returns a sampler of the source, whose Tuples are among those of Gives.
	New func(Source) (Sampler, error)
	// Mining is what New needs in Source.Hardest.
	Mining Mining
}

// Sampler plans batches. It is safe for concurrent use.
type Sampler interface {
	// Plan returns the batch of a step, counted from 0 over all epochs. It is a
	// function of the Source and the step; the caller owns the result.
	Plan(step int) Plan
	// StepsPerEpoch returns the number of batches in one pass over the data, at least 1.
	StepsPerEpoch() int
	// Notes returns what a user should know about the data as it is sampled, one
	// sentence each; nil when there is nothing to say.
	Notes() []string
}

// Table lists every sampler. A new sampler is a new file here and a new row.
var Table = named.Table[Maker]{Kind: "sampler", Rows: map[string]named.Row[Maker]{
	"balanced": balanced,
	"labels":   labels,
	"mined":    mined,
	"pairs":    pairs,
	"triplets": triplets,
}}

// Check says why the sampler with this name cannot plan tuples, or nil.
func (m Maker) Check(name string, tuples Tuples) error {
	if slices.Contains(m.Gives, tuples) {
		return nil
	}
	var able []string
	for _, other := range Table.Names() {
		maker, err := Table.New(&named.Choice{Name: other})
		if err == nil && slices.Contains(maker.Gives, tuples) {
			able = append(able, other)
		}
	}
	return fmt.Errorf("sampler %q cannot give %s, which the loss needs: set sampler to %s",
		name, tuples, strings.Join(able, " or "))
}

// purpose keeps the random streams of one seed apart.
type purpose uint64

const (
	orderPairs    purpose = iota + 1 // counter: epoch
	orderLefts                       // counter: epoch
	drawRights                       // counter: step
	orderClasses                     // counter: epoch
	orderTriplets                    // counter: epoch
	orderAnchors                     // counter: epoch
	drawTriplets                     // counter: step
	orderPhotos                      // counter: epoch
	orderMined                       // counter: epoch
	drawMined                        // counter: step
)

// stream returns the random numbers for one purpose at one epoch or step. The
// three numbers are the key of a ChaCha8 generator, a cipher, so streams of
// neighbouring seeds and counters are unrelated without further mixing.
func stream(seed uint64, p purpose, counter int) *rand.Rand {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[0:], seed)
	binary.LittleEndian.PutUint64(key[8:], uint64(p))
	binary.LittleEndian.PutUint64(key[16:], uint64(counter))
	return rand.New(rand.NewChaCha8(key))
}

// shuffled returns xs in an order drawn from r, xs itself untouched.
func shuffled[T any](r *rand.Rand, xs []T) []T {
	xs = slices.Clone(xs)
	r.Shuffle(len(xs), func(i, j int) { xs[i], xs[j] = xs[j], xs[i] })
	return xs
}

// permuted returns the numbers of [0,n) in the order that shuffled gives to n things.
func permuted(r *rand.Rand, n int) []int32 {
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	r.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })
	return order
}

// perEpoch computes something once per epoch. It keeps two epochs, because
// workers that run ahead straddle a boundary; keeping changes no answer.
type perEpoch[T any] struct {
	compute func(epoch int) T

	mu   sync.Mutex // protects kept
	kept [2]struct {
		valid bool
		epoch int
		value T
	}
}

func (p *perEpoch[T]) at(epoch int) T {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := &p.kept[epoch%2]
	if !k.valid || k.epoch != epoch {
		k.valid, k.epoch, k.value = true, epoch, p.compute(epoch)
	}
	return k.value
}

// label returns the class of a dataset image, -1 where none is known.
func (s Source) label(image int32) int32 {
	if int(image) >= len(s.Labels) {
		return -1
	}
	return s.Labels[image]
}

// checkClasses refuses data from which no pair of images of one class or none of
// two classes can be drawn.
func checkClasses(s Source, classes classes) error {
	switch {
	case len(s.Part.Images) == 0:
		return fmt.Errorf("%s has no images", s.place())
	case len(classes) == 0:
		return &FitError{fmt.Sprintf("%s has no labelled images: none of its %s has a class",
			s.place(), plural.Count(len(s.Part.Images), "image")), s.listing()}
	case len(classes) == 1:
		return fmt.Errorf("%s has one class (%s): different pairs need at least 2",
			s.place(), plural.Count(len(classes[0]), "image"))
	case len(classes) == classes.singles():
		return fmt.Errorf("%s has one image in each of its %d classes: "+
			"same pairs need a class with at least 2", s.place(), len(classes))
	}
	return nil
}

// place names the part in messages.
func (s Source) place() string {
	if s.Part.Split == dataset.Unsplit {
		return "the data"
	}
	return fmt.Sprintf("split %q", s.Part.Split)
}

// unlabelledNote says how many images of the part are never drawn, if any.
func unlabelledNote(s Source, classes classes) []string {
	n := len(s.Part.Images)
	for _, images := range classes {
		n -= len(images)
	}
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d of %d images in %s have no class and are not used",
		n, len(s.Part.Images), s.place())}
}

// ceilDiv returns a/b rounded up.
func ceilDiv(a, b int) int { return (a + b - 1) / b }
