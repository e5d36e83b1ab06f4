package evaluate

import (
	"fmt"
	"math/rand/v2"

	"github.com/tfpair/tfpair/internal/plural"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// Draw says which episodes to draw from class folders.
type Draw struct {
	Way      int // N, classes of an episode; >= 2
	Shot     int // K, support images of each class; >= 1
	Episodes int // >= 1
	Seed     uint64
}

// NoEpisodesError says that a part of a data set has too few classes for an episode.
type NoEpisodesError struct {
	Split     dataset.Split
	Way, Shot int
	Classes   int // with enough images
}

func (e *NoEpisodesError) Error() string {
	return fmt.Sprintf("split %q has %s of %s or more, %d-way %d-shot episodes need %d",
		e.Split, plural.Count(e.Classes, "class"), plural.Count(e.Shot+1, "image"), e.Way, e.Shot, e.Way)
}

// DrawEpisodes draws episodes from the labelled images of part: Way classes, all
// sets equally likely, with Shot support images and one query each, as in Lake's runs.
// Classes of Shot images or fewer are left out. Equal seeds draw equal episodes. The
// error is a *NoEpisodesError.
func DrawEpisodes(data *dataset.Dataset, part dataset.Part, d Draw) (Episodes, error) {
	byClass := make([][]int32, len(data.Classes))
	for _, i := range part.Images {
		if c := data.Images[i].Class; c >= 0 {
			byClass[c] = append(byClass[c], i)
		}
	}
	var classes [][]int32
	for _, images := range byClass {
		if len(images) > d.Shot {
			classes = append(classes, images)
		}
	}
	if len(classes) < d.Way {
		return Episodes{}, &NoEpisodesError{part.Split, d.Way, d.Shot, len(classes)}
	}
	r := rand.New(rand.NewPCG(d.Seed, 0x65706973)) // "epis": a stream of its own
	drawn := Episodes{Source: fmt.Sprintf("drawn, seed %d", d.Seed)}
	for range d.Episodes {
		var e dataset.Episode
		for class, at := range r.Perm(len(classes))[:d.Way] {
			order := r.Perm(len(classes[at]))
			for _, i := range order[:d.Shot] {
				e.Support = append(e.Support, classes[at][i])
				e.Class = append(e.Class, int32(class))
			}
			e.Query = append(e.Query, classes[at][order[d.Shot]])
			e.Answer = append(e.Answer, int32(class))
		}
		drawn.List = append(drawn.List, e)
	}
	return drawn, nil
}
