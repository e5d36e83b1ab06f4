package weights

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestLayouts imports a small file of every layout and gets the canonical tensors that it
// was made of.
func TestLayouts(t *testing.T) {
	files := smallFiles()
	for _, l := range Layouts {
		f := mustRead(t, safe(t, files[l.Name]))
		network, want := smallNetwork(l.Name)
		got, err := f.Import(network)
		if err != nil {
			t.Errorf("%s: %v", l.Name, err)
			continue
		}
		if got.Layout.Name != l.Name {
			t.Errorf("layout is %q, want %q", got.Layout.Name, l.Name)
		}
		if diff := cmp.Diff(want, got.Tensors, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: canonical tensors differ (-want +got):\n%s", l.Name, diff)
		}
		if l.Name != "tfpair" && len(got.Top) == 0 {
			t.Errorf("%s: the classifier was not found", l.Name)
		}
	}
	if len(files) != len(Layouts) {
		t.Errorf("%d files for %d layouts", len(files), len(Layouts))
	}
}

func mustRead(t testing.TB, data []byte) *File {
	t.Helper()
	f, err := Read(write(t, data))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestNames: what writers may leave out or put before a name.
func TestNames(t *testing.T) {
	files := smallFiles()
	edit := func(layout string, name func(string) string) []Tensor {
		var list []Tensor
		for _, x := range files[layout] {
			list = append(list, called(x, name(x.Name)))
		}
		return list
	}
	for name, tensors := range map[string][]Tensor{
		"model.save of Keras 2": edit("keras", func(s string) string { return "model_weights/" + s }),
		"a layer of a model of Keras 2": append(edit("keras", func(s string) string {
			_, s, _ = strings.Cut(s, "/")
			return "resnet50/" + s
		}), random("dense/dense/kernel:0", []int64{4, 4})),
		"a module of PyTorch": append(edit("torchvision", func(s string) string { return "encoder.0." + s }),
			random("projector.weight", []int64{4, 4})),
		"Keras 3 writing .h5": edit("keras", func(s string) string { return strings.TrimSuffix(s, ":0") }),
		"a model without its classifier": slices.DeleteFunc(edit("transformers", func(s string) string {
			return strings.TrimPrefix(s, "resnet.")
		}), func(x Tensor) bool { return strings.HasPrefix(x.Name, "classifier") }),
	} {
		network, want := smallNetwork("keras")
		got, err := mustRead(t, safe(t, tensors)).Import(network)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got.Tensors); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", name, diff)
		}
	}
}

// TestKeras3Layers: the names that layers have go before their numbers.
func TestKeras3Layers(t *testing.T) {
	f := mustRead(t, safe(t, smallFiles()["keras3"]))
	network, want := smallNetwork("keras3")
	f.Layers = map[string]string{"layers/conv2d_1": "conv2_block1_2_conv", "layers/conv2d_2": "conv2_block1_1_conv"}
	for i := range f.Tensors {
		switch f.Tensors[i].Name {
		case "layers/conv2d_1/vars/0":
			f.Tensors[i].Name = "layers/conv2d_2/vars/0"
		case "layers/conv2d_2/vars/0":
			f.Tensors[i].Name = "layers/conv2d_1/vars/0"
		}
	}
	got, err := f.Import(network)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Tensors); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestBias: Keras' convolutions have a bias, which is taken off the moving mean.
func TestBias(t *testing.T) {
	network, want := smallNetwork("keras")
	tensors := append(smallFiles()["keras"], Tensor{Name: "conv2_block1_1_conv/conv2_block1_1_conv/bias:0",
		Shape: []int64{5}, Data: []float32{1, 2, 3, 4, 5}})
	got, err := mustRead(t, safe(t, tensors)).Import(network)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range want {
		data := slices.Clone(x.Data)
		if x.Name == "backbone/conv2_block1_1_bn/moving_mean" {
			for j := range data {
				data[j] -= float32(j + 1)
			}
		}
		if !slices.Equal(got.Tensors[i].Data, data) {
			t.Errorf("%s = %v, want %v", x.Name, got.Tensors[i].Data, data)
		}
	}
}

