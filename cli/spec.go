package cli

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/tfpair/tfpair/graphs/spec"
	"github.com/tfpair/tfpair/internal/named"
	"github.com/tfpair/tfpair/internal/regular"
	"github.com/tfpair/tfpair/runner/train"
)

// maxSpec is the largest file of settings that is read, in bytes; the longest spec has some thousand.
const maxSpec = 1 << 20

// specOptions say what to train: a preset, a file over it, settings over both.
type specOptions struct {
	preset string   // "": spec.DefaultPreset
	file   string   // YAML; "": none
	set    []string // KEY=VALUE; an action reads them from the command line
	unseen bool     // train.unseen_classes, whatever the spec says

	auto  bool   // the command lets the data choose where nothing is named
	found *layer // what the data chose, or a run stores, in place of the preset; nil: the preset
}

func (o *specOptions) addFlags(c *cli.Command) {
	byDefault, usage := spec.DefaultPreset, "`PRESET` to start from, from tfpair list --kind preset, or auto, which lets the data choose"
	if o.auto {
		byDefault, usage = autoPreset, usage+"; with --spec or --set alone it is "+byDefault
	}
	c.Flags = append(c.Flags,
		&cli.StringFlag{Name: "preset", Destination: &o.preset, DefaultText: byDefault, Usage: usage},
		&cli.StringFlag{Name: "spec", Destination: &o.file,
			Usage: "YAML `FILE` of settings that replace those of the preset"},
		&cli.StringSliceFlag{Name: "set",
			Usage: "one setting `KEY=VALUE`, such as train.steps=500, that replaces preset and file; may be repeated"})
}

// given reports whether a spec is asked for.
func (o specOptions) given() bool { return o.preset != "" || o.file != "" || len(o.set) > 0 }

// asksData reports whether the data chooses.
func (o specOptions) asksData() bool { return o.preset == autoPreset || o.auto && !o.given() }

// layer is a spec up to one of the places that its values come from.
type layer struct {
	from string // "preset siamese", the name of a file, "--set", "default"
	spec *spec.Spec
}

// base returns what the data chose, or the preset, over which all else is.
func (o specOptions) base() ([]layer, error) {
	switch {
	case o.found != nil:
		return []layer{*o.found}, nil
	case o.preset == autoPreset:
		return nil, usagef("--preset auto chooses for data: give --data PATH")
	}
	s, err := spec.Preset(o.presetName())
	return []layer{{"preset " + o.presetName(), s}}, err
}

func (o specOptions) presetName() string { return cmp.Or(o.preset, spec.DefaultPreset) }

// over returns what the file and the settings make of layers, behind these, and the training.
func (o specOptions) over(layers []layer) ([]layer, *train.Resolved, error) {
	preset, s := o.presetName(), layers[len(layers)-1].spec
	var err error
	if o.file != "" {
		text, err := regular.ReadFile(o.file, maxSpec)
		if err != nil {
			return nil, nil, usage(fmt.Errorf("read spec: %w", err))
		}
		if s, err = spec.Parse(text, o.file, s); err != nil {
			return nil, nil, keysOf(preset, err)
		}
		layers = append(layers, layer{o.file, s})
	}
	if s, err = s.Set(o.set...); err != nil {
		return nil, nil, keysOf(preset, err)
	}
	layers = append(layers, layer{"--set", s})
	whole := *s
	whole.Train.Unseen = s.Train.Unseen || o.unseen
	r, err := train.Resolve(&whole)
	if err != nil {
		return nil, nil, usage(placed(err, layers[:len(layers)-1]))
	}
	return append(layers, layer{"default", r.Spec}), r, nil
}

// keysOf returns err, about a key of a spec or its value, with the command that shows all keys and values.
func keysOf(preset string, err error) error {
	if preset == autoPreset {
		preset = spec.DefaultPreset
	}
	return &usageError{err, commandLine{"tfpair", "describe", "--preset", preset}.String()}
}

// placed puts the file in front of an error, and the line where it is known, where a file is to
// blame: the last of the layers then has the same fault without what comes over it.
func placed(err error, layers []layer) error {
	if len(layers) < 2 {
		return err
	}
	file := layers[len(layers)-1]
	_, again := train.Resolve(file.spec)
	if again == nil || again.Error() != err.Error() {
		return err
	}
	if at := (*named.LineError)(nil); errors.As(again, &at) {
		return fmt.Errorf("%s:%d: %w", file.from, at.Line, err)
	}
	return fmt.Errorf("%s: %w", file.from, err)
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
