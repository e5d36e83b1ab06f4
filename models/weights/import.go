package weights

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/names"
)

// Network is what weights are wanted for.
type Network struct {
	Name   string             // "resnet50"
	Shapes map[string][]int64 // of its variables by key: "backbone/conv1_conv/kernel": [7 7 3 64]
}

// Imported is what a file holds for a network.
type Imported struct {
	Layout  Layout
	Tensors []Tensor // one for each of the network's variables, by its key; sorted
	Top     []string // tensors of the classifier, dropped
	Skipped []string // tensors that are no weights of the network, such as counters
}

// layers returns the layers of n, sorted.
func (n Network) layers() []string {
	found := map[string]bool{}
	for key := range n.Shapes {
		rest := strings.TrimPrefix(key, ownPrefix)
		if slash := strings.LastIndexByte(rest, '/'); slash >= 0 {
			found[rest[:slash]] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Import returns the tensors of f under the keys and in the shapes of n, which all must be
// there and nothing else; the power of a pooling may be missing, and then starts as it always does. Convolutions get the graph's order of sides, and a bias of theirs
// is taken off the moving mean behind them, which is exact: (x+b) - m = x - (m-b). The
// error is an *Error, with all problems.
func (f *File) Import(n Network) (*Imported, error) {
	l, err := f.Layout()
	if err != nil {
		return nil, err
	}
	if l.Network != "" && l.Network != n.Name {
		return nil, f.refuse(fmt.Sprintf("its tensors are those of %s (layout %s), and the network is %s",
			l.Network, l.Name, n.Name))
	}
	i := &importer{file: f, network: n, layout: l, found: map[string]Tensor{}, source: map[string]string{}}
	i.collect()
	if problem := f.scaleless(slices.Sorted(maps.Values(i.source))); problem != "" {
		i.problems = append(i.problems, problem)
	}
	i.foldBiases()
	i.compare()
	if len(i.problems) > 0 {
		if other := i.seemsOf(); other != "" {
			i.problems = append(i.problems, "it seems to be of "+other)
		}
		return nil, f.refuse(i.problems...)
	}
	done := &Imported{Layout: l, Top: i.top, Skipped: i.skipped}
	for _, key := range slices.Sorted(maps.Keys(n.Shapes)) {
		if t, ok := i.found[key]; ok {
			done.Tensors = append(done.Tensors, t)
		}
	}
	return done, nil
}

// importer is an Import in progress.
type importer struct {
	file         *File
	network      Network
	layout       Layout
	found        map[string]Tensor // by key, in the graph's order of sides
	source       map[string]string // name in the file, by key
	extra        []string
	top, skipped []string
	problems     []string
}

// collect looks at each tensor of the file.
func (i *importer) collect() {
	placeOf := i.layout.names(i.file.part(i.layout.below), i.network)
	for _, t := range i.file.Tensors {
		p := place{role: skipped} // of the model around the network
		if name, ok := strings.CutPrefix(t.Name, i.layout.below); ok {
			p = placeOf(name)
		}
		switch p.role {
		case top:
			i.top = append(i.top, t.Name)
		case skipped:
			i.skipped = append(i.skipped, t.Name)
		case unknown:
			i.extra = append(i.extra, t.Name)
		case wanted:
			i.keep(ownPrefix+p.layer+"/"+p.field, p, t)
		}
	}
}

// keep takes a tensor under its key.
func (i *importer) keep(key string, p place, t Tensor) {
	if before, ok := i.source[key]; ok {
		i.problems = append(i.problems, fmt.Sprintf("%q and %q are both %s", before, t.Name, key))
		return
	}
	if problem := unusable(t, p.field); problem != "" {
		i.problems = append(i.problems, problem)
	}
	i.source[key] = t.Name
	if i.layout.torch && p.field == "kernel" && len(t.Shape) == 4 {
		order := []int{2, 3, 1, 0}
		if strings.HasSuffix(p.layer, "depthwise_conv") {
			order = []int{2, 3, 0, 1}
		}
		t = transpose(t, order)
	}
	t.Name = key
	i.found[key] = t
}

// unusable says what no weights are, "" where t is fine.
func unusable(t Tensor, field string) string {
	zeros := len(t.Data) > 0
	for at, x := range t.Data {
		if v := float64(x); math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprintf("%q holds %g, at element %d", t.Name, x, at)
		}
		if field == "moving_variance" && x < 0 {
			return fmt.Sprintf("%q holds a negative variance, %g at element %d", t.Name, x, at)
		}
		zeros = zeros && x == 0
	}
	if zeros && (field == "kernel" || field == "moving_variance") {
		return fmt.Sprintf("%q holds nothing but zeros, as files do that were not written to their end", t.Name)
	}
	return ""
}

// foldBiases takes the bias of each convolution off the moving mean behind it.
func (i *importer) foldBiases() {
	for _, key := range slices.Sorted(maps.Keys(i.found)) {
		layer, isBias := strings.CutSuffix(key, "_conv/bias")
		if _, own := i.network.Shapes[key]; !isBias || own {
			continue
		}
		meanKey := layer + "_bn/moving_mean"
		bias, mean := i.found[key], i.found[meanKey]
		if len(bias.Data) != len(mean.Data) || !slices.Equal(bias.Shape, mean.Shape) {
			i.problems = append(i.problems, fmt.Sprintf("%q of shape %v has no moving mean of that shape",
				i.source[key], bias.Shape))
			continue
		}
		data := slices.Clone(mean.Data)
		for at, b := range bias.Data {
			data[at] -= b
		}
		mean.Data = data
		i.found[meanKey] = mean
		delete(i.found, key)
	}
}

// few is how many names a message lists.
const few = 3

// list joins the first few of names and counts the rest.
func list(names []string) string {
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

func tensors(n int) string {
	if n == 1 {
		return "1 tensor"
	}
	return fmt.Sprintf("%d tensors", n)
}

// compare says what is missing, too much, or of another shape.
func (i *importer) compare() {
	var missing, shapes []string
	for _, key := range slices.Sorted(maps.Keys(i.network.Shapes)) {
		t, ok := i.found[key]
		switch want := i.network.Shapes[key]; {
		case !ok && strings.HasSuffix(key, "/"+names.Power):
		case !ok:
			missing = append(missing, strings.TrimPrefix(key, ownPrefix))
		case !slices.Equal(t.Shape, want):
			shapes = append(shapes, fmt.Sprintf("%q is %v as %s, want %v", i.source[key], t.Shape,
				strings.TrimPrefix(key, ownPrefix), want))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(i.found)) {
		if _, ok := i.network.Shapes[key]; !ok {
			i.extra = append(i.extra, i.source[key])
		}
	}
	if len(missing) > 0 {
		i.problems = append(i.problems, fmt.Sprintf("%d of %d tensors are missing: %s", len(missing),
			len(i.network.Shapes), list(missing)))
	}
	if len(i.extra) > 0 {
		i.problems = append(i.problems, fmt.Sprintf("%s too many for %s: %s", tensors(len(i.extra)),
			i.network.Name, list(i.extra)))
	}
	if len(shapes) > 0 {
		i.problems = append(i.problems, fmt.Sprintf("%s of another shape: %s",
			tensors(len(shapes)), list(shapes)))
	}
}

// transpose returns t with its four sides in another order: side j of the result is side order[j]
// of t.
func transpose(t Tensor, order []int) Tensor {
	var shape, stride [4]int64
	for j, of := range order {
		shape[j], stride[j] = t.Shape[of], 1
		for _, side := range t.Shape[of+1:] {
			stride[j] *= side
		}
	}
	moved := Tensor{Name: t.Name, Shape: shape[:], Data: make([]float32, 0, len(t.Data))}
	for a := range shape[0] {
		for b := range shape[1] {
			for c := range shape[2] {
				at := a*stride[0] + b*stride[1] + c*stride[2]
				for d := range shape[3] {
					moved.Data = append(moved.Data, t.Data[at+d*stride[3]])
				}
			}
		}
	}
	return moved
}
