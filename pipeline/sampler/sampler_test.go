package sampler

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// classSource is a source of classes with the given numbers of images. Dataset
// image 0 is in no part, so that rows and images cannot be mistaken for each other.
func classSource(batch int, seed uint64, sizes ...int) Source {
	s := Source{BatchSize: batch, Seed: seed, Labels: []int32{-1}}
	s.Part.Split = dataset.Train
	for class, n := range sizes {
		for range n {
			s.Part.Images = append(s.Part.Images, int32(len(s.Labels)))
			s.Labels = append(s.Labels, int32(class))
		}
	}
	return s
}

// listSource is a source of n listed pairs over a few images, some in many pairs.
func listSource(batch int, seed uint64, n int) Source {
	s := Source{BatchSize: batch, Seed: seed}
	var pairs []dataset.Pair
	for i := range int32(n) {
		pairs = append(pairs, dataset.Pair{Left: i % 5, Right: 5 + i, Same: i%3 == 0, Line: i + 2})
	}
	s.Part.Pairs = dataset.ListOf(pairs)
	for i := range n + 5 {
		s.Part.Images = append(s.Part.Images, int32(i))
	}
	return s
}

// photoSource is a source of photos 100, 101, … with label images 1, 2, …, so many of each.
func photoSource(batch int, seed uint64, sizes ...int) Source {
	s := Source{BatchSize: batch, Seed: seed, Tuples: Targets}
	s.Part.Split = dataset.Train
	for label, n := range sizes {
		for range n {
			photo := int32(100 + len(s.Part.Images))
			s.Part.Images = append(s.Part.Images, photo)
			s.Part.Matches = append(s.Part.Matches, dataset.Match{Image: photo, Label: int32(1 + label)})
		}
	}
	return s
}

// newSampler makes the sampler that text, as a user writes it in a spec, names.
func newSampler(text string, s Source) (Sampler, error) {
	var c named.Choice
	if err := yaml.Unmarshal([]byte(text), &c); err != nil {
		return nil, err
	}
	maker, err := Table.New(&c)
	if err != nil {
		return nil, err
	}
	return maker.New(s)
}

func mustSampler(t testing.TB, text string, s Source) Sampler {
	t.Helper()
	sampler, err := newSampler(text, s)
	if err != nil {
		t.Fatal(err)
	}
	return sampler
}

// checkPlan demands what every plan promises.
func checkPlan(t interface{ Fatalf(string, ...any) }, s Source, p Plan) {
	seen := map[int32]bool{}
	for _, image := range p.Images {
		if seen[image] {
			t.Fatalf("image %d is in the batch twice: %v", image, p.Images)
		}
		seen[image] = true
	}
	if s.Tuples == Targets {
		checkTargets(t, s, p)
		return
	}
	if s.Tuples == Classes {
		if len(p.Images) == 0 || len(p.Left)+len(p.Right)+len(p.Same) > 0 {
			t.Fatalf("%d images, %d pairs where none are wanted", len(p.Images), len(p.Left))
		}
		checkTriplets(t, s, p)
		return
	}
	if len(p.Left) != len(p.Right) || len(p.Left) != len(p.Same) || len(p.Left) == 0 {
		t.Fatalf("%d left, %d right, %d same", len(p.Left), len(p.Right), len(p.Same))
	}
	used := map[int32]bool{}
	for i := range p.Left {
		l, r := p.Left[i], p.Right[i]
		if n := int32(len(p.Images)); l < 0 || l >= n || r < 0 || r >= n {
			t.Fatalf("pair %d has rows %d, %d of %d images", i, l, r, n)
		}
		used[l], used[r] = true, true
		if s.Labels == nil {
			continue
		}
		if l == r {
			t.Fatalf("pair %d is image %d with itself", i, p.Images[l])
		}
		if same := s.Labels[p.Images[l]] == s.Labels[p.Images[r]]; same != p.Same[i] {
			t.Fatalf("pair %d: same %v, labels say %v", i, p.Same[i], same)
		}
	}
	if len(used) != len(p.Images) {
		t.Fatalf("%d images, %d of them in pairs", len(p.Images), len(used))
	}
	checkTriplets(t, s, p)
}

// checkTargets demands of each photo that its target is its label image, and of label
// images that each is there once.
func checkTargets(t interface{ Fatalf(string, ...any) }, s Source, p Plan) {
	if len(p.Images) == 0 || len(p.Targets) != len(p.Images) ||
		len(p.Left)+len(p.Right)+len(p.Same)+len(p.Anchor) > 0 {
		t.Fatalf("%d photos, %d targets, %d pairs", len(p.Images), len(p.Targets), len(p.Left))
	}
	for i := 1; i < len(p.References); i++ {
		if p.References[i-1] >= p.References[i] {
			t.Fatalf("references %v do not ascend", p.References)
		}
	}
	label := map[int32]int32{}
	for _, m := range s.Part.Matches {
		label[m.Image] = m.Label
	}
	for i, photo := range p.Images {
		if got := p.References[p.Targets[i]]; got != label[photo] {
			t.Fatalf("photo %d has target %d, want %d", photo, got, label[photo])
		}
	}
}

