package weights

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tfpair/tfpair/internal/tensor"
)

// The shrunk networks that the tests' files hold: the names of ResNet50 and EfficientNet-Lite0, with
// few blocks and channels.

// layers of a shrunk ResNet: convolution and batch norm under the canonical name, and the
// modules that the others call them, after docs/weights.md.
var smallResNet = []struct {
	name       string // canonical, without _conv and _bn
	shape      []int64
	conv, norm string // torchvision
	hf         string // transformers, without .convolution and .normalization
	keras3     int    // number of conv2d and of batch_normalization
}{
	{"conv1", []int64{7, 7, 3, 4}, "conv1", "bn1", "resnet.embedder.embedder", 0},
	{"conv2_block1_1", []int64{1, 1, 4, 5}, "layer1.0.conv1", "layer1.0.bn1", "resnet.encoder.stages.0.layers.0.layer.0", 1},
	{"conv2_block1_2", []int64{3, 3, 5, 5}, "layer1.0.conv2", "layer1.0.bn2", "resnet.encoder.stages.0.layers.0.layer.1", 2},
	{"conv2_block1_0", []int64{1, 1, 4, 8}, "layer1.0.downsample.0", "layer1.0.downsample.1", "resnet.encoder.stages.0.layers.0.shortcut", 3},
	{"conv2_block1_3", []int64{1, 1, 5, 8}, "layer1.0.conv3", "layer1.0.bn3", "resnet.encoder.stages.0.layers.0.layer.2", 4},
	{"conv2_block2_1", []int64{1, 1, 8, 5}, "layer1.1.conv1", "layer1.1.bn1", "resnet.encoder.stages.0.layers.1.layer.0", 5},
	{"conv2_block2_2", []int64{3, 3, 5, 5}, "layer1.1.conv2", "layer1.1.bn2", "resnet.encoder.stages.0.layers.1.layer.1", 6},
	{"conv2_block2_3", []int64{1, 1, 5, 8}, "layer1.1.conv3", "layer1.1.bn3", "resnet.encoder.stages.0.layers.1.layer.2", 7},
}

// smallLayer is a convolution and its batch norm.
type smallLayer struct {
	name       string // canonical, without _conv and _bn
	shape      []int64
	conv, norm string // of the package
}

// smallLite are the layers of a shrunk EfficientNet-Lite: stem, a block without expansion, one with, head.
var smallLite = []smallLayer{
	{"stem", []int64{3, 3, 3, 4}, "_conv_stem", "_bn0"},
	{"block0/depthwise", []int64{3, 3, 4, 1}, "_blocks.0._depthwise_conv", "_blocks.0._bn1"},
	{"block0/project", []int64{1, 1, 4, 2}, "_blocks.0._project_conv", "_blocks.0._bn2"},
	{"block1/expand", []int64{1, 1, 2, 12}, "_blocks.1._expand_conv", "_blocks.1._bn0"},
	{"block1/depthwise", []int64{5, 5, 12, 1}, "_blocks.1._depthwise_conv", "_blocks.1._bn1"},
	{"block1/project", []int64{1, 1, 12, 3}, "_blocks.1._project_conv", "_blocks.1._bn2"},
	{"head", []int64{1, 1, 3, 6}, "_conv_head", "_bn1"},
}

// lite returns the layers of a shrunk member of the family, whose block 20 tells it by its filters:
// none are EfficientNet-Lite0.
func lite(filters int64) []smallLayer {
	list := slices.Clone(smallLite)
	if filters > 0 {
		list = append(list, smallLayer{"block20/project", []int64{1, 1, 1, filters}, "_blocks.20._project_conv",
			"_blocks.20._bn2"})
	}
	return list
}

// smallMobile likewise: stem, the block without expansion, one with, the last convolution.
var smallMobile = []smallLayer{
	{"stem", []int64{3, 3, 3, 4}, "features.0.0", "features.0.1"},
	{"block0/depthwise", []int64{3, 3, 4, 1}, "features.1.conv.0", "features.1.conv.1"},
	{"block0/project", []int64{1, 1, 4, 2}, "features.1.conv.3", "features.1.conv.4"},
	{"block16/expand", []int64{1, 1, 2, 12}, "features.17.conv.0", "features.17.conv.1"},
	{"block16/depthwise", []int64{3, 3, 12, 1}, "features.17.conv.3", "features.17.conv.4"},
	{"block16/project", []int64{1, 1, 12, 3}, "features.17.conv.6", "features.17.conv.7"},
	{"head", []int64{1, 1, 3, 6}, "features.18.0", "features.18.1"},
}

// smallMobiles are the layers of nets of mobile inverted bottlenecks, by layout.
var smallMobiles = map[string][]smallLayer{
	efficientNetLite0: lite(0), efficientNetLite1: lite(320), efficientNetLite2: lite(352), mobileNetV2: smallMobile,
}

var normFields = []string{"gamma", "beta", "moving_mean", "moving_variance"}

// torchParameters are what PyTorch calls normFields, in that order.
var torchParameters = []string{"weight", "bias", "running_mean", "running_var"}

// random returns a tensor of positive numbers.
func random(name string, shape []int64) Tensor {
	n := int64(1)
	for _, side := range shape {
		n *= side
	}
	r := rand.New(rand.NewPCG(uint64(len(name)), uint64(n)))
	t := Tensor{Name: name, Shape: shape, Data: make([]float32, n)}
	for i := range t.Data {
		t.Data[i] = r.Float32()
	}
	return t
}

