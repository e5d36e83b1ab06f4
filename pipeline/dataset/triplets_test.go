package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// describeTriplets returns "anchor positive negative split" of each triplet.
func describeTriplets(triplets []Triplet, d *Dataset) string {
	var lines []string
	for _, t := range triplets {
		lines = append(lines, strings.TrimSpace(fmt.Sprint(d.Images[t.Anchor].Path, " ",
			d.Images[t.Positive].Path, " ", d.Images[t.Negative].Path, " ", t.Split)))
	}
	return strings.Join(lines, "\n")
}

func TestTriplets(t *testing.T) {
	d, err := openList("t.tsv", "negative\tanchor\tpositive\tsplit\twhy\n"+
		"c.png\ta.png\tb.png\ttrain\tx\nd.png\tb.png\ta.png\ttrain\t\nc.png\ta.png\tb.png\tval\t\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.Format != "triplets" || d.Summary() != "t.tsv: 3 triplets of 4 images; "+
		"train 2 triplets of 4 images, val 1 triplet of 3 images" {
		t.Errorf("format %q, summary %q", d.Format, d.Summary())
	}
	want := "a.png b.png c.png train\nb.png a.png d.png train\na.png b.png c.png val"
	if got := describeTriplets(d.Triplets, d); got != want {
		t.Errorf("triplets\n%s\nwant\n%s", got, want)
	}
	// The second row's same pair is that of the first, swapped; val has its own.
	want = "a.png b.png same train\na.png c.png different train\nb.png d.png different train\n" +
		"a.png b.png same val\na.png c.png different val"
	if got := describePairs(d); got != want {
		t.Errorf("pairs\n%s\nwant\n%s", got, want)
	}
	notes := strings.Join(d.Notes, "; ")
	if want := `t.tsv: left out 1 column: "why"; 3 images in pairs of more than one split`; !strings.HasPrefix(notes, want) {
		t.Errorf("notes %q, want %q", notes, want)
	}
	if got := describeTriplets(slices.Collect(d.In(Val).Triplets.All()), d); got != "a.png b.png c.png val" {
		t.Errorf("triplets of val: %s", got)
	}
	without := d.In(Train).Without(map[int32]bool{3: true}) // d.png
	if got := describeTriplets(slices.Collect(without.Triplets.All()), d); got != "a.png b.png c.png train" {
		t.Errorf("triplets without d.png: %s", got)
	}
	c := d.Without([]int32{2}) // c.png
	if got := describeTriplets(c.Triplets, c); got != "b.png a.png d.png train" {
		t.Errorf("triplets of the copy without c.png: %s", got)
	}
}

func TestTripletErrors(t *testing.T) {
	const header = "anchor,positive,negative\n"
	for _, c := range []struct{ name, text, want string }{
		{"positive is anchor", header + "a.png,a.png,b.png\n",
			`t.csv:2: the positive is its anchor, "a.png"`},
		{"negative is anchor", header + "a.png,b.png,a.png\n",
			`t.csv:2: the negative is its anchor, "a.png"`},
		{"negative is positive", header + "a.png,b.png,b.png\n",
			`t.csv:2: positive and negative are the same image, "b.png"`},
		{"negative is a positive elsewhere", header + "a.png,b.png,c.png\nc.png,a.png,d.png\n",
			`t.csv:2: the negative "c.png" is of its anchor's class: "a.png" = "c.png" (line 3)`},
		{"negative through others", header + "a.png,b.png,d.png\nc.png,b.png,d.png\nc.png,e.png,a.png\n",
			`t.csv:4: the negative "a.png" is of its anchor's class: ` +
				`"c.png" = "b.png" (line 3), "b.png" = "a.png" (line 2)`},
		{"no file", header + "a.png,b.png,nowhere.png\n", `t.csv:2: image "nowhere.png" is not in`},
		{"split", "anchor,positive,negative,split\na.png,b.png,c.png,tset\n",
			`t.csv:2: split is "tset"; want train, val or test`},
		{"column", "anchor,positive,other\na.png,b.png,c.png\n", `no column "negative" in the header`},
		{"nothing", header, `a header and no triplets below it`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := openList("t.csv", c.text, nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v\nwant %s", err, c.want)
			}
		})
	}
}

// TestTripletsAssign: a triplet goes to validation with its pairs.
func TestTripletsAssign(t *testing.T) {
	d, err := openList("t.csv", "anchor,positive,negative\n"+
		"a.png,b.png,in/a.png\nc.png,d.png,e.png\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Assign(SplitOptions{Val: 0.5, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	for _, split := range []Split{Train, Val} {
		p := d.In(split)
		if p.Triplets.Len() != 1 || p.Pairs.Len() != 2 || len(p.Images) != 3 {
			t.Errorf("%s: %d triplets, %d pairs, %d images, want 1, 2, 3", split,
				p.Triplets.Len(), p.Pairs.Len(), len(p.Images))
		}
	}
	if d.Triplets[0].Split == d.Triplets[1].Split {
		t.Errorf("both triplets in %s", d.Triplets[0].Split)
	}
}
