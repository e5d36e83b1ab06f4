package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"
)

// sessions returns classes of images from sessions: c0/s3_07.png.
func sessions(classes, each, images int) fstest.MapFS {
	m := fstest.MapFS{}
	for c := range classes {
		for s := range each {
			for i := range images {
				m[fmt.Sprintf("c%d/s%d_%02d.png", c, s, i)] = &fstest.MapFile{}
			}
		}
	}
	return m
}

// TestGroupBy: the parentheses name the group of an image.
func TestGroupBy(t *testing.T) {
	m := sessions(2, 3, 2)
	m["c0/alone.png"] = &fstest.MapFile{}
	for by, want := range map[string]string{
		"(s[0-9]+)_":      "s0 s1 s2", // a session through all classes
		"^(.*/s[0-9]+)_":  "c0/s0 c0/s1 c0/s2 c1/s0 c1/s1 c1/s2",
		"^(c[0-9])/s1_00": "c0 c1",
	} {
		d := mustOpen(t, Options{FS: m, Data: ".", GroupBy: regexp.MustCompile(by)})
		if got := strings.Join(d.Groups, " "); got != want {
			t.Errorf("%s: groups %s, want %s", by, got, want)
		}
		for i, g := range d.GroupOf {
			path := d.Images[i].Path
			if m := regexp.MustCompile(by).FindStringSubmatch(path); (m == nil) != (g < 0) || m != nil && d.Groups[g] != m[1] {
				t.Errorf("%s: %s is of group %d", by, path, g)
			}
		}
	}
	d := mustOpen(t, Options{FS: m, Data: ".", GroupBy: regexp.MustCompile("(s[0-9]+)_")})
	want := "1 image in the path of which group-by finds no group: each is a group of its own\n" +
		"3 groups of 12 images; a group stays within one split"
	if got := strings.Join(d.Notes, "\n"); got != want {
		t.Errorf("notes\n%s\nwant\n%s", got, want)
	}
	plain := mustOpen(t, Options{FS: m, Data: "."})
	if plain.Groups != nil || plain.GroupOf != nil || plain.Fingerprint() == d.Fingerprint() {
		t.Error("groups are not part of the fingerprint")
	}
	less := d.Without([]int32{0, 1})
	for i, image := range less.Images {
		if g := less.GroupOf[i]; g >= 0 && !strings.Contains(image.Path, less.Groups[g]+"_") {
			t.Errorf("Without: %s is of group %s", image.Path, less.Groups[g])
		}
	}
}

func TestGroupByErrors(t *testing.T) {
	m := files("a.png", "b.png")
	m["l.csv"] = &fstest.MapFile{Data: []byte("left,right,same,group\na.png,b.png,1,x\n")}
	for by, want := range map[string]string{
		"(x":     `group-by "(x": error parsing regexp: missing closing )`,
		"x":      `group-by "x" has 0 pairs of parentheses, want 1 around the name of the group; such as '/(session[0-9]+)_'`,
		"(a)(b)": `group-by "(a)(b)" has 2 pairs`,
		"(z+)":   `group-by "(z+)" is in the path of no image; the first is "a.png"`,
		"(a)":    `group-by is given, and the list has a column group; leave out one of them`,
	} {
		re, err := ParseGroupBy(by)
		if err == nil {
			text := "left,right,same\na.png,b.png,1\n"
			if by == "(a)" {
				text = "left,right,same,group\na.png,b.png,1,x\n"
			}
			m["l.csv"] = &fstest.MapFile{Data: []byte(text)}
			_, err = Open(Options{FS: m, Data: "l.csv", GroupBy: re})
		}
		if e := (*OptionsError)(nil); !errors.As(err, &e) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", by, err, want)
		}
	}
}

