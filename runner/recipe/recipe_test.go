package recipe

import (
	"context"
	"errors"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/sample"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/pipeline/decode"
)

// look looks at the data at a path below $TFPAIR_DATA, or skips the test.
func look(t *testing.T, path string, o dataset.Options) Facts {
	t.Helper()
	o.Data = filepath.Join(os.Getenv("TFPAIR_DATA"), path)
	if _, err := os.Stat(o.Data); os.Getenv("TFPAIR_DATA") == "" || err != nil {
		t.Skipf("no %s below $TFPAIR_DATA", path)
	}
	return lookAt(t, o, 0)
}

func lookAt(t *testing.T, o dataset.Options, workers int) Facts {
	t.Helper()
	d, err := dataset.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() // read only
	f, err := Look(context.Background(), d, LookOptions{Workers: workers, Limits: decode.DefaultLimits})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestLookAtRealData: what the data sets are is in the README beside them.
func TestLookAtRealData(t *testing.T) {
	for _, test := range []struct {
		path string
		want Facts
	}{
		{"mnist/mnist-small.zip", Facts{Layout: "classes", Images: 6000, Classes: 10, PerClass: 600, Largest: 600,
			Side: 28, Grey: true, Ink: true}},
		{"mnist/test_pairs.csv", Facts{Kind: dataset.OfPairs, Layout: "pairs", Images: 1000, Tuples: 5000, Side: 28, Grey: true, Ink: true}},
		{"omniglot/images_background_small1.zip", Facts{Layout: "classes", Images: 2720, Classes: 136, PerClass: 20, Largest: 20,
			Side: 105, Grey: true, Ink: true}},
		{"grocery/image_label_val.csv", Facts{Kind: dataset.OfLabelImages, Layout: "label images", Images: 296, Classes: 60,
			PerClass: 5, Largest: 6, Side: 256}},
		{"grocery/train/Fruit", Facts{Layout: "classes", Images: 1142, Classes: 28, PerClass: 41, Largest: 70, Side: 256}},
	} {
		t.Run(test.path, func(t *testing.T) {
			o := dataset.Options{}
			if strings.Contains(test.path, "pairs") {
				o.Images = filepath.Join(os.Getenv("TFPAIR_DATA"), "mnist/mnist-small.zip")
			}
			got := look(t, test.path, o)
			got.Looked, got.sure, got.parted = 0, 0, false
			if got != test.want {
				t.Errorf("Look = %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestLookIsTheSame whatever the number of workers is.
func TestLookIsTheSame(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "pictures")
	if err := sample.Write(folder, sample.Options{Classes: 3, Train: 5, Test: 2}); err != nil {
		t.Fatal(err)
	}
	one, eight := lookAt(t, dataset.Options{Data: folder}, 1), lookAt(t, dataset.Options{Data: folder}, 8)
	want := Facts{Layout: "classes", Images: 15, Classes: 3, PerClass: 5, Largest: 5, Side: 64, Ink: true, Looked: 15, sure: 3, parted: true}
	if one != want || eight != want {
		t.Errorf("Look = %+v by one worker, %+v by eight, want %+v", one, eight, want)
	}
}

// figure draws a disc of a radius, in shares of the side, in the middle of a square.
func figure(side int, radius float64, paper, ink color.Color) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			dx, dy := float64(2*x+1-side)/float64(2*side), float64(2*y+1-side)/float64(2*side)
			img.Set(x, y, paper)
			if dx*dx+dy*dy < radius*radius {
				img.Set(x, y, ink)
			}
		}
	}
	return img
}

func TestIsInk(t *testing.T) {
	white, black, blue := color.Gray{255}, color.Gray{0}, color.NRGBA{20, 40, 200, 255}
	ramp := image.NewNRGBA(image.Rect(0, 0, 100, 100))
	for y := range 100 {
		for x := range 100 {
			ramp.Set(x, y, color.Gray{uint8(2 * x)})
		}
	}
	for _, test := range []struct {
		name string
		img  *image.NRGBA
		want bool
	}{
		{"black on white", figure(60, 0.1, white, black), true},
		{"white on black", figure(60, 0.1, black, white), true},
		{"blue on white", figure(60, 0.1, white, blue), true},
		{"of 12 megapixels", figure(3500, 0.1, white, black), true},
		{"a product on white", figure(60, 0.3, white, blue), false},
		{"an image without paper", figure(60, 0.45, white, black), false},
		{"one colour", figure(60, 0, white, black), false},
		{"one pixel", figure(1, 0, white, black), false},
		{"a ramp of greys", ramp, false},
	} {
		if got := isInk(test.img); got != test.want {
			t.Errorf("isInk of %s = %t, want %t", test.name, got, test.want)
		}
	}
}

// TestOtsu: of two values all variance lies between them, of equal ones there is none.
func TestOtsu(t *testing.T) {
	var counts [256]float64
	counts[0], counts[200] = 30, 10
	if level, explained := otsu(counts); level != 0 || explained < 1-1e-12 || explained > 1+1e-12 {
		t.Errorf("otsu of two values = %d, %g, want 0, 1", level, explained)
	}
	counts[0] = 0
	if level, explained := otsu(counts); level != 0 || explained != 0 {
		t.Errorf("otsu of one value = %d, %g, want 0, 0", level, explained)
	}
}

// photos are facts of so many photos in so many classes.
func photos(classes, each int) Facts {
	return Facts{Layout: "classes", Images: classes * each, Classes: classes, PerClass: each, Largest: each, Side: 256,
		Looked: 32, sure: classes}
}

func TestChoose(t *testing.T) {
	lite := Wish{Effort: Quick, Networks: []string{"efficientnet-lite0"}}
	two := []string{"efficientnet-lite0", "efficientnet-lite2"}
	ink := func(classes, each, side int) Facts {
		f := photos(classes, each)
		f.Ink, f.Side = true, side
		return f
	}
	pairs := Facts{Kind: dataset.OfPairs, Images: 380, Tuples: 200, Side: 256, Looked: 32}
	for _, test := range []struct {
		name  string
		facts Facts
		wish  Wish
		want  []string // among the settings
		not   string   // in none of them
	}{
		{"few photos", photos(5, 4), lite, []string{"backbone={efficientnet-lite0: {freeze: all}}", "train.folds=4", "train.test=0"}, "balanced"},
		{"two products", photos(2, 4), lite, []string{"train.folds=2"}, ""},
		{"too few for folds", photos(2, 3), lite, []string{"loss=contrastive"}, "folds"},
		{"classes held out", photos(10, 6), Wish{Effort: Quick, Networks: []string{"efficientnet-lite0"}, Unseen: true}, []string{"loss=contrastive"}, "folds"},
		{"many photos", photos(81, 32), lite, []string{"sampler={balanced: {images_per_class: 4}}", "train.batch_size=64"}, "folds"},
		{"many photos, good", photos(81, 32), Wish{Effort: Good, Networks: []string{"efficientnet-lite0"}},
			[]string{"backbone={efficientnet-lite0: {freeze: stage5, freeze_bn: true}}", "cache.views=4", "train.steps=1053"}, ""},
		{"no weights", photos(81, 32), Wish{Effort: Quick}, []string{"backbone=conv4", "input.size=64", "augment=light"}, "freeze"},
		{"digits", ink(10, 600, 28), lite, []string{"backbone=conv4", "input.size=28", "augment=glyph",
			"sampler={balanced: {images_per_class: 6}}", "train.batch_size=60", "train.steps=900"}, "efficientnet"},
		{"characters", ink(136, 20, 105), lite, []string{"input.size=42", "augment={preset: glyph, turns: {}}", "train.batch_size=120"}, ""},
		{"digits and weights that are named", ink(10, 600, 28), Wish{Effort: Quick, Networks: []string{"resnet50"}, Named: true},
			[]string{"backbone={resnet50: {freeze: all}}"}, "conv4"},
		{"tiny drawings", ink(2, 2, 8), lite, []string{"input.size=16", "train.batch_size=4"}, "folds"},
		{"two networks that are named", photos(81, 32), Wish{Effort: Quick, Networks: two, Named: true},
			[]string{"backbone={concat: {of: [efficientnet-lite0, efficientnet-lite2], sizes: [224, 260]}}", "input.size=260"}, "views"},
		{"two networks that are there", photos(81, 32), Wish{Effort: Quick, Networks: two},
			[]string{"backbone={efficientnet-lite0: {freeze: all}}", "input.size=224"}, "concat"},
		{"few photos, best", photos(5, 4), Wish{Effort: Best, Networks: two},
			[]string{"backbone={concat: {of: [efficientnet-lite0, efficientnet-lite2], sizes: [224, 260]}}", "embed.views=flip"}, ""},
		{"many photos, best", photos(81, 32), Wish{Effort: Best, Networks: two},
			[]string{"backbone={ensemble: {of: [" +
				"{network: {efficientnet-lite0: {freeze: stage5, freeze_bn: true}}, size: 224, embedding_dim: 512}, " +
				"{network: {efficientnet-lite2: {freeze: stage5, freeze_bn: true}}, size: 260, embedding_dim: 512}]}}",
				"input.size=260", "embed.views=flip", "train.steps=1053"}, "head"},
		{"many photos and one network, best", photos(81, 32), Wish{Effort: Best, Networks: two[:1]},
			[]string{"backbone={ensemble: {of: [" +
				"{network: {efficientnet-lite0: {freeze: stage5, freeze_bn: true}}, size: 224, embedding_dim: 512}, " +
				"{network: {efficientnet-lite0: {freeze: stage5, freeze_bn: true}}, size: 224, embedding_dim: 512}]}}"}, "head"},
		{"characters, best", ink(136, 20, 105), Wish{Effort: Best}, []string{"train.steps=3600",
			"backbone={ensemble: {of: [{network: conv4}, {network: conv4}, {network: conv4}]}}"}, ""},
		{"few drawings, best", ink(5, 8, 28), Wish{Effort: Best}, []string{"train.steps=2700", "backbone=conv4", "train.folds=4"}, ""},
		{"many photos without weights, best", photos(81, 32), Wish{Effort: Best},
			[]string{"backbone={ensemble: {of: [{network: conv4}, {network: conv4}, {network: conv4}]}}", "train.steps=600"}, ""},
		{"pairs", pairs, lite, []string{"loss=contrastive", "train.steps=100"}, "sampler"},
		{"triplets", Facts{Kind: dataset.OfTriplets, Images: 30, Tuples: 3000, Side: 99}, lite,
			[]string{"topology=triplet", "sampler=triplets", "train.steps=300"}, "balanced"},
		{"photos and label images", Facts{Kind: dataset.OfLabelImages, Images: 2640, Classes: 81, PerClass: 32}, lite,
			[]string{"topology=feature", "loss={infonce: {temperature: 0.2}}", "train.steps=300", "train.batch_size=64"}, "balanced"},
		{"photos and label images, good", Facts{Kind: dataset.OfLabelImages, Images: 2640, Classes: 81, PerClass: 32},
			Wish{Effort: Good, Networks: two[:1]}, []string{"loss={infonce: {temperature: 0.1}}", "sampler=labels", "train.steps=1072",
				"train.batch_size=32", "optimizer={adam: {lr: 0.001, backbone_lr: 0.1}}"}, "gallery"},
	} {
		c, err := Choose(test.facts, test.wish)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		for _, want := range test.want {
			if !slices.Contains(c.Settings, want) {
				t.Errorf("%s: settings are %q, want %q among them", test.name, c.Settings, want)
			}
		}
		if test.not != "" && strings.Contains(strings.Join(c.Settings, " "), test.not) {
			t.Errorf("%s: settings are %q, want no %q", test.name, c.Settings, test.not)
		}
	}
}

// TestTries: where time is plenty and features are frozen, heads and rates are tried, the recipe's own among them.
func TestTries(t *testing.T) {
	two := []string{"efficientnet-lite0", "efficientnet-lite2"}
	pairs := Facts{Kind: dataset.OfPairs, Images: 90, Tuples: 60, Side: 256, Looked: 32}
	for _, test := range []struct {
		name   string
		facts  Facts
		wish   Wish
		trials int
	}{
		{"few photos", photos(5, 4), Wish{Effort: Best, Networks: two}, 9},
		{"pairs, without classes", pairs, Wish{Effort: Best, Networks: two}, 6},
		{"less effort", photos(5, 4), Wish{Effort: Good, Networks: two}, 1},
		{"late stages", photos(81, 32), Wish{Effort: Best, Networks: two}, 1},
		{"no weights", photos(5, 4), Wish{Effort: Best}, 1},
	} {
		c, err := Choose(test.facts, test.wish)
		if err != nil {
			t.Fatal(err)
		}
		trials := 1
		for _, try := range c.Try {
			trials *= len(try.Values)
			if !slices.Contains(c.Settings, try.Key+"="+try.Values[0]) {
				t.Errorf("%s: %s=%s is tried first, and is none of %q", test.name, try.Key, try.Values[0], c.Settings)
			}
		}
		if trials != test.trials {
			t.Errorf("%s: %d trials, want %d", test.name, trials, test.trials)
		}
	}
}

// TestMore: more effort is offered where it makes a difference.
func TestMore(t *testing.T) {
	for _, test := range []struct {
		facts Facts
		wish  Wish
		want  Effort
	}{
		{photos(81, 32), Wish{Effort: Quick, Networks: []string{"resnet50"}}, Good},
		{photos(81, 32), Wish{Effort: Good, Networks: []string{"resnet50"}}, Best},
		{photos(81, 32), Wish{Effort: Best, Networks: []string{"resnet50"}}, ""},
		{photos(5, 4), Wish{Effort: Quick, Networks: []string{"resnet50"}}, Best},
		{photos(81, 32), Wish{Effort: Quick}, Best},
	} {
		c, err := Choose(test.facts, test.wish)
		if err != nil || c.More != test.want {
			t.Errorf("Choose(%v, %+v).More = %v, %v, want %q", test.facts, test.wish, c, err, test.want)
		}
		if c.Lacking != (test.wish.Networks == nil) {
			t.Errorf("Choose(%v, %+v).Lacking = %t", test.facts, test.wish, c.Lacking)
		}
	}
}

func TestChooseRefuses(t *testing.T) {
	var unknown *NetworkError
	if _, err := Choose(photos(5, 4), Wish{Effort: Quick, Networks: []string{"smallconv"}}); !errors.As(err, &unknown) {
		t.Errorf("Choose with weights of smallconv = %v, want a *NetworkError", err)
	}
	if err := Effort("most").Check(); err == nil || err.Error() != `effort must be quick, good or best, got "most"` {
		t.Errorf("Check of most = %v", err)
	}
}
