package cli

import (
	"errors"
	"testing"
	"time"

	"github.com/tfpair/tfpair/internal/pretrained"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/recipe"
	"github.com/tfpair/tfpair/runner/train"
)

// TestRecipesAreSpecs: whatever the data is, what is chosen for it is a training, also from each set of
// weights that can be fetched.
func TestRecipesAreSpecs(t *testing.T) {
	starts := [][]string{nil, {"resnet50"}, pretrained.Names()}
	for _, name := range pretrained.Names() {
		starts = append(starts, []string{name})
	}
	facts := []recipe.Facts{{Kind: dataset.OfPairs, Tuples: 200, Images: 390}, {Kind: dataset.OfTriplets, Tuples: 5000, Images: 900},
		{Kind: dataset.OfLabelImages, Images: 2640, Classes: 81, PerClass: 32}, {Kind: dataset.OfEpisodes, Images: 40}}
	for _, classes := range []int{2, 10, 136} {
		for _, each := range []int{2, 4, 20, 600} {
			facts = append(facts, recipe.Facts{Images: classes * each, Classes: classes, PerClass: each})
		}
	}
	for _, f := range facts {
		for _, f.Ink = range []bool{false, true} {
			for _, f.Side = range []int{1, 28, 4000} {
				for _, networks := range starts {
					for _, effort := range recipe.Efforts {
						for _, unseen := range []bool{false, true} {
							wish := recipe.Wish{Effort: effort, Networks: networks, Named: networks != nil, Unseen: unseen}
							c, err := recipe.Choose(f, wish)
							if err == nil {
								err = resolveAll(c)
							}
							if err != nil {
								t.Errorf("the recipe for %+v, %+v: %v", f, wish, err)
							}
						}
					}
				}
			}
		}
	}
}

// resolveAll says what is wrong with the spec of c, or with it under a value that is tried.
func resolveAll(c *recipe.Choice) error {
	_, err := train.Resolve(c.Spec)
	for _, t := range c.Try {
		for _, value := range t.Values {
			s, err1 := c.Spec.Set(t.Key + "=" + value)
			if err1 == nil {
				_, err1 = train.Resolve(s)
			}
			err = errors.Join(err, err1)
		}
	}
	return err
}

// TestForecast: of 100 steps of a second each, 97 are left when two seconds have been measured; that is
// said once.
func TestForecast(t *testing.T) {
	now := time.Unix(0, 0)
	f := newForecast(func() time.Time { return now })
	var said []time.Duration
	for done := 1; done <= 100; done++ {
		if left := f.at("training", done, 100); left > 0 {
			said = append(said, left)
		}
		now = now.Add(time.Second)
	}
	if len(said) != 1 || said[0] != 97*time.Second {
		t.Errorf("forecast of 100 seconds said %v, want 1m37s once, after two of them", said)
	}
	if left := f.at("features", 3, 3); left != 0 {
		t.Errorf("forecast of a stage that is done said %v", left)
	}
	var none *forecast
	if left := none.at("training", 1, 2); left != 0 {
		t.Errorf("no forecast said %v", left)
	}
	for d, want := range map[time.Duration]string{time.Second: "1 s", 89 * time.Second: "89 s", 150 * time.Second: "2 min", time.Hour: "60 min"} {
		if got := span(d); got != want {
			t.Errorf("span(%v) = %q, want %q", d, got, want)
		}
	}
}
