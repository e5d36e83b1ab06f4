package weights

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tfpair/tfpair/internal/named"
)

// optionKeys are the options of backbones that weights are made for.
var optionKeys = []string{"bn_epsilon", "preprocess", "stride_on"}

// Setting is an option of a backbone that weights need another value of.
type Setting struct {
	Key  string // "backbone.resnet50.stride_on"
	Got  string // in the spec
	Want string
}

// OptionsError says that weights were made for other options of the backbone than those of the
// spec. Their shapes fit all the same, and their features would be wrong.
type OptionsError struct {
	Path, Layout string
	Settings     []Setting
}

func (e *OptionsError) Error() string {
	var differ, set []string
	for _, s := range e.Settings {
		differ = append(differ, fmt.Sprintf("%s is %s, want %s", s.Key, s.Got, s.Want))
		set = append(set, fmt.Sprintf("--set %s=%s", s.Key, s.Want))
	}
	return fmt.Sprintf("weights %q (layout %s) were made for another spec: %s; give %s", e.Path, e.Layout,
		strings.Join(differ, "; "), strings.Join(set, " "))
}

// Differences returns the options of the backbone, all filled in, that the weights of this layout
// need another value of.
func (l Layout) Differences(backbone named.Choice) ([]Setting, error) {
	node, err := backbone.Options()
	if err != nil {
		return nil, err
	}
	got := map[string]string{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		got[node.Content[i].Value] = node.Content[i+1].Value
	}
	var list []Setting
	for _, key := range slices.Sorted(maps.Keys(l.Options)) {
		if have, ok := got[key]; ok && !equalValues(have, l.Options[key]) {
			list = append(list, Setting{"backbone." + backbone.Name + "." + key, have, l.Options[key]})
		}
	}
	return list, nil
}

// Check returns an *OptionsError where Differences are any.
func (f *File) Check(backbone named.Choice) error {
	l, err := f.Layout()
	if err != nil {
		return err
	}
	different, err := l.Differences(backbone)
	if err != nil || len(different) == 0 {
		return err
	}
	return &OptionsError{f.Path, l.Name, different}
}

// equalValues compares what may be two ways to write one number.
func equalValues(a, b string) bool {
	x, errX := strconv.ParseFloat(a, 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX != nil || errY != nil {
		return a == b
	}
	return math.Abs(x-y) <= 1e-5*math.Max(math.Abs(x), math.Abs(y)) // float32 written and read
}
