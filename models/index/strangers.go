package index

import (
	"cmp"
	"maps"
	"slices"

	"github.com/tfpair/tfpair/models/distance"
)

// maxOwn is how many images of an index ask as strangers, at most: a rate of 5 % of so many is
// known to 0.9 points.
const maxOwn = 2500

// asked is what a stranger found first.
type asked struct {
	class    string
	distance float32
	weight   float64 // how much it counts: more where fewer than all images were searched
}

// askedList is what strangers found.
type askedList []asked

// answers is what images found whose class is in an index, themselves left out.
type answers struct {
	queries int
	right   []float32 // distance of the nearest, where it is of the class
}

// validation lets strangers ask whose class is none of rows.
func (x *Index) validation(rows map[string][]int, s Strangers) askedList {
	var list askedList
	dim := x.about.Dim
	for i, class := range s.Classes {
		if _, there := rows[class]; !there {
			first := x.search(s.Vectors[i*dim:][:dim], 1)[0][0]
			list = append(list, asked{class, first.Distance, 1})
		}
	}
	return list
}

// own lets images ask of whose class the network has not learned, once as strangers, with
// their class taken out, and once with all but themselves, where that leaves one of the class.
func (x *Index) own(rows map[string][]int, learned func(Item) bool) (askedList, answers) {
	chosen := map[string][]int{}
	step := max(1, float64(x.Len())/maxOwn)
	for at := 0.0; int(at) < x.Len(); at += step {
		row := int(at)
		if item := x.Item(row); !x.Learned(row) && (learned == nil || !learned(item)) {
			chosen[item.Class] = append(chosen[item.Class], row)
		}
	}
	var list askedList
	var known answers
	for class, asking := range chosen {
		size := len(rows[class])
		var queries []float32
		for _, row := range asking {
			queries = append(queries, x.Vector(row)...)
		}
		for i, found := range x.search(queries, min(size+1, x.Len())) { // one at least is another class's
			if other := slices.IndexFunc(found, func(n Neighbour) bool { return x.Item(n.Row).Class != class }); other >= 0 {
				list = append(list, asked{class, found[other].Distance, float64(x.Len()) / float64(x.Len()-size)})
			}
			if size > 1 {
				known.add(found, asking[i], func(row int) bool { return x.Item(row).Class == class })
			}
		}
	}
	return list, known
}

// add adds what the image of row itself found.
func (a *answers) add(found []Neighbour, itself int, right func(row int) bool) {
	a.queries++
	for _, n := range found {
		if n.Row != itself {
			if right(n.Row) {
				a.right = append(a.right, n.Distance)
			}
			return
		}
	}
}

// detection returns the share of queries whose nearest is right and accepted, nil of none.
func (a answers) detection(threshold float64) *float64 {
	if a.queries == 0 {
		return nil
	}
	found := 0
	for _, d := range a.right {
		if float64(d) <= threshold {
			found++
		}
	}
	share := float64(found) / float64(a.queries)
	return &share
}

// sort sorts the strangers by distance, so that a limit of a part of them is soon found.
func (l askedList) sort() {
	slices.SortFunc(l, func(a, b asked) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.class, b.class), cmp.Compare(a.weight, b.weight))
	})
}

// classes returns how many classes the strangers are of.
func (l askedList) classes() int {
	classes := map[string]bool{}
	for _, a := range l {
		classes[a.class] = true
	}
	return len(classes)
}

// accepted returns how many strangers a threshold accepts, by their weights.
func (l askedList) accepted(threshold float64) float64 {
	n := 0.0
	for _, a := range l {
		if float64(a.distance) <= threshold {
			n += a.weight
		}
	}
	return n
}

// limit returns the largest threshold that accepts at most a share of the strangers.
func (l askedList) limit(share float64) float64 {
	distances, weights := make([]float32, len(l)), make([]float64, len(l))
	for i, a := range l {
		distances[i], weights[i] = a.distance, a.weight
	}
	return distance.Limit(distances, weights, share)
}

// maxFolds is into how many parts the classes are parted, at most.
const maxFolds = 20

// folds parts the strangers by whole classes, and returns each part and all others.
func (l askedList) folds() (parts, rest []askedList) {
	number := map[string]int{}
	classes := map[string]bool{}
	for _, a := range l {
		classes[a.class] = true
	}
	names := make([]string, 0, len(classes))
	for class := range classes {
		names = append(names, class)
	}
	slices.Sort(names)
	for i, class := range names {
		number[class] = i % maxFolds
	}
	n := min(maxFolds, len(names))
	parts, rest = make([]askedList, n), make([]askedList, n)
	for _, a := range l {
		for fold := range n {
			if number[a.class] == fold {
				parts[fold] = append(parts[fold], a)
			} else {
				rest[fold] = append(rest[fold], a)
			}
		}
	}
	return parts, rest
}

// stricter returns the share that a threshold keeps, of those that choose it, so that strangers of
// other classes are accepted at a promised share: K²/(K²+minClasses²) of it for K effective classes,
// half of it for five, and 94 % for 20. Few classes show little of how near others come: where 5
// classes of groceries chose it for the whole 5 %, 8 % of the strangers of other classes were
// accepted, and 5.8 % where 8 chose it.
func (l askedList) stricter(promise float64) float64 {
	all := l.effective() * l.effective()
	return promise * all / (all + minClasses*minClasses)
}

// effective returns how many classes of equal weight tell as much as the classes of the strangers:
// (Σw)²/Σw² of the weight w of each (Kish, Survey Sampling, 1965, section 8.2). Where five classes
// of validation ask 80 times each, ten images of an index, each of another class, add little.
func (l askedList) effective() float64 {
	of := map[string]float64{}
	for _, a := range l {
		of[a.class] += a.weight
	}
	sum, squares := 0.0, 0.0
	for _, class := range slices.Sorted(maps.Keys(of)) { // in an order, so that the sum is the same again
		sum, squares = sum+of[class], squares+of[class]*of[class]
	}
	return sum * sum / squares
}

// crossed returns the largest threshold that promises a share for strangers of other classes:
// images of a class lie together, so that the nearest strangers are of a few classes, and others
// come nearer. It is the limit of a smaller share, of which the strangers of each part of the
// classes keep the promise at the limit of all other parts.
func (l askedList) crossed(share float64) float64 {
	parts, rest := l.folds()
	kept := func(smaller float64) bool {
		accepted := 0.0
		for i := range parts {
			accepted += parts[i].accepted(rest[i].limit(smaller))
		}
		return accepted <= share*float64(len(l))
	}
	if kept(share) {
		return l.limit(share)
	}
	low, high := 0.0, share
	for range 10 { // a thousandth of the share
		if middle := (low + high) / 2; kept(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return l.limit(low)
}
