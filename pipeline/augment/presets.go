package augment

import (
	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/internal/named"
)

const (
	koch   = "Koch et al., Siamese Neural Networks for One-shot Image Recognition, 2015, section 3.2"
	simCLR = "Chen et al., SimCLR, 2020, arXiv:2002.05709, appendix A"
)

// Presets lists steps to start from.
var Presets = named.Table[named.Choices]{
	Kind: "augmentation preset",
	Rows: map[string]named.Row[named.Choices]{
		"none":   preset("images as they are", "", "{}"),
		"light":  preset("photos: flip, mild crop, a little brightness and contrast", "", light),
		"strong": preset("photos: flip, crop, colours, blur, erase", simCLR, strong),
		"glyph":  preset("ink on paper: affine distortions, moves; no mirroring", koch, glyph),
	},
}

// strong is SimCLR's at half strength, as its appendix B.9 has it for small images,
// with a milder crop and erase: a class must stay what it is, not only an instance.
const (
	light = `{flip: {}, crop: {area: [0.6, 1]}, brightness: {amount: 0.2}, contrast: {amount: 0.2}}`

	strong = `{flip: {}, crop: {area: [0.3, 1]}, brightness: {amount: 0.4, probability: 0.8},
  contrast: {amount: 0.4, probability: 0.8}, saturation: {amount: 0.4, probability: 0.8},
  hue: {degrees: 36, probability: 0.8}, grayscale: {probability: 0.2}, blur: {probability: 0.5},
  erase: {area: [0.02, 0.2], probability: 0.25}}`

	glyph = `{affine: {border: ground}, translate: {shift: 0.05, border: ground}}`
)

func preset(brief, paper, text string) named.Row[named.Choices] {
	parse := func(named.Raw) (c named.Choices, err error) {
		err = yaml.Unmarshal([]byte(text), &c)
		return c, err
	}
	return named.Row[named.Choices]{Brief: brief, Paper: paper, New: parse}
}