// TestGroupColumns: every format of lists has a column group.
func TestGroupColumns(t *testing.T) {
	for name, tt := range map[string]struct{ text, want, notes string }{
		"pairs": {"left,right,same,group\na.png,b.png,1,mon\nc.png,d.png,0,tue\ne.png,a.png,0,\n",
			"a.png mon, b.png mon, c.png tue, d.png tue, e.png -", "2 groups of 4 images; a group stays within one split"},
		"joined": {"left,right,same,group\na.png,b.png,1,mon\nb.png,c.png,0,fri\nd.png,e.png,0,sun\n",
			"a.png fri, b.png fri, c.png fri, d.png sun, e.png sun",
			"1 group joined to others by images that are in both\n2 groups of 5 images; a group stays within one split"},
		"triplets": {"anchor,positive,negative,group\na.png,b.png,c.png,x\n", "a.png x, b.png x, c.png x",
			"1 group of 3 images; a group stays within one split"},
		"photos": {"image,label_image,Group\na.png,d.png,x\nb.png,e.png,y\nc.png,d.png,x\n",
			"a.png x, b.png y, c.png x, d.png -, e.png -", "2 groups of 3 images; a group stays within one split"},
		"parted": {"image,label_image,group,split\na.png,d.png,x,train\nb.png,e.png,y,train\nc.png,d.png,x,test\n",
			"a.png x, b.png y, c.png x, d.png -, e.png -", "2 groups of 3 images; a group stays within one split\n" +
				`1 group in more than one split of the data: scores flatter: "x"`},
	} {
		d, err := openList("l.csv", tt.text, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got []string
		for i, image := range d.Images {
			got = append(got, image.Path+" "+map[bool]string{true: "-", false: d.groupName(int32(i))}[d.GroupOf[i] < 0])
		}
		if g := strings.Join(got, ", "); g != tt.want || strings.Join(d.Notes, "\n") != tt.notes {
			t.Errorf("%s: groups %s\nwant %s\nnotes %q", name, g, tt.want, d.Notes)
		}
		var b bytes.Buffer
		m := files("a.png", "b.png", "c.png", "d.png", "e.png")
		m["l.csv"] = &fstest.MapFile{Data: []byte(tt.text)}
		if _, err := Fix(Options{FS: m, Data: "l.csv"}, &b); err != nil || !strings.Contains(b.String(), "group") {
			t.Errorf("%s: fixed without groups (%v):\n%s", name, err, b.String())
		}
	}
}

// checkWhole fails where a group is in two splits.
func checkWhole(t interface{ Fatalf(string, ...any) }, d *Dataset) {
	in := map[int32]Split{}
	for _, split := range []Split{Train, Val, Test} {
		for _, i := range d.In(split).Images {
			g := d.GroupOf[i]
			if g < 0 {
				continue
			}
			if in[g] != Unsplit && in[g] != split {
				t.Fatalf("group %q is in %s and in %s", d.Groups[g], in[g], split)
			}
			in[g] = split
		}
	}
}

// TestAssignGroups: a group stays within one split, and shares are about right.
func TestAssignGroups(t *testing.T) {
	photos := fstest.MapFS{"a.jpg": {}, "b.jpg": {}}
	text := "image,label_image,group\n"
	pairs := "left,right,same,group\n"
	for i := range 200 {
		photos[fmt.Sprintf("%03d.png", i)] = &fstest.MapFile{}
		text += fmt.Sprintf("%03d.png,%s.jpg,burst%d\n", i, []string{"a", "b"}[i%2], i/8)
		if i%2 == 0 {
			pairs += fmt.Sprintf("%03d.png,%03d.png,%d,day%d\n", i, i+1, i/2%2, i/10)
		}
	}
	photos["photos.csv"] = &fstest.MapFile{Data: []byte(text)}
	photos["pairs.csv"] = &fstest.MapFile{Data: []byte(pairs)}
	for name, tt := range map[string]struct {
		files fstest.MapFS
		data  string
		by    string
		class bool
		share [2]int // least and most images of val and of test, in percent
	}{
		"small groups of a class":   {sessions(5, 20, 3), ".", "^(.*)_", false, [2]int{8, 12}},
		"large groups of a class":   {sessions(8, 4, 10), ".", "^(.*)_", false, [2]int{6, 20}},
		"groups through classes":    {sessions(5, 20, 3), ".", "(s[0-9]+)_", false, [2]int{8, 12}},
		"photos":                    {photos, "photos.csv", "", false, [2]int{8, 12}},
		"pairs":                     {photos, "pairs.csv", "", false, [2]int{8, 12}},
		"whole classes":             {sessions(30, 4, 3), ".", "^(.*)_", true, [2]int{6, 17}},
		"classes joined by a group": {joinedClasses(), ".", "(s[0-9]+)_", true, [2]int{6, 20}},
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{FS: tt.files, Data: tt.data}
			if tt.by != "" {
				o.GroupBy = regexp.MustCompile(tt.by)
			}
			for seed := range uint64(5) {
				d := mustOpen(t, o)
				if err := d.Assign(SplitOptions{Val: 0.1, Test: 0.1, ByClass: tt.class, Seed: seed}); err != nil {
					t.Fatal(err)
				}
				checkWhole(t, d)
				for _, split := range []Split{Val, Test} {
					n := 100 * len(d.In(split).Images) / len(d.All().Images)
					if n < tt.share[0] || n > tt.share[1] || d.noPairs(d.In(split)) != "" && tt.data != "photos.csv" {
						t.Errorf("seed %d: %d %% in %s, want %d to %d; %s; notes %q", seed, n, split, tt.share[0], tt.share[1],
							d.noPairs(d.In(split)), d.Notes)
					}
				}
			}
		})
	}
}

