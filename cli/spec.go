package cli

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/runner/train"
)

// specOptions say what to train: a preset, a file over it, settings over both.
func specFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "preset", Value: spec.DefaultPreset, Usage: "spec to start from: tfpair list"},
		&cli.StringFlag{Name: "spec", Usage: "YAML `FILE` read over the preset"},
		&cli.StringSliceFlag{Name: "set", Usage: "`KEY=VALUE` over both, such as train.steps=500; may be given again"},
	}
}

// readSpec returns the training that the flags describe.
func readSpec(c *cli.Context) (*train.Resolved, error) {
	_, r, err := readLayers(c)
	return r, err
}

// layer is a spec up to one of the places that its values come from.
type layer struct {
	from string // "preset siamese", the name of a file, "--set", "default"
	spec *spec.Spec
}

// readLayers returns what each place that the flags name makes of the one before, and the
// training that the last of them describes, with all defaults filled in.
func readLayers(c *cli.Context) ([]layer, *train.Resolved, error) {
	s, err := spec.Preset(c.String("preset"))
	if err != nil {
		return nil, nil, err
	}
	layers := []layer{{"preset " + c.String("preset"), s}}
	if path := c.String("spec"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, usage(fmt.Errorf("read spec: %w", err))
		}
		if s, err = spec.Parse(text, path, s); err != nil {
			return nil, nil, usage(err)
		}
		layers = append(layers, layer{path, s})
	}
	if s, err = s.Set(c.StringSlice("set")...); err != nil {
		return nil, nil, usage(err)
	}
	layers = append(layers, layer{"--set", s})
	whole := *s
	whole.Train.Unseen = s.Train.Unseen || c.Bool("unseen-classes")
	r, err := train.Resolve(&whole)
	if err != nil {
		return nil, nil, usage(err)
	}
	return append(layers, layer{"default", r.Spec}), r, nil
}

// value is a key of a spec.
type value struct {
	Key   string `json:"key"`
	Value string `json:"value"`          // as YAML
	From  string `json:"from,omitempty"` // the place that it comes from; "" of a stored spec
}

// valuesOf returns the values of the last layer by key, each with the last place that
// changed it.
func valuesOf(layers []layer) ([]value, error) {
	var all []map[string]string
	for _, l := range layers {
		values, err := l.spec.Values()
		if err != nil {
			return nil, err
		}
		all = append(all, values)
	}
	last := all[len(all)-1]
	var list []value
	for _, key := range slices.Sorted(maps.Keys(last)) {
		v := value{Key: key, Value: last[key]}
		if len(layers) > 1 {
			v.From = layers[0].from
		}
		for i := 1; i < len(layers); i++ {
			if chosen(all[i], key) != chosen(all[i-1], key) {
				v.From = layers[i].from
			}
		}
		list = append(list, v)
	}
	return list, nil
}

// chosen returns the value of a key. A name without options, such as head: none, counts
// as its empty options, head.none: {}.
func chosen(values map[string]string, key string) string {
	if v, ok := values[key]; ok {
		return v
	}
	if dot := strings.LastIndex(key, "."); dot >= 0 && values[key[:dot]] == key[dot+1:] {
		return "{}"
	}
	return ""
}
