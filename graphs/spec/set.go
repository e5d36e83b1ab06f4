package spec

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tfpair/tfpair/internal/named"
)

// Set returns s with assignments made in order, each "key=value" with the value in
// YAML: "train.steps=500", "loss=contrastive", "loss.contrastive.margin=2",
// "backbone={smallconv: {dense: 64}}". Choosing another name drops the options of
// the one before; naming an option chooses its row. s itself is not changed.
func (s *Spec) Set(assignments ...string) (*Spec, error) {
	for _, a := range assignments {
		key, text, ok := strings.Cut(a, "=")
		if !ok {
			return nil, fmt.Errorf("set %q: want key=value", a)
		}
		var value yaml.Node
		if err := yaml.Unmarshal([]byte(text), &value); err != nil || len(value.Content) != 1 {
			return nil, fmt.Errorf("set %q: %q is not a YAML value", a, text)
		}
		next, err := s.set(strings.Split(key, "."), value.Content[0])
		if err != nil {
			return nil, fmt.Errorf("set %q: %w", a, err)
		}
		s = next
	}
	return s, nil
}

// place is the file and line in front of a message of Parse, which for an
// assignment are those of a little document that the user never saw.
var place = regexp.MustCompile(`^:(\d+:)? `)

// set assigns one value by decoding the smallest document that holds it over s.
func (s *Spec) set(path []string, value *yaml.Node) (*Spec, error) {
	if section := s.sections()[path[0]]; section != nil && len(path) > 1 {
		return s.setOption(path, value)
	}
	if path[0] == "augment" && len(path) > 1 {
		return s.setStep(path, value)
	}
	for i := len(path) - 1; i >= 0; i-- {
		value = mapping(path[i], value)
	}
	text, err := yaml.Marshal(value)
	if err != nil {
		return nil, err
	}
	next, err := Parse(text, "", s)
	if err != nil {
		return nil, errors.New(place.ReplaceAllString(err.Error(), ""))
	}
	return next, nil
}

// setOption assigns section.name.option….
func (s *Spec) setOption(path []string, value *yaml.Node) (*Spec, error) {
	next := *s
	section := next.sections()[path[0]]
	if len(path) == 2 && value.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("want %s.%s.%s=VALUE: an option stands behind the name it belongs to",
			path[0], section.Name, path[1])
	}
	options := yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if section.Name == path[1] {
		kept, err := section.Options()
		if err != nil {
			return nil, err
		}
		options = *kept
	}
	if len(path) == 2 {
		options = *value
	} else if err := assign(&options, path[2:], value); err != nil {
		return nil, err
	}
	choice, err := named.Choose(path[1], &options)
	if err != nil {
		return nil, err
	}
	*section = choice
	return &next, nil
}

// setStep assigns augment.step.option…, or augment.preset.
func (s *Spec) setStep(path []string, value *yaml.Node) (*Spec, error) {
	isPreset := path[1] == "preset" && value.Kind == yaml.ScalarNode
	if len(path) == 2 && value.Kind != yaml.MappingNode && !isPreset {
		return nil, fmt.Errorf("want %s.OPTION=VALUE, or %s={} for its defaults",
			strings.Join(path, "."), strings.Join(path, "."))
	}
	var steps yaml.Node
	if err := steps.Encode(s.Augment); err != nil {
		return nil, err
	}
	if err := assign(&steps, path[1:], value); err != nil {
		return nil, err
	}
	next := *s
	if err := next.Augment.UnmarshalYAML(&steps); err != nil {
		return nil, err
	}
	return &next, nil
}

// assign puts value at path below a mapping, making mappings where there are none.
func assign(node *yaml.Node, path []string, value *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("%q is below a value that has no keys", strings.Join(path, "."))
	}
	for i := 0; i < len(node.Content); i += 2 {
		if node.Content[i].Value != path[0] {
			continue
		}
		if len(path) == 1 {
			node.Content[i+1] = value
			return nil
		}
		return assign(node.Content[i+1], path[1:], value)
	}
	for i := len(path) - 1; i > 0; i-- {
		value = mapping(path[i], value)
	}
	node.Content = append(node.Content, mapping(path[0], value).Content...)
	return nil
}

func mapping(key string, value *yaml.Node) *yaml.Node {
	k := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{k, value}}
}

func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
