package layer

import (
	"fmt"

	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	tg "github.com/galeone/tfgo"

	"github.com/tfpair/tfpair/graphs/variable"
)

// Norm are the options of batch normalization.
type Norm struct {
	Momentum float32 `yaml:"bn_momentum"` // share of the moving averages that a step keeps; 0 <= bn_momentum < 1
	Epsilon  float32 `yaml:"bn_epsilon"`  // added to the variance; > 0
}

// Validate checks the ranges of n.
func (n Norm) Validate() error {
	if !(n.Momentum >= 0 && n.Momentum < 1) {
		return fmt.Errorf("bn_momentum must be in [0,1), got %g", n.Momentum)
	}
	if !(n.Epsilon > 0) {
		return fmt.Errorf("bn_epsilon must be positive, got %g", n.Epsilon)
	}
	return nil
}

// BatchNorm scales each channel of x [N,H,W,C] float32 to mean beta and standard
// deviation gamma: y = gamma·(x - mean)/√(variance + ε) + beta. Ioffe and
// Szegedy, Batch Normalization, 2015, arXiv:1502.03167, algorithms 1 and 2.
//
// In training, mean and variance are those of the batch, and moving averages of
// them are updated: moving ← momentum·moving + (1-momentum)·batch. As in the
// paper and PyTorch the moving variance is unbiased, n/(n-1) times that which
// divides, n = N·H·W; Keras 3 leaves the factor out. In inference, mean and
// variance are the moving averages. Where m is Shared, a batch is the images of all processes.
func BatchNorm(s *op.Scope, v *variable.Set, m Mode, x tf.Output, n Norm) tf.Output {
	channels, ok := dimension(s, x, 4, 3)
	if !ok {
		return x
	}
	if m.Training && m.Shared {
		return sharedNorm(s, v, x, channels, n)
	}
	gamma, beta, mean, variance := normVariables(v, channels)
	epsilon := op.FusedBatchNormV3Epsilon(n.Epsilon)
	if !m.Training {
		y, _, _, _, _, _ := op.FusedBatchNormV3(s.SubScope("normalize"), x, gamma.Read, beta.Read,
			mean.Read, variance.Read, epsilon, op.FusedBatchNormV3IsTraining(false))
		return y
	}
	none := tg.Const(s.SubScope("none"), []float32{}) // the operation's own averages are not used
	y, batchMean, batchVariance, _, _, _ := op.FusedBatchNormV3(s.SubScope("normalize"), x,
		gamma.Read, beta.Read, none, none, epsilon, op.FusedBatchNormV3IsTraining(true))
	share := tg.Const(s.SubScope("share"), 1-n.Momentum)
	v.Update(mean, mean.Approach(s.SubScope("move_mean"), batchMean, share))
	v.Update(variance, variance.Approach(s.SubScope("move_variance"), batchVariance, share))
	return y
}

// normVariables creates the variables of BatchNorm, each [C].
func normVariables(v *variable.Set, channels int64) (gamma, beta, mean, variance variable.Variable) {
	shape := []int64{channels}
	gamma, beta = v.Free().Create("gamma", shape, variable.Ones), v.Free().Create("beta", shape, variable.Zeros)
	mean = v.Frozen().Create("moving_mean", shape, variable.Zeros)
	variance = v.Frozen().Create("moving_variance", shape, variable.Ones)
	return gamma, beta, mean, variance
}