// TestRefused: what is wrong with tensors is named, and how many there are.
func TestRefused(t *testing.T) {
	network, _ := smallNetwork("torchvision")
	lite, _ := smallNetwork(efficientNetLite0)
	tests := []struct {
		name    string
		network Network
		layout  string
		edit    func([]Tensor) []Tensor
		want    []string
	}{
		{"missing", network, "torchvision", without("layer1.1.conv2.weight"),
			[]string{"1 of 40 tensors are missing: conv2_block2_2_conv/kernel"}},
		{"many missing", network, "torchvision", func(x []Tensor) []Tensor {
			return slices.DeleteFunc(x, func(x Tensor) bool { return strings.HasPrefix(x.Name, "layer1.1.") })
		}, []string{"15 of 40 tensors are missing: conv2_block2_1_bn/beta, ", " and 12 more"}},
		{"too many", network, "torchvision", with(random("layer1.2.conv1.weight", []int64{5, 8, 1, 1})),
			[]string{"1 tensor too many for resnet50: layer1.2.conv1.weight"}},
		{"unknown name", network, "torchvision", with(random("layer1.0.se.weight", nil)),
			[]string{"1 tensor too many for resnet50: layer1.0.se.weight"}},
		{"shape", network, "torchvision", with(random("conv1.weight", []int64{4, 3, 3, 3})),
			[]string{`"conv1.weight" is [3 3 3 4] as conv1_conv/kernel, want [7 7 3 4]`}},
		{"not a number", network, "keras", with(Tensor{Name: "conv1_bn/conv1_bn/beta:0", Shape: []int64{4},
			Data: []float32{1, 2, float32(math.NaN()), 4}}), []string{`"conv1_bn/conv1_bn/beta:0" holds NaN, at element 2`}},
		{"infinite", network, "keras3", with(Tensor{Name: "layers/conv2d/vars/1", Shape: []int64{4},
			Data: []float32{1, float32(math.Inf(-1)), 1, 1}}), []string{"holds -Inf, at element 1"}},
		{"negative variance", network, "transformers", with(Tensor{Name: "resnet.embedder.embedder.normalization.running_var",
			Shape: []int64{4}, Data: []float32{1, 2, 3, -0.5}}), []string{"holds a negative variance, -0.5 at element 3"}},
		{"zeros", network, "transformers", with(Tensor{Name: "resnet.embedder.embedder.normalization.running_var",
			Shape: []int64{4}, Data: make([]float32, 4)}), []string{`running_var" holds nothing but zeros`}},
		{"bias without batch norm", network, "keras", with(random("conv2_block9_1_conv/conv2_block9_1_conv/bias:0", []int64{3})),
			[]string{"has no moving mean of that shape"}},
		{"another network", lite, "torchvision", with(), []string{"its tensors are those of resnet50 (layout torchvision), and the network is efficientnet-lite0"}},
		{"a smaller one", network, "torchvision", func(x []Tensor) []Tensor {
			return slices.DeleteFunc(x, func(x Tensor) bool { return strings.Contains(x.Name, "3.") })
		}, []string{"are missing", "it seems to be of a residual net with [2 0 0 0] blocks"}},
		{"no layout", network, "torchvision", func([]Tensor) []Tensor { return []Tensor{random("x", nil), random("y", nil)} },
			[]string{`its 2 tensors ("x", "y", …) are named as in no known layout (known: torchvision, `}},
		{"two networks", network, "torchvision", func(list []Tensor) []Tensor {
			return []Tensor{called(list[2], "query.layer1.0.conv1.weight"), called(list[2], "key.layer1.0.conv1.weight")}
		}, []string{"it holds the network 2 times: below key., query."}},
		{"Keras 1", network, "keras", func([]Tensor) []Tensor { return []Tensor{random("conv1/conv1_W:0", nil)} },
			[]string{"are those of Keras 1", "epsilon 1e-3"}},
	}
	for _, tt := range tests {
		_, err := mustRead(t, safe(t, tt.edit(smallFiles()[tt.layout]))).Import(tt.network)
		var refused *Error
		if !errors.As(err, &refused) {
			t.Errorf("%s: Import = %v, want an *Error", tt.name, err)
			continue
		}
		for _, want := range tt.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: Import = %q, want %q in it", tt.name, err, want)
			}
		}
	}
}

// with returns an edit that puts tensors in, in place of those of the same names.
func with(more ...Tensor) func([]Tensor) []Tensor {
	return func(list []Tensor) []Tensor {
		for _, x := range more {
			list = append(without(x.Name)(list), x)
		}
		return list
	}
}

func without(name string) func([]Tensor) []Tensor {
	return func(list []Tensor) []Tensor {
		return slices.DeleteFunc(list, func(x Tensor) bool { return x.Name == name })
	}
}

// TestSeemsOf: a file that does not fit is recognized by its blocks, wherever that is possible.
func TestSeemsOf(t *testing.T) {
	wide := func(in, out int64) []Tensor {
		list := []Tensor{random("layer1.0.conv2.weight", []int64{out, in, 3, 3})}
		for _, last := range []string{"layer1.2", "layer2.3", "layer3.5", "layer4.2"} {
			list = append(list, random(last+".conv3.weight", []int64{1, 1, 1, 1}))
		}
		return list
	}
	for want, tensors := range map[string][]Tensor{
		"resnet18": {random("layer1.0.conv1.weight", nil), random("layer1.1.conv2.weight", nil),
			random("layer2.1.conv2.weight", nil), random("layer3.1.conv2.weight", nil), random("layer4.1.conv2.weight", nil)},
		"resnet101": {random("layer1.2.conv3.weight", nil), random("layer2.3.conv3.weight", nil),
			random("layer3.22.conv3.weight", nil), random("layer4.2.conv3.weight", nil)},
		"resnet50":                  wide(64, 64),
		"resnet50, 2 times as wide": wide(128, 128),
		"resnet50 with convolutions in 32 groups (a ResNeXt)": wide(4, 128),
	} {
		tensors = with(random("layer1.0.conv1.weight", []int64{1, 1, 1, 1}))(tensors)
		network, _ := smallNetwork("torchvision")
		_, err := mustRead(t, safe(t, tensors)).Import(network)
		if err == nil || !strings.HasSuffix(err.Error(), "it seems to be of "+want) {
			t.Errorf("Import = %v, want that it seems to be of %s", err, want)
		}
	}
}
