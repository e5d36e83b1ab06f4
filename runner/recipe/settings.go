package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/models/weights"
	"github.com/tfpair/tfpair/pipeline/dataset"
)

// few is up to how many images are measured by folds, and none is kept for test: a tenth of them
// would measure nothing.
const few = 100

// maker makes the settings of a recipe.
type maker struct {
	facts  Facts
	effort Effort
	unseen bool
	deep   bool // late stages of networks are trained
}

// many tells whether there are so many photos that late stages are trained where time allows.
func (m maker) many() bool { return m.facts.Images > few }

// photos returns what is trained from the weights of networks: a head on frozen features, or late
// stages, too; of several networks each by itself.
func (m maker) photos(networks []string) (what string, settings []string) {
	size := 0
	for _, network := range networks {
		size = max(size, weights.Pixels(network))
	}
	settings = append(m.task(), fmt.Sprintf("input.size=%d", size), "schedule=cosine")
	if m.effort == Best {
		settings = append(settings, "embed.views=flip")
	}
	if m.deep {
		what, late := m.late(networks)
		return what, append(settings, late...)
	}
	settings = append(settings, "head="+wide)
	what = "a head on frozen features of " + strings.Join(networks, ", ")
	if len(networks) > 1 {
		settings = append(settings, SideBySide(networks))
	} else {
		settings = append(settings, fmt.Sprintf("backbone={%s: {freeze: all}}", networks[0]))
	}
	images, steps := 32, 100
	if m.facts.examples() > 1000 {
		images, steps = 64, 300
	}
	settings = append(append(settings, fmt.Sprintf("optimizer.adam.lr=%g", m.rate())), m.batches(images, steps)...)
	return what, append(settings, fmt.Sprintf("train.eval_every=%d", steps)) // so few steps are not chosen among
}

// dim is the length of an embedding of photos.
const dim = 512

// wide is the head that makes it.
var wide = fmt.Sprintf("{linear: {embedding_dim: %d}}", dim)

// rate is the learning rate of a head on frozen features.
func (m maker) rate() float64 {
	if m.facts.examples() > 1000 {
		return 0.003
	}
	return 0.0005
}

// tries returns what is tried where time is plenty and a trial takes seconds: heads on frozen features, and learning rates. A
// head that starts from a closed form wants classes.
func (m maker) tries() []Try {
	if m.effort != Best || m.deep {
		return nil
	}
	heads := []string{wide, "{mlp: {embedding_dim: 256}}"}
	if m.facts.Kind == dataset.OfClasses || m.facts.Kind == dataset.OfLabelImages {
		heads = append(heads, "{linear: {embedding_dim: 128, start: ridge}}")
	}
	var rates []string
	for _, factor := range []float64{1, 0.3, 3} {
		rates = append(rates, fmt.Sprintf("%.4g", factor*m.rate()))
	}
	return []Try{{"head", heads}, {"optimizer.adam.lr", rates}}
}

// late returns the settings with which late stages of networks are trained, each with a head.
func (m maker) late(networks []string) (what string, settings []string) {
	const images, epochs = 32, 13 // measured on photos of groceries: docs/spec.md, Labels that are images
	steps := min(max(epochs*m.facts.examples()/images, 300), 3000)
	settings = append([]string{"optimizer={adam: {lr: 0.001, backbone_lr: 0.1}}", "augment=light", "cache.views=4"}, m.batches(images, steps)...)
	if m.effort == Best && len(networks) == 1 {
		networks = []string{networks[0], networks[0]} // with two seeds
	}
	if len(networks) == 1 {
		return fmt.Sprintf("the late stages of %s and a head", networks[0]), append(settings, "backbone="+tuned(networks[0]),
			"head="+wide)
	}
	var members []string
	for _, network := range networks {
		members = append(members, fmt.Sprintf("{network: %s, size: %d, embedding_dim: %d}", tuned(network), weights.Pixels(network), dim))
	}
	of := strings.Join(networks, " and ")
	if networks[0] == networks[1] {
		of = "two " + networks[0]
	}
	return fmt.Sprintf("the late stages of %s, each by itself and with a head; their embeddings side by side", of),
		append(settings, ensemble(members))
}

// tuned is a network whose late stages are trained.
func tuned(network string) string {
	return fmt.Sprintf("{%s: {freeze: %s, freeze_bn: true}}", network, late[network])
}

// ensemble is the setting of several networks, each trained by itself.
func ensemble(members []string) string {
	return "backbone={ensemble: {of: [" + strings.Join(members, ", ") + "]}}"
}

