package dataset

import (
	"fmt"
	"strings"

	"github.com/tfpair/tfpair/internal/forest"
)

// Labels are the classes of the images in a part, numbered from 0.
type Labels struct {
	Of      []int32 // [image of the dataset] its class, -1 outside the part or unknown
	Classes int     // how many there are
	note    string  // how they were found where the data names none
}

// Notes returns what a user should know about how classes were found.
func (l Labels) Notes() []string {
	if l.note == "" {
		return nil
	}
	return []string{l.note}
}

// Labels numbers the classes in p. Class folders name them. A list's are recovered:
// images joined by same pairs are one class, an image in no same pair is a class of
// its own, and classes that no pair compares are taken for different. The error, an
// *Error, gives a pair that is different but joined by others that are same.
func (d *Dataset) Labels(p Part) (Labels, error) {
	l := Labels{Of: make([]int32, len(d.Images))}
	key := func(i int32) int32 { return d.Images[i].Class }
	if p.Kind().Lists() {
		if n, first := d.contradictions(p.Pairs); n > 0 {
			return Labels{}, &Error{"data", d.Name, fmt.Errorf(
				"classes cannot be recovered: %s; in all %s", first, contradict(n))}
		}
		key = sameSets(len(d.Images), p.Pairs).Root
	}
	for i := range l.Of {
		l.Of[i] = -1
	}
	number, sizes := map[int32]int32{}, []int{}
	for _, i := range p.Images {
		k := key(i)
		if k < 0 {
			continue
		}
		n, ok := number[k]
		if !ok {
			n = int32(len(number))
			number[k], sizes = n, append(sizes, 0)
		}
		l.Of[i] = n
		sizes[n]++
	}
	l.Classes = len(sizes)
	if p.Kind().Lists() {
		l.note = recovered(sizes)
	}
	return l, nil
}

func recovered(sizes []int) string {
	lone := 0
	for _, n := range sizes {
		if n == 1 {
			lone++
		}
	}
	return fmt.Sprintf("%s recovered from same pairs, %d of them of one image; "+
		"images that no same pairs join are taken for different", plural(len(sizes), "class"), lone)
}

// sameSets joins the images of same pairs.
func sameSets(images int, pairs Listed[Pair]) forest.Forest {
	sets := forest.New(images)
	for p := range pairs.All() {
		if p.Same {
			sets.Join(p.Left, p.Right)
		}
	}
	return sets
}

// Contradictions returns how many listed pairs are called different although others join their images
// as the same, and explains the first. It is 0 where the data lists no pairs.
func (d *Dataset) Contradictions() (count int, first string) {
	return d.contradictions(ListOf(d.Pairs))
}

// contradictions counts the pairs that are different although others join their
// images, and explains the first: a = b, b = c, a ≠ c.
func (d *Dataset) contradictions(pairs Listed[Pair]) (count int, first string) {
	sets := sameSets(len(d.Images), pairs)
	for p := range pairs.All() {
		if p.Same || sets.Root(p.Left) != sets.Root(p.Right) {
			continue
		}
		if count++; count == 1 {
			first = fmt.Sprintf("%q and %q are different in %s, but %s", d.Images[p.Left].Path, d.Images[p.Right].Path,
				d.lists.of(p.spot(), spot{}), d.lists.chain(d.Images, joints(pairs), p.Left, p.Right, spot{}))
		}
	}
	return count, first
}

// contradict returns "1 row contradicts others through a third image".
func contradict(n int) string {
	if n == 1 {
		return "1 row contradicts others through a third image"
	}
	return fmt.Sprintf("%d rows contradict others through a third image", n)
}

// joint is a same pair as one of its images sees it.
type joint struct {
	other int32
	at    spot
}

func joints(pairs Listed[Pair]) map[int32][]joint {
	next := map[int32][]joint{}
	for p := range pairs.All() {
		if p.Same {
			next[p.Left] = append(next[p.Left], joint{p.Right, p.spot()})
			next[p.Right] = append(next[p.Right], joint{p.Left, p.spot()})
		}
	}
	return next
}

// chain returns the shortest chain of same pairs from one image to another, which
// must be joined, as someone who looks at a row is told: "a" = "b" (line 2), "b" = "c" (line 3).
func (n listNames) chain(images []Image, next map[int32][]joint, from, to int32, row spot) string {
	came := map[int32]joint{to: {}} // other: the next image on the way to `to`
	for queue := []int32{to}; ; queue = queue[1:] {
		i := queue[0]
		if i == from {
			break
		}
		for _, j := range next[i] {
			if _, ok := came[j.other]; !ok {
				came[j.other] = joint{i, j.at}
				queue = append(queue, j.other)
			}
		}
	}
	var steps []string
	for i := from; i != to; i = came[i].other {
		steps = append(steps, fmt.Sprintf("%q = %q (%s)",
			images[i].Path, images[came[i].other].Path, n.of(came[i].at, row)))
	}
	return strings.Join(steps, ", ")
}
