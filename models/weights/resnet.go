package weights

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The names of ResNets. Canonical are those of Keras Applications: conv1_conv, conv1_bn, and
// convS_blockB_J_conv with its _bn, S = 2..5 the stage, B from 1 the block, J the convolution
// in it, 0 that of the shortcut.

func blockLayer(stage, block, conv int, kind string) string {
	return fmt.Sprintf("conv%d_block%d_%d_%s", stage, block, conv, kind)
}

// numbers returns the numbers in the groups of re in s, nil where it does not match.
func numbers(re *regexp.Regexp, s string) []int {
	groups := re.FindStringSubmatch(s)
	if groups == nil {
		return nil
	}
	var list []int
	for _, g := range groups[1:] {
		n, err := strconv.Atoi(g)
		if err != nil {
			return nil // more digits than any network has layers
		}
		list = append(list, n)
	}
	return list
}

var (
	torchvisionConv = regexp.MustCompile(`^layer([1-9])\.(\d+)\.conv(\d)$`)
	torchvisionNorm = regexp.MustCompile(`^layer([1-9])\.(\d+)\.bn(\d)$`)
	torchvisionSide = regexp.MustCompile(`^layer([1-9])\.(\d+)\.downsample\.([01])$`)
)

func torchvisionNames(*File, Network) naming {
	return torchNames(func(module string) string {
		switch module {
		case "conv1":
			return "conv1_conv"
		case "bn1":
			return "conv1_bn"
		}
		if n := numbers(torchvisionConv, module); n != nil {
			return blockLayer(n[0]+1, n[1]+1, n[2], "conv")
		}
		if n := numbers(torchvisionNorm, module); n != nil {
			return blockLayer(n[0]+1, n[1]+1, n[2], "bn")
		}
		if n := numbers(torchvisionSide, module); n != nil {
			return blockLayer(n[0]+1, n[1]+1, 0, []string{"conv", "bn"}[n[2]])
		}
		return ""
	}, "fc")
}

var (
	transformersLayer = regexp.MustCompile(`^encoder\.stages\.(\d)\.layers\.(\d+)\.layer\.(\d)$`)
	transformersSide  = regexp.MustCompile(`^encoder\.stages\.(\d)\.layers\.(\d+)\.shortcut$`)
)

func transformersNames(*File, Network) naming {
	kinds := map[string]string{"convolution": "conv", "normalization": "bn"}
	return torchNames(func(module string) string {
		module = strings.TrimPrefix(module, "resnet.")
		dot := strings.LastIndexByte(module, '.')
		kind := kinds[module[dot+1:]]
		if dot < 0 || kind == "" {
			return ""
		}
		module = module[:dot]
		if module == "embedder.embedder" {
			return "conv1_" + kind
		}
		if n := numbers(transformersLayer, module); n != nil {
			return blockLayer(n[0]+2, n[1]+1, n[2]+1, kind)
		}
		if n := numbers(transformersSide, module); n != nil {
			return blockLayer(n[0]+2, n[1]+1, 0, kind)
		}
		return ""
	}, "classifier.1")
}

// kerasFields are the fields that a layer of Keras may have. The bias is folded.
var kerasFields = []string{"kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"}

// kerasNames: LAYER/LAYER/FIELD:0, as Keras 2 writes; :0 and the second LAYER may be absent.
func kerasNames(*File, Network) naming {
	return func(name string) place {
		parts := strings.Split(strings.TrimSuffix(name, ":0"), "/")
		layer, field := parts[0], parts[len(parts)-1]
		switch {
		case layer == "optimizer_weights" || layer == "top_level_model_weights":
			return place{role: skipped}
		case layer == "predictions":
			return place{role: top}
		case len(parts) < 2 || len(parts) > 3, !slices.Contains(kerasFields, field),
			resNetLayer(layer) == nil:
			return place{}
		}
		return place{layer, field, wanted}
	}
}

// resNetLayer returns stage, block and convolution of a canonical layer, nil where it is none.
func resNetLayer(layer string) []int {
	switch layer {
	case "conv1_conv", "conv1_bn":
		return []int{1, 0, 0}
	}
	return numbers(canonicalLayer, layer)
}

var (
	canonicalLayer = regexp.MustCompile(`^conv(\d)_block(\d+)_(\d)_(?:conv|bn)$`)
	keras3Group    = regexp.MustCompile(`^layers/(conv2d|batch_normalization|dense)(?:_(\d+))?/vars/(\d)$`)
)

// keras3Names: layers/CLASS_N/vars/I, N counting the layers of a class in the order of
// the model. Where the file says the layers' own names, those count.
func keras3Names(f *File, n Network) naming {
	order := map[string][]string{"conv2d": n.inOrder("_conv"), "batch_normalization": n.inOrder("_bn")}
	fields := map[string][]string{"conv2d": {"kernel", "bias"},
		"batch_normalization": {"gamma", "beta", "moving_mean", "moving_variance"}}
	return func(name string) place {
		if strings.HasPrefix(name, "optimizer/") {
			return place{role: skipped}
		}
		groups := keras3Group.FindStringSubmatch(name)
		if groups == nil {
			return place{}
		}
		class := groups[1]
		if class == "dense" {
			return place{role: top}
		}
		at, _ := strconv.Atoi("0" + groups[2]) // digits
		of, _ := strconv.Atoi(groups[3])
		layer, ok := f.Layers[strings.TrimSuffix(name, "/vars/"+groups[3])]
		if !ok && at < len(order[class]) {
			layer = order[class][at]
		}
		if of >= len(fields[class]) || resNetLayer(layer) == nil {
			return place{}
		}
		return place{layer, fields[class][of], wanted}
	}
}

// inOrder returns the layers of this kind in the order of Keras' model: the first block of
// a stage has the shortcut's convolution behind the second of its own.
func (n Network) inOrder(kind string) []string {
	var list []string
	for _, layer := range n.layers() {
		if strings.HasSuffix(layer, kind) && resNetLayer(layer) != nil {
			list = append(list, layer)
		}
	}
	position := func(layer string) []int {
		at := slices.Clone(resNetLayer(layer))
		at[2] = []int{5, 2, 4, 6}[min(at[2], 3)] // of 0, 1, 2, 3: 1, 2, 0, 3
		return at
	}
	slices.SortFunc(list, func(a, b string) int {
		return cmp.Or(slices.Compare(position(a), position(b)), cmp.Compare(a, b))
	})
	return list
}
