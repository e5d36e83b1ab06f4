package weights

import (
	"maps"
	"slices"
	"strings"
)

// A network may be a part of the model in a file: what model.save of Keras 2 writes is below
// "model_weights/", a layer of Keras 3 below "layers/functional/", a module of PyTorch below
// "backbone.". What else the model has is left out.

// below returns what stands before a mark where names of f end with it, sorted: "" where one
// is the mark. A mark that ends with a slash is the beginning of names.
func (f *File) below(mark string) []string {
	found := map[string]bool{}
	for _, t := range f.Tensors {
		if strings.HasSuffix(mark, "/") {
			if strings.HasPrefix(t.Name, mark) {
				return []string{""}
			}
			continue
		}
		before, ok := strings.CutSuffix(t.Name, mark)
		if strings.TrimPrefix(before, livePrefix) == ownPrefix && !strings.HasSuffix(mark, ":0") {
			continue // tfpair's own names are Keras' below this
		}
		if ok && (before == "" || strings.HasSuffix(before, "/") || strings.HasSuffix(before, ".")) {
			found[before] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// part returns what f says of the layers below a prefix.
func (f *File) part(below string) *File {
	inner := *f
	inner.Layers = map[string]string{}
	for group, layer := range f.Layers {
		if name, ok := strings.CutPrefix(group, below); ok {
			inner.Layers[name] = layer
		}
	}
	return &inner
}
