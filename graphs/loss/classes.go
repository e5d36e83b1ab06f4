package loss

import (
	"errors"
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
)

// perClass is the option of losses that learn a vector for each class.
type perClass struct {
	Classes int `yaml:"classes"` // C, how many; 0 is as many as the training data has
}

func (p perClass) check() error {
	if p.Classes < 0 {
		return fmt.Errorf("classes must be 0 (those of the data) or more, got %d", p.Classes)
	}
	return nil
}

// cosines adds the variable name, a vector for each class, and the cosine of each
// image with each: [N,C].
func (p perClass) cosines(s *op.Scope, v *variable.Set, name string, in In) tf.Output {
	if s.Err() != nil {
		return in.Embeddings // after an error there is no shape
	}
	if p.Classes == 0 {
		s.UpdateErr("loss", errors.New("the number of classes is not known: set the option classes"))
		return in.Embeddings
	}
	dim := in.Embeddings.Shape().Size(1)
	vectors := v.Create(name, []int64{int64(p.Classes), dim}, variable.GlorotUniform)
	return op.MatMul(s.SubScope("cosine"), unit(s.SubScope("images"), in.Embeddings),
		unit(s.SubScope(name), vectors.Read), op.MatMulTransposeB(true))
}

// members adds which class each image is of: [N,C] float32, a 1 in each row.
func (p perClass) members(s *op.Scope, in In) tf.Output {
	return op.OneHot(s.SubScope("one_hot"), in.Labels,
		tg.Const(s.SubScope("classes"), int32(p.Classes)),
		tg.Const(s.SubScope("one"), float32(1)), tg.Const(s.SubScope("zero"), float32(0)))
}
