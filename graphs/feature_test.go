package graphs

import (
	"math"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/names"
)

// TestTargetSides: with a frozen side the loss is that of photos and fed vectors; with
// a shared one label images are embedded beside the photos, and both give gradients.
func TestTargetSides(t *testing.T) {
	images := pictures(31, 5) // three photos, then two label images
	shared := open(t, mustBuild(t, small(t, "topology=feature", "target.side=shared",
		"loss.infonce.temperature=0.5", "distance=cosine")))
	frozen := open(t, mustBuild(t, small(t, "topology=feature", "loss.infonce.temperature=0.5",
		"distance=cosine")))
	embeddings := shared.run(t, map[string]any{names.Images: images}, names.Embedding)
	targets := []int32{1, 0, 1}
	both := map[string]any{names.Images: images, names.Photos: []int32{0, 1, 2},
		names.LabelImages: []int32{3, 4}, names.Targets: targets}
	references, err := tf.NewTensor([][]float32{embeddings[15:20], embeddings[20:25]})
	if err != nil {
		t.Fatal(err)
	}
	one := map[string]any{names.Images: images[:3], names.References: references, names.Targets: targets}
	// The formula of InfoNCE with one positive: -ln softmax of cosine/t at the target.
	want := 0.0
	for i, target := range targets {
		e := [2]float64{}
		for j := range e {
			e[j] = math.Exp(cosineOf(embeddings[i*5:][:5], embeddings[15+j*5:][:5]) / 0.5)
		}
		want -= math.Log(e[target]/(e[0]+e[1])) / 3
	}
	for what, got := range map[string]float32{"shared": shared.run(t, both, names.Loss)[0],
		"frozen": frozen.run(t, one, names.Loss)[0]} {
		if math.Abs(float64(got)-want) > 1e-5 {
			t.Errorf("loss with the target side %s = %v, want %v", what, got, want)
		}
	}
	if got := shared.run(t, both, names.References); len(got) != 10 || got[0] != embeddings[15] {
		t.Errorf("references %v, want the last two embeddings of %v", got, embeddings)
	}
}

func cosineOf(a, b []float32) float64 {
	ab, aa, bb := 0.0, 0.0, 0.0
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}

// TestShared: each loss of references makes a step with a shared target side.
func TestShared(t *testing.T) {
	for _, name := range []string{"infonce", "supcon", "circle", "multisimilarity"} {
		mustLearn(t, small(t, "topology=feature", "target.side=shared", "loss="+name))
	}
}

// TestFeatureFit: what does not go together with label images says what would.
func TestFeatureFit(t *testing.T) {
	const able = "set loss to one of cosine, l1, mixed, mse, circle, infonce, multisimilarity, supcon"
	for _, c := range []struct {
		set  string
		want string // of the error, "" for none
	}{
		{"topology=feature loss=mse", ""},
		{"topology=feature loss=infonce target.side=shared target.augment=true", ""},
		{"topology=feature loss=npair", `loss "npair" does not compare images with label images, ` +
			`as topology "feature" has it: ` + able},
		{"topology=feature loss=crossbatch", `loss "crossbatch" does not compare images with label images`},
		{"topology=feature loss=triplet", `loss "triplet" needs triplets, topology "feature" gives ` +
			"targets: set topology to triplet, or loss to one of cosine, l1, mixed, mse, circle"},
		{"topology=siamese loss=mse", `loss "mse" needs targets, topology "siamese" gives pairs: ` +
			"set topology to feature, or loss to one of bce"},
		{"topology=siamese target.side=shared", `target says what embeds label images, topology ` +
			`"siamese" has none: set topology to feature, or leave target out`},
		{"topology=feature loss=l1 target.side=shared", `loss "l1" is smallest where all embeddings ` +
			"are alike, and a trained target side goes there: set target.side to frozen, or loss to one of circle"},
		{"topology=feature loss=mse target.augment=true", "target.augment changes label images in " +
			"each step, target.side=frozen embeds them once"},
		{"topology=feature loss=mse miner=hard", `miner "hard" chooses triplets`},
		{"topology=feature loss=mse input.size=32 backbone.resnet50.freeze=all",
			`nothing to train: backbone "resnet50" is frozen and head "none" has no weights to train: ` +
				`set train.steps to 0, backbone.resnet50.freeze to none, or head to linear`},
		{"topology=feature loss=mse input.size=32 backbone.resnet50.freeze=all head=linear", ""},
	} {
		s := small(t, strings.Fields(c.set)...)
		got := ""
		if p, err := Resolve(s); err != nil {
			got = err.Error()
		} else if p.Spec.Target.Side == "" {
			t.Errorf("%s: target.side is not filled in", c.set)
		}
		if (got == "") != (c.want == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %q\nwant %q", c.set, got, c.want)
		}
	}
	if _, err := small(t).Set("target.side=both"); err == nil ||
		!strings.Contains(err.Error(), `target.side must be frozen or shared, got "both"`) {
		t.Errorf("target.side=both: %v", err)
	}
}

// TestFeatureNotes: a random head in front of frozen targets is noted, and specs of
// other topologies are stored without the section.
func TestFeatureNotes(t *testing.T) {
	for set, want := range map[string]bool{
		"topology=feature loss=mse head=linear":                       true,
		"topology=feature loss=mse":                                   false,
		"topology=feature loss=supcon head=linear target.side=shared": false,
	} {
		parts, err := Resolve(small(t, append(strings.Fields(set), "distance=cosine")...))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(strings.Join(parts.Notes, " "), "random projection"); got != want {
			t.Errorf("%s: notes %q", set, parts.Notes)
		}
	}
	for topology, want := range map[string]bool{"siamese": false, "feature": true} {
		s := small(t, "topology="+topology)
		if topology == "feature" {
			s = small(t, "topology=feature", "loss=l1")
		}
		s = mustResolve(t, s).Spec
		text, err := s.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(text), "target:"); got != want {
			t.Errorf("topology %s is stored as\n%s", topology, text)
		}
		if back, err := spec.Stored(text, "spec.yaml"); err != nil || back.Target != s.Target {
			t.Errorf("read back: target %+v, %v; want %+v", back.Target, err, s.Target)
		}
	}
}
