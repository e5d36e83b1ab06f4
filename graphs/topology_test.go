package graphs

import (
	"strings"
	"testing"

	"github.com/tfpair/tfpair/graphs/spec"
)

// TestNotes: a loss of directions under another distance than cosine is noted.
func TestNotes(t *testing.T) {
	for _, c := range []struct{ loss, distance, want string }{
		{"supcon", "euclidean", `loss "supcon" compares directions, distance "euclidean" lengths ` +
			"as well: distance=cosine measures what is trained"},
		{"crossbatch", "sqeuclidean", `loss "crossbatch" compares directions`},
		{"supcon", "cosine", ""},
		{"npair", "euclidean", ""},
		{"contrastive", "euclidean", ""},
	} {
		parts, err := Resolve(small(t, "loss="+c.loss, "distance="+c.distance))
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(parts.Notes, "\n")
		if (got == "") != (c.want == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s under %s: notes %q, want %q", c.loss, c.distance, got, c.want)
		}
	}
}

// TestFit: topologies, miners and losses that do not go together say what would.
func TestFit(t *testing.T) {
	for _, c := range []struct {
		preset string
		set    []string
		want   string // of the error, "" for none
	}{
		{"siamese", nil, ""},
		{"triplet", []string{"miner=semihard", "loss.triplet.soft=true"}, ""},
		{"siamese", []string{"loss=triplet"},
			`loss "triplet" needs triplets, topology "siamese" gives pairs: ` +
				"set topology to triplet, or loss to one of bce, contrastive, arcface, circle, crossbatch, " +
				"infonce, multisimilarity, npair, proxyanchor, supcon"},
		{"triplet", []string{"loss=contrastive"},
			`loss "contrastive" needs pairs, topology "triplet" gives triplets: ` +
				"set topology to siamese, or loss to one of triplet, arcface, circle, crossbatch, " +
				"infonce, multisimilarity, npair, proxyanchor, supcon"},
		{"triplet", []string{"loss=supcon"}, ""},
		{"triplet", []string{"miner=relative"}, `miner "relative" compares similarities, which distance "sqeuclidean" ` +
			"does not give: set distance to cosine"},
		{"triplet", []string{"miner=relative", "distance=cosine"}, ""},
		{"siamese", []string{"train.accumulate=4", "loss=supcon"}, `train.accumulate adds up batches, and loss "supcon" compares ` +
			"the images of one batch with each other: set train.chunk, which makes exact gradients of a larger train.batch_size"},
		{"triplet", []string{"train.accumulate=4", "miner=hard"}, "train.accumulate adds up batches, of which each counts other " +
			`tuples with loss "triplet" and miner "hard": set reduction to mean and miner to all, or train.chunk`},
		{"siamese", []string{"train.accumulate=4", "loss.contrastive.reduction=nonzero"}, "train.accumulate adds up batches, of which " +
			`each counts other tuples with loss "contrastive" and miner "all": set reduction to mean and miner to all, or train.chunk`},
		{"siamese", []string{"train.accumulate=4", "loss=contrastive"}, ""},
		{"siamese", []string{"embed.views=flip"}, `embed.views=flip gives every embedding the length 1, distance "euclidean" ` +
			"compares lengths: set distance to cosine, or embed.views to none"},
		{"image-label", []string{"embed.views=flip", "distance=cosine"}, `embed.views=flip gives every target the length 1, loss "mixed" ` +
			"compares lengths: set loss to one that compares directions, such as cosine, or embed.views to none"},
		{"image-label", []string{"embed.views=flip", "loss=cosine", "distance=cosine"}, ""},
		{"siamese", []string{"loss=supcon", "miner=hard"}, `miner "hard" chooses triplets, ` +
			`loss "supcon" needs classes: set miner to all, or loss to one of triplet`},
		{"siamese", []string{"miner=hard"}, `miner "hard" chooses triplets, loss "bce" needs pairs: ` +
			"set miner to all, or loss to one of triplet"},
		{"triplet", []string{"miner=hrad"}, `unknown miner "hrad" (known: all, hard, relative, semihard); did you mean hard?`},
	} {
		s, err := spec.Preset(c.preset)
		if err != nil {
			t.Fatal(err)
		}
		if s, err = s.Set(c.set...); err != nil {
			t.Fatal(err)
		}
		got := ""
		if _, err := Resolve(s); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s with %v: %q\nwant %q", c.preset, c.set, got, c.want)
		}
	}
}
