package spec

import "github.com/tfpair/tfpair/internal/named"

// Presets lists specs to start from.
var Presets = named.Table[*Spec]{Kind: "preset", Rows: map[string]named.Row[*Spec]{
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
		Train: Train{BatchSize: 32, Steps: 1565, Val: 0.1, EvalEvery: 313,
			Select: "val.auc"},
	}
}

// triplet is program 2 of the origin: 1,565 steps of 32 triplets.
func triplet() *Spec {
	s := siamese()
	s.Topology, s.Sampler = "triplet", choose("triplets")
	s.Distance, s.Loss = choose("sqeuclidean"), choose("triplet")
	return s
}

func choose(name string) named.Choice { return named.Choice{Name: name} }

// Preset returns a new copy of the preset with this name, or *named.UnknownError.
func Preset(name string) (*Spec, error) { return Presets.New(&named.Choice{Name: name}) }