// joinedClasses are pairs of classes that share a session.
func joinedClasses() fstest.MapFS {
	m := fstest.MapFS{}
	for c := range 40 {
		for i := range 4 {
			m[fmt.Sprintf("c%02d/s%d_%d.png", c, c/2, i)] = &fstest.MapFile{}
		}
	}
	return m
}

// TestAssignOneGroup: groups that cannot be parted are an error that says so, and no test part
// is cut that would break one.
func TestAssignOneGroup(t *testing.T) {
	d := mustOpen(t, Options{FS: sessions(3, 1, 20), Data: ".", GroupBy: regexp.MustCompile("(s0)_")})
	err := d.Assign(SplitOptions{Val: 0.1, Test: 0.1})
	if err == nil || !strings.Contains(err.Error(), "without parting a group: 60 training images in 1 group") {
		t.Errorf("error %v, want one about the group", err)
	}
}

// TestAssignGroupsProperties: whatever the groups, none is in two splits, train keeps two images
// of each class that had them, and equal seeds give equal splits.
func TestAssignGroupsProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := fstest.MapFS{}
		for i := range rapid.IntRange(20, 120).Draw(t, "images") {
			m[fmt.Sprintf("c%d/s%d_%03d.png", rapid.IntRange(0, 4).Draw(t, "class"), rapid.IntRange(0, 15).Draw(t, "group"), i)] =
				&fstest.MapFile{}
		}
		o := SplitOptions{Val: 0.1, Test: rapid.SampledFrom([]float64{0, 0.1, 0.3}).Draw(t, "test"), Seed: rapid.Uint64().Draw(t, "seed")}
		var prints []string
		for range 2 {
			d, err := Open(Options{FS: m, Data: ".", GroupBy: regexp.MustCompile("(s[0-9]+)_")})
			if err != nil {
				t.Skip(err)
			}
			all := perClass(d, Unsplit)
			if err := d.Assign(o); err != nil {
				t.Skip(err)
			}
			checkWhole(t, d)
			for c, n := range perClass(d, Train) {
				if n < min(2, all[c]) {
					t.Fatalf("train keeps %d of %d images of class %d", n, all[c], c)
				}
			}
			prints = append(prints, d.Fingerprint())
		}
		if prints[0] != prints[1] {
			t.Fatal("equal seeds give other splits")
		}
	})
}

// TestTwoGroupsOfAClass: what is held out of classes in groups has two groups of a class, so that its same pairs
// need not be of one group, and train keeps two of each such class.
func TestTwoGroupsOfAClass(t *testing.T) {
	for seed := range uint64(5) {
		d := &Dataset{Name: "d", Format: "folders"}
		for c := range 20 {
			d.Classes = append(d.Classes, fmt.Sprintf("c%02d", c))
			for g := range 4 {
				d.Groups = append(d.Groups, fmt.Sprintf("c%02d-g%d", c, g))
				for range 5 {
					d.GroupOf = append(d.GroupOf, int32(len(d.Groups)-1))
					d.Images = append(d.Images, Image{Path: fmt.Sprintf("%03d.png", len(d.Images)), Class: int32(c)})
				}
			}
		}
		if err := d.Assign(SplitOptions{Val: 0.1, Test: 0.1, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		for _, split := range []Split{Val, Test} {
			images := d.In(split).Images
			groups := map[int32]map[int32]bool{} // of a class
			for _, i := range images {
				c := d.Images[i].Class
				if groups[c] == nil {
					groups[c] = map[int32]bool{}
				}
				groups[c][d.GroupOf[i]] = true
			}
			for c, of := range groups {
				if len(of) != 2 {
					t.Errorf("seed %d: %s holds %d groups of class %d, want 2", seed, split, len(of), c)
				}
			}
			if n := len(images); n < 30 || n > 60 {
				t.Errorf("seed %d: %s holds %d of 400 images, want about 40", seed, split, n)
			}
		}
	}
}
