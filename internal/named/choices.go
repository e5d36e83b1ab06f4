package named

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// presetKey names the preset in a mapping of Choices.
const presetKey = "preset"

// Choices are several things chosen from one table, each at most once, over a preset
// or over nothing. In YAML: `glyph`, a preset; `{flip: {}, rotate: {degrees: 5}}`;
// `[flip, {rotate: {degrees: 5}}]`; or `{preset: glyph, rotate: {degrees: 5}}`, a
// preset and what is changed in it. The zero value chooses nothing.
type Choices struct {
	Preset string   // name of what the others are put over, "" for nothing
	Chosen []Choice // as written, names distinct
}

// Over returns c put over base: base's choices in its order, each with the options
// that c sets replaced, then the choices that base lacks. Neither is changed; the
// result's preset is base's.
func (c Choices) Over(base Choices) Choices {
	over := Choices{Preset: base.Preset, Chosen: slices.Clone(base.Chosen)}
	for _, choice := range c.Chosen {
		i := over.index(choice.Name)
		if i < 0 {
			over.Chosen = append(over.Chosen, choice)
			continue
		}
		over.Chosen[i].options = merged(over.Chosen[i].options, choice.options)
	}
	return over
}

// index returns the place of the choice with this name, -1 if there is none.
func (c Choices) index(name string) int {
	return slices.IndexFunc(c.Chosen, func(x Choice) bool { return x.Name == name })
}

// merged returns the mapping base with the keys of over set. Either may be nil.
func merged(base, over *yaml.Node) *yaml.Node {
	if base == nil || base.Kind != yaml.MappingNode {
		return over
	}
	if over == nil || over.Kind != yaml.MappingNode {
		return base
	}
	m := *base
	m.Content = slices.Clone(base.Content)
	for i := 0; i < len(over.Content); i += 2 {
		key, value := over.Content[i], over.Content[i+1]
		at := 0
		for at < len(m.Content) && m.Content[at].Value != key.Value {
			at += 2
		}
		if at < len(m.Content) {
			m.Content[at+1] = value
		} else {
			m.Content = append(m.Content, key, value)
		}
	}
	return &m
}

// UnmarshalYAML reads the forms that Choices lists.
func (c *Choices) UnmarshalYAML(node *yaml.Node) error {
	*c = Choices{}
	switch {
	case node.Kind == yaml.ScalarNode && node.Tag == "!!str":
		c.Preset = node.Value
		return nil
	case node.Kind == yaml.SequenceNode:
		for _, item := range node.Content {
			if err := c.add(item); err != nil {
				return err
			}
		}
		return nil
	case node.Kind == yaml.MappingNode:
		return c.readMapping(node)
	}
	return fmt.Errorf("line %d: want the name of a preset, or {name: {option: value}, …}, got %s", node.Line, got(node))
}

func (c *Choices) readMapping(node *yaml.Node) error {
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Value == presetKey {
			if value.Kind != yaml.ScalarNode || value.Tag != "!!str" {
				return fmt.Errorf("line %d: %s must be a name", value.Line, presetKey)
			}
			c.Preset = value.Value
			continue
		}
		pair := yaml.Node{Kind: yaml.MappingNode, Line: key.Line, Content: []*yaml.Node{key, value}}
		if err := c.add(&pair); err != nil {
			return err
		}
	}
	return nil
}

// add appends the Choice that node holds.
func (c *Choices) add(node *yaml.Node) error {
	var choice Choice
	if err := choice.UnmarshalYAML(node); err != nil {
		return err
	}
	if c.index(choice.Name) >= 0 {
		return fmt.Errorf("line %d: %q is there twice", node.Line, choice.Name)
	}
	c.Chosen = append(c.Chosen, choice)
	return nil
}

// MarshalYAML writes a mapping in the order of the choices, `{}` where there are none.
func (c Choices) MarshalYAML() (any, error) {
	m := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if c.Preset != "" {
		m.Content = append(m.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: presetKey},
			&yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: c.Preset})
	}
	for _, choice := range c.Chosen {
		node, err := choice.MarshalYAML()
		if err != nil {
			return nil, err
		}
		m.Content = append(m.Content, node.(*yaml.Node).Content...)
	}
	return m, nil
}
