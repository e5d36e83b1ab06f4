package graphs

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/layer"
	"github.com/tfpair/tfpair/graphs/spec"
)

// views is how many there are of an image: as it is and, with embed.views, its mirror image.
const views = 2

// viewed reports whether an embedding is made of the views of an image. Training then is another
// network than inference: it sees images as they are.
func (p *Parts) viewed() bool { return p.Spec.Embed.Views == spec.Flip }

// fitViews says why views do not go with other parts, or nil. Their embeddings have length 1.
func (p *Parts) fitViews() error {
	s := p.Spec
	switch {
	case s.Embed.Views == spec.NoViews:
		s.Embed = spec.Embed{}
		return nil
	case !p.viewed():
		return nil
	case s.Distance.Name != "cosine":
		return fmt.Errorf("embed.views=%s gives every embedding the length 1, distance %q compares lengths: "+
			"set distance to cosine, or embed.views to %s", s.Embed.Views, s.Distance.Name, spec.NoViews)
	case s.Target.Side == spec.FrozenTargets && !p.Loss.Cosine:
		return fmt.Errorf("embed.views=%s gives every target the length 1, loss %q compares lengths: "+
			"set loss to one that compares directions, such as cosine, or embed.views to %s", s.Embed.Views, s.Loss.Name, spec.NoViews)
	}
	return nil
}

// mirrored adds images [N,H,W,3] with left and right exchanged.
func mirrored(s *op.Scope, images tf.Output) tf.Output {
	return op.ReverseV2(s.SubScope("mirror"), images, tg.Const(s.SubScope("columns"), []int32{2}))
}

// stacked adds both views as one: each [N,…] → [N,2,…].
func stacked(s *op.Scope, image, mirror tf.Output) tf.Output {
	return op.Pack(s.SubScope("views"), []tf.Output{image, mirror}, op.PackAxis(1))
}

// apart adds the views that stacked joined.
func apart(s *op.Scope, x tf.Output) (image, mirror tf.Output) {
	both := op.Unpack(s.SubScope("apart"), x, views, op.UnpackAxis(1))
	if len(both) != views {
		return x, x // after an error
	}
	return both[0], both[1]
}

// together adds the embedding of an image from those of its views, all [N,D]: each brought to length 1,
// their mean, and this brought to length 1.
func together(s *op.Scope, image, mirror tf.Output) tf.Output {
	sum := op.AddV2(s.SubScope("sum"), layer.Direction(s.SubScope("image"), image), layer.Direction(s.SubScope("mirror"), mirror))
	return layer.Direction(s.SubScope("length"), sum)
}
