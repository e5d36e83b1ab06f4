package graphs

import (
	"fmt"
	"math"
	"strings"
	"testing"

	tf "github.com/galeone/tensorflow/tensorflow/go"

	"github.com/tfpair/tfpair/graphs/backbone"
	"github.com/tfpair/tfpair/graphs/head"
	"github.com/tfpair/tfpair/internal/graphdef"
	"github.com/tfpair/tfpair/internal/names"
)

// moved sets each variable of m away from its start, where batch norm does nothing, and returns the values.
func moved(t *testing.T, m machine) map[string][]float32 {
	t.Helper()
	feeds, weights := map[string]any{}, map[string][]float32{}
	for _, v := range m.Variables {
		values := v.Start(1)
		for i := range values {
			switch by := float32(0.2 * math.Sin(float64(3*i+len(v.Key)))); {
			case strings.HasSuffix(v.Key, "/gamma"), strings.HasSuffix(v.Key, "/moving_variance"):
				values[i] *= 1 + by
			case strings.HasSuffix(v.Key, "/beta"), strings.HasSuffix(v.Key, "/bias"), strings.HasSuffix(v.Key, "/moving_mean"):
				values[i] += by
			}
		}
		x, err := tf.NewTensor(values)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Reshape(v.Shape); err != nil {
			t.Fatal(err)
		}
		feeds[v.Key+names.Value], weights[v.Key] = x, values
	}
	m.run(t, feeds, names.Assign)
	return weights
}

// TestFolded: every backbone and every head embed and compare, folded over constants, as they do over
// variables, and the graph holds nothing else: no batch norm, no variables, and kernels with one bias each.
func TestFolded(t *testing.T) {
	var list [][]string
	for _, name := range backbone.Table.Names() {
		set := []string{"input.size=32", "backbone=" + name}
		if name == "concat" {
			set[1] = "backbone={concat: {of: [efficientnet-lite0, mobilenetv2]}}"
		}
		set = append(set, "head.linear.embedding_dim=3")
		if name == "ensemble" {
			set = []string{"input.size=32", "backbone={ensemble: {of: [{network: smallconv, size: 24}, {network: conv4, embedding_dim: 3}]}}",
				"head=none", "distance=cosine", "loss=contrastive"}
		}
		list = append(list, set)
	}
	for _, name := range head.Table.Names() {
		list = append(list, []string{"input.size=32", "backbone={smallconv: {filters: [3, 4], dense: 200}}", "head=" + name})
	}
	list = append(list, []string{"input.size=32", "backbone.conv4.pool=gem", "head=none", "distance=cosine", "loss=contrastive", "embed.views=flip"})
	for _, set := range list {
		t.Run(strings.Join(set[1:], " "), func(t *testing.T) {
			p := mustResolve(t, small(t, set...))
			variables, err := BuildInference(p, 1)
			if err != nil {
				t.Fatal(err)
			}
			m := open(t, &Graph{TF: variables.TF, Variables: variables.Variables})
			weights := moved(t, m)
			folded, err := BuildFolded(p, weights, 1)
			if err != nil {
				t.Fatal(err)
			}
			alone := machine{&Graph{TF: folded.TF}, newSession(t, folded.TF)}
			images := large(2)
			embed := map[string]any{names.ServingImages: images}
			alike(t, "embedding", alone.run(t, embed, names.ServingEmbedding), m.run(t, embed, names.ServingEmbedding), 1e-4)
			compare := map[string]any{names.CompareLeft: images[:1], names.CompareRight: images[1:]}
			alike(t, "distance", alone.run(t, compare, names.CompareDistance), m.run(t, compare, names.CompareDistance), 1e-3)
			checkFolded(t, folded)
		})
	}
}

// checkFolded looks at the operations of a folded graph.
func checkFolded(t *testing.T, folded *Inference) {
	t.Helper()
	g, err := decoded(folded.TF)
	if err != nil {
		t.Fatal(err)
	}
	outputs := []string{names.ServingEmbedding, names.CompareSame}
	if folded.Probable {
		outputs = append(outputs, names.CompareProbability)
	}
	needed, err := g.Needed(outputs...)
	if err != nil {
		t.Fatal(err)
	}
	if all := len(folded.TF.Operations()); len(needed) != all {
		t.Errorf("the graph has %d operations and needs %d of them", all, len(needed))
	}
	biased := map[string]string{}
	for _, n := range needed {
		switch n.Op {
		case "FusedBatchNormV3", "VarHandleOp", "ReadVariableOp":
			t.Errorf("the graph has %s %q", n.Op, n.Name)
		case "BiasAdd":
			biased[graphdef.Parse(n.Input[0]).Node] = n.Name
		}
	}
	for _, n := range needed {
		if !strings.Contains(n.Op, "onv2") {
			continue
		}
		if kernel := g.Node(n.Input[1]); kernel.GetOp() != "Const" || biased[n.Name] == "" {
			t.Errorf("%s %q: its kernel is %s, its bias %q", n.Op, n.Name, fmt.Sprint(kernel.GetOp()), biased[n.Name])
		}
	}
}
