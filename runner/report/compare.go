package report

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"html/template"
	"slices"

	"github.com/tfpair/tfpair/internal/aside"
	"github.com/tfpair/tfpair/runner/evaluate"
	"github.com/tfpair/tfpair/runner/metric"
)

//go:embed compare.html
var compareHTML string

// mostDifferent is how many pictures are shown that one of two networks answers rightly, of each kind.
const mostDifferent = 12

// comparison is what the template of two networks shows.
type comparison struct {
	A, B       Source
	CSS        template.CSS
	Sheets     template.CSS
	Difference Difference
	Rows       []comparedRow
	Charts     []template.HTML
	Groups     []comparedGroup
	Both       [2]Source
	NumbersA   template.JS // JSON of both evaluations
	NumbersB   template.JS
	Other      bool   // the two were not measured on the same pictures
	Among      string // that their photos were searched among different numbers of label images; "" they were not
	tiles      *tiles
}

// Difference is by how much the second of two networks is better on what both were asked, each question answered by both.
type Difference struct {
	Name     string          // of the metric
	Value    float64         // in [-1,1]; above 0 the second is better
	Interval metric.Interval // of it
	Asked    int             // queries or pairs
}

// comparedRow is a number of both, as the JSON of each has it.
type comparedRow struct {
	Name, Meaning string
	A, B          template.HTML
	Lower         bool
}

// comparedGroup is pictures that only one of the two answers rightly.
type comparedGroup struct {
	Title string
	Rows  []comparedPictures
}

// comparedPictures is a picture, and what each network found first.
type comparedPictures struct {
	Asked, OfA, OfB    int32
	Name, NameA, NameB string
	RightA, RightB     bool
}

// Compare writes a page of two networks that were measured on the same data. Errors are those of Write.
func Compare(ctx context.Context, path string, a, b Source) (Difference, error) {
	c, err := newComparison(ctx, a, b)
	if err != nil {
		return Difference{}, err
	}
	t, err := template.New("compare").Funcs(template.FuncMap{"tile": c.tiles.html, "points": func(v float64) string { return fmt.Sprintf("%+.1f", 100*v) }}).Parse(compareHTML)
	if err != nil {
		return Difference{}, err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, c); err != nil {
		return Difference{}, err
	}
	return c.Difference, aside.WriteFile(path, text.Bytes())
}

func newComparison(ctx context.Context, a, b Source) (*comparison, error) {
	c := &comparison{A: a, B: b, Both: [2]Source{a, b}, CSS: template.CSS(pageCSS), //nolint:gosec // the project's own
		NumbersA: template.JS(a.Numbers), NumbersB: template.JS(b.Numbers)} //nolint:gosec // JSON escapes <, > and &
	if a.Labels != nil && b.Labels != nil && a.Labels.Searched.Images != b.Labels.Searched.Images {
		c.Among = fmt.Sprintf("%s searched among %d label images, %s among %d: among fewer, the right one is found more easily.",
			a.Title, a.Labels.Searched.Images, b.Title, b.Labels.Searched.Images)
	}
	subA, subB := a.subject(), b.subject()
	if err := c.rows(subA, subB); err != nil {
		return nil, err
	}
	c.Charts = overlaid(subA, subB)
	answers, err := c.answers(subA, subB)
	if err != nil {
		return nil, err
	}
	shown := map[int32]bool{}
	c.Groups = groupsOf(subA, subB, answers, shown)
	// Pictures of both: those of A, then those of B.
	pictures := slices.Concat(subA.pictures, subB.pictures)
	var list []int32
	for picture := range shown {
		list = append(list, picture)
	}
	slices.Sort(list)
	if c.tiles, err = makeTiles(ctx, pictures, list, shown); err != nil {
		return nil, err
	}
	c.Sheets = c.tiles.css()
	return c, nil
}

// rows sets the numbers that both have.
func (c *comparison) rows(a, b *subject) error {
	of := [2]numbers{}
	for i, s := range []*subject{a, b} {
		n, err := parseNumbers(s.Numbers)
		if err != nil {
			return err
		}
		of[i] = n
	}
	other := b.metrics()
	for _, row := range a.metrics() {
		at := slices.IndexFunc(other, func(r metricRow) bool { return r.key == row.key })
		if at < 0 {
			continue
		}
		r := comparedRow{Name: row.Name, Meaning: row.Meaning, Lower: row.Lower}
		for i, path := range []string{row.Path, other[at].Path} {
			text, err := of[i].withInterval(path, row.Share)
			if err != nil {
				return err
			}
			if i == 0 {
				r.A = text
			} else {
				r.B = text
			}
		}
		c.Rows = append(c.Rows, r)
	}
	return nil
}

// withInterval writes a number and its interval.
func (n numbers) withInterval(path string, share bool) (template.HTML, error) {
	if !share {
		return n.at("%g", path+".value")
	}
	value, err := n.percent(path + ".value")
	if err != nil {
		return "", err
	}
	ends, err := n.between(path + ".interval")
	return value + " (" + ends + ")", err
}

// answered is a question that both were asked.
type answered struct {
	a, b           int // query or pair of each
	rightA, rightB bool
}

