package spec

import "github.com/tfpair/tfpair/internal/named"

// Presets lists specs to start from.
var Presets = named.Table[*Spec]{Kind: "preset", Rows: map[string]named.Row[*Spec]{
	"image-label": {
		Brief: "photos near the pictures that stand for them: ResNet50 at 224×224, L1 and squared error, Adam",
		New:   func(named.Raw) (*Spec, error) { return imageLabel() },
	},
	"siamese": {
		Brief: "the convolutional siamese network: 64×64 pixels, Euclidean distance, binary cross-entropy, Adam",
		New:   func(named.Raw) (*Spec, error) { return siamese(), nil },
	},
	"triplet": {
		Brief: "the same tower on triplets: squared Euclidean distance, a margin of 1",
		New:   func(named.Raw) (*Spec, error) { return triplet(), nil },
	},
}}

// DefaultPreset is the preset of a training that names none.
const DefaultPreset = "siamese"

// WantsWeights reports whether the preset of this name is made to start from pretrained weights.
func WantsWeights(preset string) bool { return preset == "image-label" }

// DefaultTest is the share kept for test of a training that says nothing about it.
const DefaultTest = 0.1

// siamese is program 1 of the origin: 1,565 steps of 32 pairs are five passes over
// 10,000 pairs, each pass 313 steps.
func siamese() *Spec {
	return &Spec{
		Topology:  "siamese",
		Input:     Input{Size: 64, Resize: "squash", Filter: "linear"},
		Backbone:  choose("smallconv"),
		Head:      choose("none"),
		Distance:  choose("euclidean"),
		Miner:     choose("all"),
		Loss:      choose("bce"),
		Optimizer: choose("adam"),
		Schedule:  choose("constant"),
		Sampler:   choose("pairs"),
		Train: Train{BatchSize: 32, Steps: 1565, Val: 0.1, Test: DefaultTest, EvalEvery: 313,
			Threshold: bestAccuracy, Select: "val.auc"},
	}
}

// triplet is program 2 of the origin: 1,565 steps of 32 triplets.
func triplet() *Spec {
	s := siamese()
	s.Topology, s.Sampler = "triplet", choose("triplets")
	s.Distance, s.Loss = choose("sqeuclidean"), choose("triplet")
	return s
}

// imageLabel is program 3 of the origin: ResNet50's features of a photo move to those that
// it gave the label image at first. Batch norm keeps its averages, so that both sides are
// the same function at the start, and the rate is for weights that know much already.
// 825 steps of 16 photos are five passes over 2,640.
func imageLabel() (*Spec, error) {
	s := siamese()
	s.Topology, s.Sampler, s.Loss = "feature", choose("labels"), choose("mixed")
	s.Input.Size, s.Backbone = 224, choose("resnet50")
	s.Train = Train{BatchSize: 16, Steps: 825, Val: 0.1, Test: DefaultTest, EvalEvery: 165,
		Threshold: bestAccuracy, Select: "val.recall@1"}
	return s.Set("backbone.resnet50.freeze_bn=true", "optimizer.adam.lr=1e-4")
}

func choose(name string) named.Choice { return named.Choice{Name: name} }

// Preset returns a new copy of the preset with this name, or *named.UnknownError.
func Preset(name string) (*Spec, error) { return Presets.New(&named.Choice{Name: name}) }