// ink returns a network for drawings, digits and symbols, which starts from nothing: what photos have
// taught says little of them. It sees them at their own size, up to the one at which
// characters of 105 pixels were learnt.
func (m maker) ink() (what string, settings []string) {
	const least, largest = 16, 42 // pixels
	size := min(max(m.facts.Side, least), largest)
	augment, steps := "augment=glyph", 900
	if m.turns() {
		augment, steps = "augment={preset: glyph, turns: {}}", 1200
	}
	if m.effort != Quick {
		steps *= 3
	}
	what, backbone := m.conv4()
	settings = append(m.task(), fmt.Sprintf("input.size=%d", size), backbone, augment, "schedule=cosine",
		"optimizer.adam.lr=0.003")
	return fmt.Sprintf("%s, at %d pixels", what, size), append(settings, m.batches(120, steps)...)
}

// conv4 returns the network that starts from nothing, or, where time is plenty, three of them with seeds of their own. Folds
// measure one network.
func (m maker) conv4() (what, setting string) {
	if m.effort != Best || m.folds() > 0 {
		return "conv4 from nothing", "backbone=conv4"
	}
	const seeds = 3
	return fmt.Sprintf("conv4 from nothing, %d times, and their embeddings side by side", seeds),
		ensemble(slices.Repeat([]string{"{network: conv4}"}, seeds))
}

// turns tells whether quarter turns of a class are classes, too: where classes are many and their images
// are few. Of few classes, two may be turns of each other, as 6 and 9 are.
func (m maker) turns() bool {
	const many, images = 50, 40
	return m.facts.Kind == dataset.OfClasses && m.facts.Classes >= many && m.facts.PerClass <= images
}

// small returns a network for photos that starts from nothing.
func (m maker) small() (what string, settings []string) {
	what, backbone := m.conv4()
	settings = append(append(m.task(), "input.size=64", backbone, "augment=light", "schedule=cosine"),
		m.batches(80, 600)...)
	return what + ", at 64 pixels", settings
}

// task returns the settings that follow from how the data is laid out.
func (m maker) task() []string {
	switch m.facts.Kind {
	case dataset.OfTriplets:
		return []string{"topology=triplet", "distance=cosine", "loss={triplet: {margin: 0.2}}", "sampler=triplets"}
	case dataset.OfLabelImages:
		temperature, sampler := 0.2, "{labels: {against: gallery}}"
		if m.deep { // where all label images in each batch would cost more than the photos
			temperature, sampler = 0.1, "labels"
		}
		return []string{"topology=feature", "distance=cosine", fmt.Sprintf("loss={infonce: {temperature: %g}}", temperature),
			"target.side=shared", "sampler=" + sampler, "train.select=val.recall@1"}
	case dataset.OfPairs:
		return []string{"distance=cosine", "loss=contrastive"}
	}
	if m.pairs() {
		return []string{"distance=cosine", "loss=contrastive"}
	}
	if m.facts.Ink {
		return []string{"distance=cosine", "loss={supcon: {temperature: 0.05}}"}
	}
	return []string{"distance=cosine", "loss={supcon: {temperature: 0.1}}"}
}

// pairs tells whether pairs are drawn from classes: of few photos, whose threshold then is better.
func (m maker) pairs() bool { return !m.facts.Ink && m.facts.Images <= few }

// batches returns the settings of so many steps, with so many images in a batch, or half as many pairs.
func (m maker) batches(images, steps int) []string {
	size, sampler := images, []string(nil)
	if m.facts.Kind != dataset.OfLabelImages {
		size = max(images/2, 32)
	}
	if m.facts.Kind == dataset.OfClasses && !m.pairs() {
		classes, each := m.balance(images)
		size, sampler = classes*each, []string{fmt.Sprintf("sampler={balanced: {images_per_class: %d}}", each)}
	}
	return append(append(sampler, fmt.Sprintf("train.batch_size=%d", size), fmt.Sprintf("train.steps=%d", steps),
		fmt.Sprintf("train.eval_every=%d", (steps+2)/3)), m.parts()...)
}

// balance returns how many classes are in a batch of so many images, and how many images of each, that the
// data has when a fifth of it is held out.
func (m maker) balance(images int) (classes, each int) {
	f := m.facts
	each = min(max(f.PerClass*7/10, 2), 4)
	if f.PerClass >= 60 {
		each = 6
	}
	usable := f.sure
	if m.unseen { // a tenth of them for test, as many for validation, or five
		usable -= max(f.Classes/10, 2) + max(f.Classes/10, 5)
	}
	return max(min(usable, images/each), 2), each
}

// parts returns how the data is measured: by folds where it is little.
func (m maker) parts() []string {
	if n := m.folds(); n > 0 {
		return []string{"train.test=0", fmt.Sprintf("train.folds=%d", n)}
	}
	return nil
}

// folds returns how many folds few images are parted in: each holds two images of two classes. It is
// 0 where they cannot be, or names of groups or splits say how they are parted.
func (m maker) folds() int {
	f := m.facts
	if f.Kind != dataset.OfClasses || f.Images > few || m.unseen || f.parted {
		return 0
	}
	for _, n := range []int{4, 2} {
		if f.sure*min(n, f.PerClass/2) >= 2*n {
			return n
		}
	}
	return 0
}
