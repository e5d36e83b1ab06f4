package tune

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/internal/named"
)

// Space is the settings to choose from: for some keys of a spec, as --set writes them,
// the values they may have.
type Space struct {
	name       string      // of its file, for messages
	dimensions []dimension // sorted by key, so that loss comes before loss.NAME.margin
}

// dimension is the values of one key: those listed, or a range.
type dimension struct {
	key    string
	values []string // YAML on one line; nil for a range
	span   span
}

// span is a range of numbers, `{min: 0.0001, max: 0.1, log: true}`.
type span struct {
	Min    float64 `yaml:"min"`
	Max    float64 `yaml:"max"`    // > min; a value, too
	Log    bool    `yaml:"log"`    // draw the logarithm evenly; min > 0
	Points int     `yaml:"points"` // values of a grid, ends included; >= 2, or 0 where there is none

	whole bool // both ends are whole numbers, and so are the values
}

// judges are the keys that say what trials are judged on, or how long they last.
var judges = []string{"train.seed", "train.val", "train.test", "train.folds", "train.fold", "train.unseen_classes",
	"train.select", "train.threshold", "train.steps"}

// ParseSpace reads a space file: a mapping of keys to a list of values or to a range.
// name is the file's, for messages.
func ParseSpace(text []byte, name string) (*Space, error) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	switch err := d.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%s: empty space, want KEY: [VALUE, …] or KEY: {min: …, max: …}", name)
	case err != nil:
		return nil, fmt.Errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := d.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: want one YAML document, got more", name)
	}
	top := document.Content[0]
	if top.Kind != yaml.MappingNode || len(top.Content) == 0 {
		return nil, fmt.Errorf("%s: empty space, want KEY: [VALUE, …] or KEY: {min: …, max: …}", name)
	}
	s := Space{name: name}
	for i := 0; i < len(top.Content); i += 2 {
		key := top.Content[i]
		dim, err := newDimension(key.Value, top.Content[i+1])
		if err == nil && s.has(key.Value) {
			err = errors.New("is there twice")
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %s: %w", name, key.Line, key.Value, err)
		}
		s.dimensions = append(s.dimensions, dim)
	}
	slices.SortFunc(s.dimensions, func(a, b dimension) int { return strings.Compare(a.key, b.key) })
	return &s, nil
}

func (s *Space) has(key string) bool {
	return slices.ContainsFunc(s.dimensions, func(d dimension) bool { return d.key == key })
}

func newDimension(key string, node *yaml.Node) (dimension, error) {
	d := dimension{key: key}
	if slices.ContainsFunc(judges, func(j string) bool { return key == j || strings.HasPrefix(key, j+".") }) {
		return d, errors.New("cannot be tuned: it says what trials are judged on, " +
			"or how long they last")
	}
	switch node.Kind {
	case yaml.SequenceNode:
		if wrong := named.Finite(node); wrong != nil {
			return d, wrong[0]
		}
		for _, value := range node.Content {
			text, err := flow(value)
			if err != nil {
				return d, err
			}
			d.values = append(d.values, text)
		}
		if len(d.values) == 0 {
			return d, errors.New("empty list, want at least one value")
		}
		return d, nil
	case yaml.MappingNode:
		return d, d.span.read(node)
	}
	return d, errors.New("want a list of values, or a range {min: …, max: …}")
}

// flow writes a value on one line.
func flow(node *yaml.Node) (string, error) {
	style(node)
	text, err := yaml.Marshal(node)
	return strings.TrimSpace(string(text)), err
}

func style(node *yaml.Node) {
	node.Style |= yaml.FlowStyle
	for _, child := range node.Content {
		style(child)
	}
}

