package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/models/index"
	"github.com/tfpair/tfpair/models/vectors"
)

// votedPer are the most photos of a class that an index has; 0: all.
var votedPer = []int{0, 10, 5, 2}

// voters are how many of the nearest vote.
var voters = []int{1, 3, 5, 7, 10, 20}

// votedSplit is what votes name right of the photos of a split, among photos of train.
type votedSplit struct {
	Split   string      `json:"split"`
	Photos  int         `json:"photos"`
	PerMost []votedSize `json:"sizes"`
}

// votedSize is an index of so many photos of a class.
type votedSize struct {
	Most  int       `json:"photos_of_a_class"` // at most; 0: all
	Index int       `json:"index"`             // photos in it
	Votes []int     `json:"votes"`
	Right []float64 `json:"right"` // share of the photos, by the votes above
}

// vote measures how many photos of groceries a vote of the nearest names right.
func vote(ctx context.Context, o options) error {
	r, err := openResults(o, "vote")
	if err != nil {
		return err
	}
	if _, err := fetchWeights(ctx, o); err != nil {
		return err
	}
	_, err = withFolder(func(folder string) (struct{}, error) {
		var train *vectors.Vectors
		for _, split := range []string{"val", "test"} {
			x, err := row(o, r, "vote/"+split, func() (x votedSplit, err error) {
				if train == nil {
					if train, err = embeddedClasses(ctx, o, folder, "train"); err != nil {
						return x, err
					}
				}
				asked, err := embeddedClasses(ctx, o, folder, split)
				if err != nil {
					return x, err
				}
				return votesOf(split, train, asked)
			})
			if err != nil {
				return struct{}{}, err
			}
			for _, s := range x.PerMost {
				fmt.Fprintf(o.out, "%s, %d photos among %d (%d of a class at most): right by %v votes %.4f\n", split, x.Photos, s.Index, s.Most, s.Votes, s.Right)
			}
		}
		return struct{}{}, nil
	})
	return err
}

// embeddedClasses returns the embeddings of the photos of a split, by a network that is not trained. Paths begin with the class.
func embeddedClasses(ctx context.Context, o options, folder, split string) (*vectors.Vectors, error) {
	photos := filepath.Join(folder, split+".zip")
	if err := byClass(photos, o.grocery(), "image_label_"+split+".csv"); err != nil {
		return nil, err
	}
	return embeddedBy(ctx, o, filepath.Join(folder, "model"), photos, filepath.Join(folder, split+".npy"))
}

// className returns the class of a photo: the folder that its path begins with.
func className(photo string) string { return photo[:strings.IndexByte(photo, '/')] }

// votesOf lets the nearest photos of train vote on the photos of a split.
func votesOf(split string, train, asked *vectors.Vectors) (x votedSplit, err error) {
	x = votedSplit{Split: split, Photos: len(asked.Paths)}
	for _, most := range votedPer {
		var items []index.Item
		var data []float32
		of := map[string]int{}
		for _, i := range rand.New(rand.NewPCG(1, 0)).Perm(len(train.Paths)) {
			class := className(train.Paths[i])
			if of[class]++; most > 0 && of[class] > most {
				continue
			}
			items, data = append(items, index.Item{ID: train.Paths[i], Path: train.Paths[i], Class: class}), append(data, train.Row(i)...)
		}
		there, err := index.New(index.About{Kind: "flat", Space: train.Space, Model: "bench", Distance: "cosine", Dim: train.Dim}, items, data)
		if err != nil {
			return x, err
		}
		found, err := there.Search(asked.Data, slices.Max(voters))
		if err != nil {
			return x, err
		}
		s := votedSize{Most: most, Index: len(items), Votes: voters}
		for _, n := range voters {
			right := 0
			for i, list := range found {
				v, _ := index.VoteOf(min(n, len(list)), func(i int) (string, float32) { return items[list[i].Row].Class, list[i].Distance })
				if v.Class == className(asked.Paths[i]) {
					right++
				}
			}
			s.Right = append(s.Right, float64(right)/float64(len(found)))
		}
		x.PerMost = append(x.PerMost, s)
	}
	return x, nil
}
