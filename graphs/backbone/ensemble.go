package backbone

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/names"
)

// ensembleOptions are the options of the "ensemble" backbone.
type ensembleOptions struct {
	Of []Member `yaml:"of"` // two networks or more, in the order of their embeddings
}

// Member is a network of an ensemble. It is trained by itself, before the ensemble is made, with its own options.
type Member struct {
	Network named.Choice `yaml:"network"`       // a backbone, any but those of several networks
	Size    int64        `yaml:"size"`          // side of the images that it sees, in pixels; 0: input.size
	Dim     int64        `yaml:"embedding_dim"` // of the linear head behind it; 0: its features are its embedding

	backbone Backbone
}

// Cached reports whether the member has a frozen part, whose features a training can keep.
func (m Member) Cached() bool { return m.backbone.Frozen != nil }

// Pretrained reports whether the member is one of the networks that start from imported weights.
func (m Member) Pretrained() bool {
	_, tower := towers.Rows[m.Network.Name]
	return tower || m.Network.Name == "resnet50"
}

// ensemble has the variables of member I, from 1, below MemberKey(I), under the keys that they have where it is
// trained by itself.
var ensemble = named.Row[Backbone]{
	Brief: "several networks, each trained by itself with a head of its own: their embeddings, one after the other",
	Paper: "Hansen and Salamon, Neural Network Ensembles, 1990",
	New: func(raw named.Raw) (Backbone, error) {
		var o ensembleOptions
		if err := named.Options(raw, &o); err != nil {
			return Backbone{}, err
		}
		b, err := o.backbone()
		return b, errors.Join(err, named.Keep(raw, &o)) // with the options of its members
	},
}

// MemberKey is what the keys of the variables of member i of an ensemble, from 1, begin with.
func MemberKey(i int) string { return names.Backbone + "/" + strconv.Itoa(i) + "/" }

func (o ensembleOptions) backbone() (Backbone, error) {
	if len(o.Of) < 2 {
		return Backbone{}, fmt.Errorf("of must list two networks or more, got %d", len(o.Of))
	}
	b := Backbone{AllFrozen: true, Members: o.Of}
	for i := range o.Of {
		m := &o.Of[i]
		var err error
		if m.backbone, err = single.New(&m.Network); err != nil {
			return b, fmt.Errorf("network %d: %w", i+1, err)
		}
		switch least := int64(m.backbone.MinSize); {
		case m.Dim < 0:
			return b, fmt.Errorf("network %d: embedding_dim must be 0 (none) or more, got %d", i+1, m.Dim)
		case m.Size != 0 && m.Size < least:
			return b, fmt.Errorf("network %d: size must be 0 (input.size) or at least %d for %q, got %d", i+1, least, m.Network.Name, m.Size)
		case m.Size == 0:
			b.MinSize = max(b.MinSize, m.backbone.MinSize)
		}
	}
	b.MinSize, b.Towers = max(b.MinSize, 1), o.pretrained()
	b.Frozen = o.embeddings
	b.Build = func(_ *op.Scope, _ *variable.Set, _ layer.Mode, x tf.Output) tf.Output { return x }
	return b, nil
}

// pretrained returns the names of the networks that start from imported weights, each once.
func (o ensembleOptions) pretrained() (names []string) {
	for _, m := range o.Of {
		if m.Pretrained() && !slices.Contains(names, m.Network.Name) {
			names = append(names, m.Network.Name)
		}
	}
	return names
}

// embeddings adds the embedding of each member, brought to length 1, one after the other: [N,ΣD]. The cosine of two of
// them is the mean of the members' cosines.
func (o ensembleOptions) embeddings(s *op.Scope, v *variable.Set, m layer.Mode, images tf.Output) tf.Output {
	var all []tf.Output
	for i, member := range o.Of {
		name := strconv.Itoa(i + 1)
		all = append(all, member.embedding(s.SubScope("member"+name), v.Frozen().Sub(name), m, images))
	}
	return op.ConcatV2(s.SubScope("ensemble"), all, tg.Const(s.SubScope("axis"), int32(1)))
}

// embedding adds images [N,H,W,3] uint8 → network → linear head → [N,D], each row of length 1.
func (m Member) embedding(s *op.Scope, v *variable.Set, mode layer.Mode, images tf.Output) tf.Output {
	if m.Size != 0 {
		images = resized(s.SubScope("resize"), images, m.Size)
	}
	x := m.backbone.Features(s, v.Sub(names.Backbone), layer.Mode{Folded: mode.Folded}, images)
	if m.Dim > 0 {
		x = layer.Dense(s.SubScope("head"), v.Sub(names.Head).Sub(names.Dense), x, m.Dim)
	}
	return layer.Direction(s.SubScope("direction"), x)
}