func (r *span) read(node *yaml.Node) error {
	if err := named.Strict(node, r); err != nil {
		return err
	}
	r.whole = true
	ends := 0
	for i := 0; i < len(node.Content); i += 2 {
		if key := node.Content[i].Value; key == "min" || key == "max" {
			ends++
			r.whole = r.whole && node.Content[i+1].Tag == "!!int"
		}
	}
	switch {
	case ends < 2:
		return errors.New("a range needs min and max")
	case !(r.Min < r.Max) || math.IsInf(r.Max-r.Min, 0):
		return fmt.Errorf("min must be below max, got %g and %g", r.Min, r.Max)
	case r.Log && r.Min <= 0:
		return fmt.Errorf("a logarithmic range needs min above 0, got %g", r.Min)
	case r.Points != 0 && r.Points < 2:
		return fmt.Errorf("points must be at least 2, got %d", r.Points)
	}
	return nil
}

// at returns the value at share, in [0,1], of the way from min to max.
func (r span) at(share float64) string {
	v := r.Min + share*(r.Max-r.Min)
	if r.Log {
		v = math.Exp(math.Log(r.Min) + share*(math.Log(r.Max)-math.Log(r.Min)))
	}
	if r.whole {
		return strconv.FormatInt(int64(math.Round(v)), 10)
	}
	// Four digits: finer than a training resolves, and a person can copy them.
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// draw returns a value, all equally likely.
func (d dimension) draw(r *rand.Rand) string {
	if d.values != nil {
		return d.values[r.IntN(len(d.values))]
	}
	if d.span.whole && !d.span.Log { // rounding would halve the chance of the ends
		low, high := int64(d.span.Min), int64(d.span.Max)
		return strconv.FormatInt(low+r.Int64N(high-low+1), 10)
	}
	return d.span.at(r.Float64())
}

// grid returns the values of a grid.
func (d dimension) grid() ([]string, error) {
	if d.values != nil {
		return d.values, nil
	}
	if d.span.Points == 0 {
		return nil, fmt.Errorf("%s: a grid needs a list, or a range with points: N", d.key)
	}
	var values []string
	for i := range d.span.Points {
		values = append(values, d.span.at(float64(i)/float64(d.span.Points-1)))
	}
	return slices.Compact(values), nil // whole numbers may round to the same
}

// examples returns values that show whether the key takes what the dimension has.
func (d dimension) examples() []string {
	if d.values != nil {
		return d.values
	}
	return []string{d.span.at(0), d.span.at(1)}
}

// settings returns the assignments KEY=VALUE of one value for each dimension. An option
// of a name, such as loss.contrastive.margin, is left out where the space has chosen
// another name for loss.
func (s *Space) settings(values []string) []string {
	chosen := map[string]string{}
	var list []string
	for i, d := range s.dimensions {
		section, rest, _ := strings.Cut(d.key, ".")
		name, _, _ := strings.Cut(rest, ".")
		if other, ok := chosen[section]; ok && other != name {
			continue
		}
		if rest == "" {
			chosen[section] = nameOf(values[i])
		}
		list = append(list, d.key+"="+values[i])
	}
	return list
}

// nameOf returns the name that a value such as triplet or {triplet: {margin: 1}} chooses.
func nameOf(value string) string {
	var c named.Choice
	if err := yaml.Unmarshal([]byte(value), &c); err != nil {
		return value
	}
	return c.Name
}

// String returns the space on one line, equal for equal spaces.
func (s *Space) String() string {
	var parts []string
	for _, d := range s.dimensions {
		values := "[" + strings.Join(d.values, ", ") + "]"
		if d.values == nil {
			values = fmt.Sprintf("%g to %g, log %t, points %d, whole %t", d.span.Min, d.span.Max,
				d.span.Log, d.span.Points, d.span.whole)
		}
		parts = append(parts, d.key+": "+values)
	}
	return strings.Join(parts, "; ")
}

// keys returns the keys, sorted.
func (s *Space) keys() []string {
	var keys []string
	for _, d := range s.dimensions {
		keys = append(keys, d.key)
	}
	return keys
}
