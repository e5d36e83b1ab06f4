// Command own trains with a loss and a distance that tfpair does not have, and exports: own PICTURES OUT.
package main

import (
	"context"
	tf "github.com/galeone/tensorflow/tensorflow/go"
	"github.com/galeone/tensorflow/tensorflow/go/op"
	graph "github.com/tfpair/tfpair/graphs/distance"
	"github.com/tfpair/tfpair/graphs/loss"
	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/graphs/variable"
	"github.com/tfpair/tfpair/models/distance"
	"github.com/tfpair/tfpair/pipeline/dataset"
	"github.com/tfpair/tfpair/runner/export"
	"github.com/tfpair/tfpair/runner/inference"
	"github.com/tfpair/tfpair/runner/network"
	"github.com/tfpair/tfpair/runner/train"
	"math"
	"os"
	"time"
)

// hinge pulls same pairs together by their distance, and pushes others beyond a margin.
func hinge(raw loss.Options) (loss.Loss, error) {
	o := struct {
		Margin float32 `yaml:"margin"`
	}{1}
	err := raw.Into(&o)
	return loss.Loss{Needs: loss.Pairs, Build: func(s *op.Scope, _ *variable.Set, in loss.In) (values, valid tf.Output) {
		gap := op.Relu(s.SubScope("gap"), op.Sub(s.SubScope("short"), op.Const(s.SubScope("margin"), o.Margin), in.Distance))
		different := op.Sub(s.SubScope("different"), op.Const(s.SubScope("one"), float32(1)), in.Same)
		values = op.AddV2(s.SubScope("sum"), op.Mul(s.SubScope("pull"), in.Same, in.Distance), op.Mul(s.SubScope("push"), different, gap))
		return values, op.IsFinite(s.SubScope("valid"), values)
	}}, err
}

func manhattan(s *op.Scope, a, b tf.Output) tf.Output {
	return op.Sum(s.SubScope("sum"), op.Abs(s.SubScope("abs"), op.Sub(s.SubScope("sub"), a, b)), op.Const(s.SubScope("axis"), int32(1)))
}

func manhattanInGo(a, b []float32) (sum float64) {
	for i := range a {
		sum += math.Abs(float64(a[i] - b[i]))
	}
	return sum
}

func main() {
	ctx, pictures, run, out := context.Background(), os.Args[1], os.Args[2]+"/run", os.Args[2]+"/model"
	own := network.Own{
		Losses: map[string]loss.Row{"hinge": {Brief: "hinge", New: hinge}},
		Distances: map[string]network.Distance{"manhattan": {Go: distance.New(manhattanInGo, nil), Graph: graph.Row{
			New: func(raw graph.Options) (graph.Distance, error) { return manhattan, raw.Into(&struct{}{}) }}}}}
	s := must(must(spec.Preset("siamese")).Set("loss.hinge.margin=2", "distance=manhattan", "input.size=24", "train.steps=30"))
	data := must(dataset.Open(dataset.Options{Data: pictures}))
	must(train.Run(ctx, train.Config{Resolved: must(train.ResolveWith(s, own)), Data: data, Folder: run, Now: time.Now}))
	must(export.Run(ctx, export.Config{Run: run, Checkpoint: "best", Out: out, Own: own}))
	use(ctx, must(inference.Open(run, inference.Options{Own: own})), data, pictures)
	use(ctx, must(inference.Open(out, inference.Options{Own: own})), data, pictures)
}