// answers returns the questions that both were asked, and sets the difference.
func (c *comparison) answers(a, b *subject) (list []answered, err error) {
	at := map[string]int{}
	if len(a.queries) > 0 && len(b.queries) > 0 {
		c.Difference.Name = "recall@1"
		for i, q := range b.queries {
			at[b.pictures[q.picture].Path] = i
		}
		for i, q := range a.queries {
			if k, ok := at[a.pictures[q.picture].Path]; ok && len(q.right) > 0 && len(b.queries[k].right) > 0 {
				list = append(list, answered{i, k, q.right[0], b.queries[k].right[0]})
			}
		}
		c.Other = len(list) != len(a.queries) || len(list) != len(b.queries)
	} else {
		c.Difference.Name = "accuracy"
		key := func(s *subject, p shownPair) string { return s.pictures[p.left].Path + "\n" + s.pictures[p.right].Path }
		for i, p := range b.pairs {
			at[key(b, p)] = i
		}
		thresholdA, _ := a.threshold()
		thresholdB, _ := b.threshold()
		for i, p := range a.pairs {
			if k, ok := at[key(a, p)]; ok {
				list = append(list, answered{i, k, (float64(p.distance) <= thresholdA) == p.same, (float64(b.pairs[k].distance) <= thresholdB) == p.same})
			}
		}
		c.Other = len(list) != len(a.pairs) || len(list) != len(b.pairs)
	}
	c.Difference.Asked = len(list)
	return list, c.Difference.measure(a, list)
}

// measure sets the mean of the differences and its interval.
func (d *Difference) measure(a *subject, list []answered) (err error) {
	var before, after []float64
	for _, one := range list {
		before, after = append(before, share(one.rightA)), append(after, share(one.rightB))
	}
	var sample metric.Sample
	var image []int32
	if len(a.queries) > 0 {
		sample = evaluate.SampleOf(a.Data, a.asked(), a.Seen)
		for _, one := range list {
			image = append(image, a.queries[one.a].picture)
		}
	}
	d.Value, d.Interval, err = sample.Change(before, after, image)
	return err
}

// share is 1 for a right answer, else 0.
func share(right bool) float64 {
	if right {
		return 1
	}
	return 0
}

// asked returns the dataset images whose rows the first pictures are.
func (s *subject) asked() []int32 {
	if s.Labels != nil {
		return s.Labels.Answers.Photos
	}
	return s.Pairs.Answers.Images
}

// groupsOf returns pictures that only one of the two finds. Pictures of b are numbered behind those of a.
func groupsOf(a, b *subject, list []answered, shown map[int32]bool) []comparedGroup {
	if len(a.queries) == 0 || len(b.queries) == 0 {
		return nil
	}
	groups := []comparedGroup{{Title: "Found by " + b.Title + " only"}, {Title: "Found by " + a.Title + " only"}}
	behind := int32(len(a.pictures))
	for _, one := range list {
		if one.rightA == one.rightB {
			continue
		}
		g := &groups[0]
		if one.rightA {
			g = &groups[1]
		}
		if len(g.Rows) == mostDifferent {
			continue
		}
		qa, qb := a.queries[one.a], b.queries[one.b]
		row := comparedPictures{Asked: qa.picture, OfA: qa.answers[0], OfB: behind + qb.answers[0], RightA: one.rightA, RightB: one.rightB,
			Name: a.pictures[qa.picture].name(), NameA: a.pictures[qa.answers[0]].name(), NameB: b.pictures[qb.answers[0]].name()}
		for _, picture := range []int32{row.Asked, row.OfA, row.OfB} {
			shown[picture] = true
		}
		g.Rows = append(g.Rows, row)
	}
	for i := range groups {
		total := 0
		for _, one := range list {
			if one.rightA != one.rightB && one.rightB == (i == 0) {
				total++
			}
		}
		groups[i].Title += fmt.Sprintf(" (%s of %s)", commas(int64(total)), commas(int64(len(list))))
	}
	return groups
}

// overlaid draws the curves of both.
func overlaid(a, b *subject) (list []template.HTML) {
	pair := func(id, title string, of func(s *subject) (x, y []float64), x, y *axis) {
		one, two := series{Name: a.Title, Class: "a"}, series{Name: b.Title, Class: "b"}
		one.X, one.Y = of(a)
		two.X, two.Y = of(b)
		if len(one.X) == 0 && len(two.X) == 0 {
			return
		}
		c := chart{ID: id, Title: title, Marker: -1, Series: []series{one, two}}
		if x != nil {
			c.X, c.Y = *x, *y
		} else {
			c.X, c.Y = around("step", one.X, two.X), around(title, one.Y, two.Y)
		}
		list = append(list, c.svg())
	}
	pair("loss", "loss of training", func(s *subject) (x, y []float64) {
		for _, l := range s.History.Loss {
			x, y = append(x, float64(l.Step)), append(y, l.Mean)
		}
		return x, y
	}, nil, nil)
	name := "auc"
	if a.Labels != nil {
		name = "recall@1"
	}
	pair("validation", name+" on validation", func(s *subject) (x, y []float64) {
		for _, e := range s.History.Evaluations {
			x, y = append(x, float64(e.Step)), append(y, e.Scores.Metrics[name])
		}
		return x, y
	}, nil, nil)
	ticks := shares(0, .2, .4, .6, .8, 1)
	x, y := axis{a.kind.Accepts, 0, 1, ticks}, axis{a.kind.Kept, 0, 1, ticks}
	pair("roc", "ROC: "+a.kind.Kept+" against "+a.kind.Accepts, func(s *subject) (x, y []float64) {
		t := s.trade()
		for i := range t.thresholds {
			x, y = append(x, t.accepts[i]), append(y, 1-t.rejects[i])
		}
		return x, y
	}, &x, &y)
	return list
}
