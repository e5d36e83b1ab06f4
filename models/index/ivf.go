package index

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"github.com/viterin/vek/vek32"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/workers"
	"github.com/tfpair/tfpair/models/distance"
)

// ivf parts the rows of a large segment into groups around centres, and compares a query with those of
// the groups whose centres are nearest (Sivic and Zisserman, Video Google, 2003; as the inverted file of Jégou et
// al., 2011, arXiv and TPAMI 33(1), with the vectors themselves in the lists). Rows of a group lie together. What was
// appended since is compared as a whole, and so is a segment of fewer than minGrouped rows, or of a distance that no
// dot product bounds: then it is flat.
var ivf = named.Row[Kind]{
	Brief: "approximate, for a million vectors: compares each query with the groups of vectors that are nearest",
	New: func(raw named.Raw) (Kind, error) {
		return func(v vectors) searcher { return newScan(v) }, named.Options(raw, &struct{}{})
	},
}

// Numbers of groups and of how they are made.
const (
	minGrouped  = 20_000 // rows: fewer are compared sooner than groups are chosen
	mostGroups  = 4096
	sampled     = 32 // rows of a group that choose its centre
	rounds      = 8  // of k-means; further ones move few rows
	groupSeed   = 1
	triedRows   = 300  // that choose how many groups are looked at
	triedK      = 10   // of which so many neighbours
	wantsRecall = 0.99 // of these
)

// groups are rows that lie together, and where.
type groups struct {
	Rows    int       `json:"rows"`    // n; later rows are in no group
	Starts  []int     `json:"starts"`  // [C+1] first row of each, and n
	Probes  int       `json:"probes"`  // groups that are looked at
	Recall  float64   `json:"recall"`  // share of the ten nearest that this finds
	Centres Vectors   `json:"centres"` // [C,D]
	half    []float32 // ½‖centre‖²
}

// grouped is the searcher of ivf.
type grouped struct {
	*scan
	groups *groups
}

func (g *grouped) grow(v vectors) searcher { return &grouped{g.scan.grow(v).(*scan), g.groups} }

// walk compares the rows from..to of the nearest groups, and of others if these are fewer than wanted, and
// all rows that are in no group.
func (g *grouped) walk(asked []*query, from, to int) {
	var products [tileRows]int32
	for _, q := range asked {
		g.ask(q)
		for i, group := range g.groups.nearest(q.shape) {
			if i >= g.groups.Probes && len(q.best) >= q.k {
				break
			}
			g.compare(q, max(from, g.groups.Starts[group]), min(to, g.groups.Starts[group+1]), products[:])
		}
		g.compare(q, max(from, g.groups.Rows), to, products[:])
	}
}

// nearest returns the groups, that of the centre nearest to a first.
func (g *groups) nearest(a []float32) []int {
	scores := make([]float32, len(g.half))
	order := make([]int, len(g.half))
	for i := range order {
		order[i] = i
		scores[i] = g.half[i] - vek32.Dot(a, g.Centres[i*len(a):][:len(a)])
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Or(cmp.Compare(scores[i], scores[j]), cmp.Compare(i, j)) })
	return order
}

// halve computes half.
func (g *groups) halve(dim int) {
	g.half = make([]float32, len(g.Centres)/dim)
	for i := range g.half {
		g.half[i] = float32(distance.Energy(g.Centres[i*dim:][:dim]) / 2)
	}
}

// group parts vectors into groups, and returns for each new row the old one. It is nil where they are better
// compared as a whole.
func group(v vectors) (*groups, []int32) {
	if v.len() < minGrouped || !v.distance.Squares() {
		return nil, nil
	}
	g := &groups{Rows: v.len()}
	count := min(mostGroups, int(math.Sqrt(float64(v.len()))))
	g.centre(v, count)
	of := g.assign(v, nil)
	order := make([]int32, v.len())
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(of[a], of[b]) })
	g.Starts = make([]int, count+1)
	for i := range g.Starts {
		g.Starts[i] = sort.Search(len(order), func(row int) bool { return int(of[order[row]]) >= i })
	}
	return g, order
}

// shape returns row as it is compared: divided.
func (v vectors) shape(into []float32, row int) []float32 {
	by := float32(1 / v.distance.Divisor(distance.Energy(v.row(row))))
	for i, x := range v.row(row) {
		into[i] = x * by
	}
	return into
}

// centre chooses centres by k-means of a sample (Lloyd, 1982). A centre without rows keeps its place.
func (g *groups) centre(v vectors, count int) {
	r := rand.New(rand.NewPCG(groupSeed, uint64(count)))
	rows := make([]int32, min(v.len(), count*sampled))
	step := float64(v.len()) / float64(len(rows))
	for i := range rows {
		rows[i] = int32(float64(i) * step)
	}
	r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	g.Centres = make(Vectors, count*v.dim)
	for i := range count {
		v.shape(g.Centres[i*v.dim:][:v.dim], int(rows[i]))
	}
	shape := make([]float32, v.dim)
	for range rounds {
		g.halve(v.dim)
		of := g.assign(v, rows)
		sums, counts := make([]float64, len(g.Centres)), make([]int, count)
		for i, row := range rows {
			counts[of[i]]++
			for j, x := range v.shape(shape, int(row)) {
				sums[int(of[i])*v.dim+j] += float64(x)
			}
		}
		for i, sum := range sums {
			if n := counts[i/v.dim]; n > 0 {
				g.Centres[i] = float32(sum / float64(n))
			}
		}
	}
	g.halve(v.dim)
}

// assign returns the group of each of rows, of all where they are nil.
func (g *groups) assign(v vectors, rows []int32) []int32 {
	n := v.len()
	if rows != nil {
		n = len(rows)
	}
	of := make([]int32, n)
	const task = 1024
	workers.Each((n+task-1)/task, func() func(int) {
		shape := make([]float32, v.dim)
		return func(t int) {
			for i := t * task; i < min(n, (t+1)*task); i++ {
				row := i
				if rows != nil {
					row = int(rows[i])
				}
				v.shape(shape, row)
				best, lowest := 0, float32(math.Inf(1))
				for c, half := range g.half {
					if score := half - vek32.Dot(shape, g.Centres[c*v.dim:][:v.dim]); score < lowest {
						best, lowest = c, score
					}
				}
				of[i] = int32(best)
			}
		}
	})
	return of
}

// tune chooses how many groups are looked at: the fewest, doubled from one on, that find the wanted share of
// the nearest of some rows, themselves left out. v is in the order of the groups.
func (g *groups) tune(v vectors) {
	flat := newScan(v)
	rows := make([]int, min(triedRows, v.len()))
	for i := range rows {
		rows[i] = i * v.len() / len(rows)
	}
	search := func(s searcher) []map[int32]bool {
		found := make([]map[int32]bool, len(rows))
		workers.Each(len(rows), func() func(int) {
			return func(i int) {
				q := newQuery(v.row(rows[i]), triedK+1)
				q.gone = &gone{}
				s.walk([]*query{q}, 0, v.len())
				found[i] = map[int32]bool{}
				for _, f := range q.best {
					found[i][f.row] = int(f.row) != rows[i]
				}
			}
		})
		return found
	}
	want := search(flat)
	for g.Probes = 1; ; g.Probes = min(2*g.Probes, len(g.half)) {
		right, all := 0, 0
		for i, found := range search(&grouped{flat, g}) {
			for row, other := range want[i] {
				if other {
					all++
					if found[row] {
						right++
					}
				}
			}
		}
		if g.Recall = float64(right) / float64(max(all, 1)); g.Recall >= wantsRecall || g.Probes == len(g.half) {
			return
		}
	}
}