// layerOf returns the canonical tensors of a convolution and its batch norm.
func layerOf(name string, shape []int64) []Tensor {
	channels := shape[3]
	if strings.HasSuffix(name, "depthwise") {
		channels = shape[2]
	}
	list := []Tensor{random(ownPrefix+name+"_conv/kernel", shape)}
	for _, field := range normFields {
		list = append(list, random(ownPrefix+name+"_bn/"+field, []int64{channels}))
	}
	return list
}

// network returns what the tensors are of.
func networkOf(name string, tensors []Tensor) Network {
	n := Network{Name: name, Shapes: map[string][]int64{}}
	for _, t := range tensors {
		n.Shapes[t.Name] = t.Shape
	}
	return n
}

func resNetTensors() (list []Tensor) {
	for _, l := range smallResNet {
		list = append(list, layerOf(l.name, l.shape)...)
	}
	return list
}

func tensorsOf(layers []smallLayer) (list []Tensor) {
	for _, l := range layers {
		list = append(list, layerOf(l.name, l.shape)...)
	}
	return list
}

// called returns t under another name.
func called(t Tensor, name string) Tensor {
	t.Name = name
	return t
}

// oihw returns a kernel [rows,columns,in,out] as PyTorch has it, [out,in,rows,columns], or a
// depthwise one [rows,columns,C,1] as [C,1,rows,columns], by a plain loop.
func oihw(t Tensor, depthwise bool) Tensor {
	h, w, in, out := t.Shape[0], t.Shape[1], t.Shape[2], t.Shape[3]
	first, second := out, in
	if depthwise {
		first, second = in, out
	}
	moved := Tensor{Name: t.Name, Shape: []int64{first, second, h, w}, Data: make([]float32, len(t.Data))}
	for y := range h {
		for x := range w {
			for i := range in {
				for o := range out {
					a, b := o, i
					if depthwise {
						a, b = i, o
					}
					moved.Data[((a*second+b)*h+y)*w+x] = t.Data[((y*w+x)*in+i)*out+o]
				}
			}
		}
	}
	return moved
}

// torchLayer returns a canonical layer under PyTorch's names, with a counter of batches.
func torchLayer(tensors []Tensor, conv, norm string, depthwise bool) []Tensor {
	list := []Tensor{called(oihw(tensors[0], depthwise), conv+".weight")}
	for i, p := range torchParameters {
		list = append(list, called(tensors[i+1], norm+"."+p))
	}
	return append(list, Tensor{Name: norm + ".num_batches_tracked", Data: []float32{7}})
}

// smallFiles returns tensors of one file for every layout, its classifier included, by layout.
func smallFiles() map[string][]Tensor {
	files := map[string][]Tensor{
		"torchvision":  {random("fc.weight", []int64{9, 8}), random("fc.bias", []int64{9})},
		"transformers": {random("classifier.1.weight", []int64{9, 8}), random("classifier.1.bias", []int64{9})},
		"keras":        {random("predictions/predictions/kernel:0", []int64{8, 9})},
		"keras3":       {random("layers/dense/vars/0", []int64{8, 9}), random("optimizer/vars/0", nil)},
		"tfpair":       append(resNetTensors(), random("head/dense/kernel", []int64{8, 2})),
	}
	add := func(layout string, t ...Tensor) { files[layout] = append(files[layout], t...) }
	for _, t := range resNetTensors() { // what a moving average follows is not the model
		add("tfpair", random("live/"+t.Name, t.Shape))
	}
	for _, l := range smallResNet {
		tensors := layerOf(l.name, l.shape)
		add("torchvision", torchLayer(tensors, l.conv, l.norm, false)...)
		add("transformers", torchLayer(tensors, l.hf+".convolution", l.hf+".normalization", false)...)
		number := func(class string) string {
			if l.keras3 == 0 {
				return "layers/" + class
			}
			return fmt.Sprintf("layers/%s_%d", class, l.keras3)
		}
		add("keras", called(tensors[0], l.name+"_conv/"+l.name+"_conv/kernel:0"))
		add("keras3", called(tensors[0], number("conv2d")+"/vars/0"))
		for i, field := range normFields {
			add("keras", called(tensors[i+1], l.name+"_bn/"+l.name+"_bn/"+field+":0"))
			add("keras3", called(tensors[i+1], fmt.Sprintf("%s/vars/%d", number("batch_normalization"), i)))
		}
	}
	for layout, layers := range smallMobiles {
		classifier := "_fc"
		if layout == mobileNetV2 {
			classifier = "classifier.1"
		}
		add(layout, random(classifier+".weight", []int64{9, 6}), random(classifier+".bias", []int64{9}))
		for _, l := range layers {
			add(layout, torchLayer(layerOf(l.name, l.shape), l.conv, l.norm, strings.HasSuffix(l.name, "depthwise"))...)
		}
	}
	return files
}

// smallNetwork returns the network of a layout and its tensors.
func smallNetwork(layout string) (Network, []Tensor) {
	name, tensors := resNet50, resNetTensors()
	if layers, ok := smallMobiles[layout]; ok {
		name, tensors = layout, tensorsOf(layers)
	}
	slices.SortFunc(tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return networkOf(name, tensors), tensors
}

// write puts data into a file of a temporary folder.
func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weights")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// safe returns tensors as a safetensors file, scalars as vectors: the library that writes it
// takes no scalars.
func safe(t testing.TB, tensors []Tensor) []byte {
	t.Helper()
	tensors = slices.Clone(tensors)
	for i := range tensors {
		if len(tensors[i].Shape) == 0 {
			tensors[i].Shape = []int64{1}
		}
	}
	data, err := tensor.Encode(tensors, nil)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