// checkTriplets demands triplets where they are wanted, and of each that its first
// pair is same, its second different, and its anchor in both.
func checkTriplets(t interface{ Fatalf(string, ...any) }, s Source, p Plan) {
	if len(p.Positive) != len(p.Anchor) || len(p.Negative) != len(p.Anchor) ||
		(len(p.Anchor) > 0) != (s.Tuples == Triplets) {
		t.Fatalf("%d anchors, %d positives, %d negatives for a loss that needs %s",
			len(p.Anchor), len(p.Positive), len(p.Negative), s.Tuples)
	}
	for i, a := range p.Anchor {
		positive, negative := p.Positive[i], p.Negative[i]
		if !p.Same[positive] || p.Same[negative] {
			t.Fatalf("triplet %d has pairs same %v, %v", i, p.Same[positive], p.Same[negative])
		}
		for _, pair := range []int32{positive, negative} {
			if p.Left[pair] != a && p.Right[pair] != a {
				t.Fatalf("triplet %d: anchor %d is not in its pair (%d, %d)", i, a,
					p.Left[pair], p.Right[pair])
			}
		}
	}
}

// TestSuite holds what every row of the table must do on class data.
func TestSuite(t *testing.T) {
	for _, name := range Table.Names() {
		maker, err := Table.New(&named.Choice{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		for _, tuples := range maker.Gives {
			t.Run(name+" "+string(tuples), func(t *testing.T) {
				testRow(t, name, tuples)
			})
		}
	}
}

func testRow(t *testing.T, name string, tuples Tuples) {
	if Table.Rows[name].Brief == "" {
		t.Error("no Brief")
	}
	s := classSource(8, 7, 9, 10, 11, 5)
	if tuples == Targets {
		s = photoSource(8, 7, 9, 10, 11, 5)
	}
	s.Tuples = tuples
	a, b := mustSampler(t, name, s), mustSampler(t, name, s)
	steps := 3 * a.StepsPerEpoch()
	plans := make([]Plan, steps)
	for step := range steps {
		plans[step] = a.Plan(step)
		checkPlan(t, s, plans[step])
	}
	var wg sync.WaitGroup // any order, from several goroutines
	for offset := range 4 {
		wg.Go(func() {
			for i := range steps {
				step := steps - 1 - (i+offset*5)%steps
				if !reflect.DeepEqual(b.Plan(step), plans[step]) {
					t.Errorf("step %d differs when asked for out of order", step)
				}
			}
		})
	}
	wg.Wait()
	s.Seed++
	if reflect.DeepEqual(mustSampler(t, name, s).Plan(0), plans[0]) {
		t.Error("another seed gives the same batch")
	}
	if reflect.DeepEqual(plans[0], plans[a.StepsPerEpoch()]) {
		t.Error("the second epoch repeats the first")
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		name, sampler string
		source        Source
		want          string
	}{
		{"empty", "pairs", Source{BatchSize: 2}, "the data has no images"},
		{"no class", "pairs", Source{
			BatchSize: 2, Labels: []int32{-1}, Part: dataset.Part{Images: []int32{0}},
		}, "the data has no labelled images: none of its 1 image has a class"},
		{"one class", "pairs", classSource(4, 0, 7),
			`split "train" has one class (7 images): different pairs need at least 2`},
		{"one image per class", "pairs", classSource(4, 0, 1, 1, 1),
			`split "train" has one image in each of its 3 classes: ` +
				`same pairs need a class with at least 2`},
		{"no listed batch", "pairs", listSource(0, 0, 3),
			"batch_size must be at least 1 pair, got 0"},
		{"batch of one", "pairs", classSource(1, 0, 3, 3),
			"batch_size must be at least 2 pairs, one same and one different, got 1"},
		{"unknown option", "pairs: {k: 3}", classSource(4, 0, 3, 3), `unknown field "k"`},
		{"K of one", "balanced: {images_per_class: 1}", classSource(4, 0, 3, 3),
			`sampler "balanced": images_per_class must be at least 2, got 1`},
		{"listed pairs only", "balanced", listSource(8, 0, 4),
			"the data has no labelled images: none of its 9 images has a class"},
		{"no multiple", "balanced", classSource(10, 0, 9, 9),
			"batch_size must be a multiple of images_per_class (4), got 10: set train.batch_size to 8"},
		{"negative", "balanced", classSource(-4, 0, 9, 9),
			"batch_size must be a multiple of images_per_class (4), got -4: set train.batch_size to 8"},
		{"P of one", "balanced", classSource(4, 0, 9, 9),
			"batch_size 4 at 4 images_per_class is one class per batch: " +
				"set train.batch_size to 8"},
		{"P too large", "balanced", classSource(16, 0, 9, 9, 9, 1),
			"batch_size 16 at 4 images_per_class needs 4 classes with two or more images, " +
				`split "train" has 3: set train.batch_size to 12`},
		{"one usable class", "balanced", classSource(8, 0, 9, 1),
			`split "train" has one class with two or more images, balanced batches need 2`},
		{"K too large", "balanced: {images_per_class: 10}", classSource(20, 0, 9, 8),
			`images_per_class is 10, but no class in split "train" has more than 9 images: ` +
				"set sampler.balanced.images_per_class to 9 and set train.batch_size to 18"},
		{"no batch of triplets", "triplets", classSource(0, 0, 3, 3),
			"batch_size must be at least 1 triplet, got 0"},
		{"triplets of one class", "triplets", classSource(4, 0, 7), "has one class (7 images)"},
		{"no photos", "labels", classSource(4, 0, 3, 3),
			"the data has no label images: want a list with columns image,label_image"},
		{"no batch of photos", "labels", photoSource(0, 0, 3, 3), "batch_size must be at least 1 photo, got 0"},
		{"against what", "labels: {against: all}", photoSource(4, 0, 3, 3),
			`sampler "labels": against must be batch or gallery, got "all"`},
		{"balanced on one class", "balanced", classSource(8, 0, 9), "has one class (9 images)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := newSampler(test.sampler, test.source)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			var fit *FitError
			if errors.As(err, &fit) && len(fit.Settings) > 0 {
				name, source := follow(t, fit.Settings, test.sampler, test.source)
				if _, err := newSampler(name, source); err != nil {
					t.Errorf("with %v as advised: %v", fit.Settings, err)
				}
			}
		})
	}
}

// follow returns a sampler and a source with other settings.
func follow(t *testing.T, settings []Setting, name string, source Source) (string, Source) {
	t.Helper()
	for _, s := range settings {
		switch s.Key {
		case batchSize:
			if _, err := fmt.Sscan(s.Value, &source.BatchSize); err != nil {
				t.Fatal(err)
			}
		case imagesPerClass:
			name = "balanced: {images_per_class: " + s.Value + "}"
		case "sampler":
			name = s.Value
		case "loss":
			source.Tuples = Pairs
		default:
			t.Fatalf("no test for %s", s)
		}
	}
	return name, source
}

// TestFits: what balanced batches are advised for works, for all small data.
func TestFits(t *testing.T) {
	for k := 2; k < 8; k++ {
		for size := range 30 {
			for classes := 2; classes < 7; classes++ {
				sizes := []int{2, 3, 4, 5, 6, 7}[:classes]
				name, source := fmt.Sprintf("balanced: {images_per_class: %d}", k), classSource(size, 0, sizes...)
				_, err := newSampler(name, source)
				if err == nil {
					continue
				}
				var fit *FitError
				if !errors.As(err, &fit) || len(fit.Settings) == 0 {
					t.Fatalf("%s, batch_size %d, classes of %v: %v, want a *FitError with settings", name, size, sizes, err)
				}
				other, fitting := follow(t, fit.Settings, name, source)
				if _, err := newSampler(other, fitting); err != nil {
					t.Errorf("%s, batch_size %d, classes of %v, with %v: %v", name, size, sizes, fit.Settings, err)
				}
			}
		}
	}
}

func TestNotes(t *testing.T) {
	s := classSource(8, 0, 9, 1, 3)
	s.Labels[1] = -1
	tests := []struct {
		sampler string
		want    []string
	}{
		{"pairs", []string{
			`1 of 13 images in split "train" have no class and are not used`,
			`1 of 3 classes in split "train" have one image, which is only in different pairs`,
		}},
		{"triplets", []string{
			`1 of 13 images in split "train" have no class and are not used`,
			`1 of 3 classes in split "train" have one image, which is only a negative`,
		}},
		{"balanced", []string{
			`1 of 13 images in split "train" have no class and are not used`,
			`1 of 3 classes in split "train" have one image and are not used`,
			`1 of 2 classes in split "train" have fewer than 4 images ` +
				`and give all they have to a batch`,
		}},
	}
	for _, test := range tests {
		if got := mustSampler(t, test.sampler, s).Notes(); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: notes\n%q, want\n%q", test.sampler, got, test.want)
		}
	}
	if got := mustSampler(t, "pairs", listSource(2, 0, 3)).Notes(); got != nil {
		t.Errorf("listed pairs: notes %q, want none", got)
	}
}

// drawSource draws class data that can be sampled: two classes at least, one of
// them with two images at least.
func drawSource(t *rapid.T) Source {
	sizes := rapid.SliceOfN(rapid.IntRange(1, 12), 2, 9).Draw(t, "sizes")
	sizes[0]++
	return classSource(rapid.IntRange(2, 20).Draw(t, "batch"), rapid.Uint64().Draw(t, "seed"),
		sizes...)
}

// TestCheck: what cannot give what a loss needs says who can.
func TestCheck(t *testing.T) {
	maker, err := Table.New(&named.Choice{Name: "pairs"})
	if err != nil {
		t.Fatal(err)
	}
	if err := maker.Check("pairs", Pairs); err != nil {
		t.Error(err)
	}
	want := `sampler "pairs" cannot give triplets, which the loss needs: ` +
		"set sampler to balanced or mined or triplets"
	if err := maker.Check("pairs", Triplets); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
